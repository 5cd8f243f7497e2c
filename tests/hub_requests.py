"""What the Hub on this machine answers: see hub_server.py, which starts it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import hub_jobs
import yaml

if TYPE_CHECKING:
    from hub_server import Hub

_API = re.compile(
    r"/api/(models|datasets)/([\w.-]+/[\w.-]+)(?:/(\w[\w-]*))?(?:/([^/?]+))?(?:/(.*))?"
)
_FILE = re.compile(r"/(?:(datasets)/)?([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)")
_LFS = re.compile(r"/(?:(datasets)/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch")

LARGE = (".safetensors", ".parquet", ".npz", ".bin")
"""What is uploaded by git-lfs."""


@dataclass
class Repository:
    """Each commit as all files that it has; the newest is `main`."""

    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    is_gated: bool = False
    is_private: bool = False

    def commit(self, files: Mapping[str, bytes]) -> str:
        """Add or replace files; returns the new commit."""
        whole = {**(self.commits[-1][1] if self.commits else {}), **files}
        told = json.dumps([(name, _sha(data)) for name, data in sorted(whole.items())])
        sha = hashlib.sha1(f"{len(self.commits)}{told}".encode()).hexdigest()
        self.commits.append((sha, whole))
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.commits[-1]
        return next((each for each in self.commits if each[0] == revision), None)


class Answers(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path))
        self.hub.headers.append({name.title(): value for name, value in self.headers.items()})
        time.sleep(self.hub.seconds_silent)
        body = self._body()
        if path.startswith(("/api/jobs/", "/api/buckets/", "/buckets/")):
            return hub_jobs.answer(self, path, body)
        if match := _FILE.fullmatch(path):
            return self._file(match[1] or "models", *match.groups()[1:])
        if match := _LFS.fullmatch(path):
            return self._batch(json.loads(body))
        if path == "/api/whoami-v2":
            return self._whoami()
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return self._validate(json.loads(body)["content"])
        if path.startswith("/lfs/"):
            self.hub.uploads[path.rpartition("/")[2]] = body
            return self._json({})
        if match := _API.fullmatch(path):
            return self._api(*match.groups(), body)
        return self._json({"error": "Not Found"}, 404)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    @property
    def _address(self) -> str:
        return f"http://{self.headers['Host']}"

    @property
    def _user(self) -> str | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.hub.tokens.get(token)

    def _json(self, told: Any, status: int = 200, **headers: str) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str, words: str) -> None:
        self._json({"error": words}, status, X_Error_Code=code, X_Error_Message=words)

    def _found(
        self, kind: str, name: str, revision: str, *, of_file: bool = False
    ) -> tuple[str, dict[str, bytes]] | None:
        """A commit's files, or None once the request was refused."""
        repository = self.hub.repositories.get((kind, name))
        if repository is None or (repository.is_private and not self._user):
            self._refuse(404 if self._user else 401, "RepoNotFound", "Repository not found")
            return None
        if of_file and repository.is_gated and not self._user:
            words = "Access to model is restricted. You must have access and be authenticated."
            self._refuse(401, "GatedRepo", words)
            return None
        found = repository.at(revision)
        if found is None:
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
        return found

    def _file(self, kind: str, name: str, revision: str, path: str) -> None:
        found = self._found(kind, name, revision, of_file=True)
        if found is None:
            return
        sha, files = found
        if path not in files:
            return self._json({}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=sha)
        data = files[path]
        start, end = 0, len(data)
        match = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if match:
            start, end = int(match[1]), min(int(match[2] or end) + 1, end)
        self.send_response(206 if match else 200)
        self.send_header("ETag", f'"{_sha(data) if path.endswith(LARGE) else _git_oid(data)}"')
        self.send_header("X-Repo-Commit", sha)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        if match:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.end_headers()
        if self.command == "GET":
            self._send(data[start:end])

    def _send(self, data: bytes) -> None:
        limit, chunk = self.hub.breaks_after, 65536
        if limit is not None and len(data) > limit:
            self.hub.breaks_after = None
            self.wfile.write(data[:limit])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.hub.seconds_a_chunk:
            chunk = 1024
        for at in range(0, len(data), chunk):
            time.sleep(self.hub.seconds_a_chunk)
            self.wfile.write(data[at : at + chunk])

    def _whoami(self) -> None:
        if self._user is None:
            return self._json({"error": "Invalid credentials in Authorization header"}, 401)
        role = "write" if self._user == "writer" else "read"
        self._json(
            {
                "type": "user",
                "name": self._user,
                "fullname": self._user,
                "orgs": [],
                "auth": {"accessToken": {"displayName": "test", "role": role}},
            }
        )

    def _validate(self, card: str) -> None:
        """Refuse a card whose front matter is no YAML, or names no known base or task."""
        try:
            told = yaml.safe_load(card.split("---")[1]) if card.startswith("---") else {}
            tags = told.get("tags", [])
            is_good = isinstance(told, dict) and all(isinstance(tag, str) for tag in tags)
        except yaml.YAMLError:
            is_good = False
        errors = [] if is_good else [{"message": "the metadata is no YAML of a card"}]
        self._json({"errors": errors, "warnings": []}, 200 if is_good else 400)

    def _create(self, asked: dict[str, Any]) -> None:
        owner = asked.get("organization") or self._user
        name = f"{owner}/{asked['name']}"
        if self._user is None:
            return self._json({"error": "Invalid username or password."}, 401)
        if self._user != "writer" or owner != "writer":
            words = f"You don't have the rights to create a model under the namespace {owner}"
            return self._json({"error": words}, 403, X_Error_Message=words)
        if ("models", name) in self.hub.repositories:
            known = {"error": "You already created this model repo"}
            return self._json({**known, "url": f"{self._address}/{name}"}, 409)
        made = Repository(is_private=asked.get("visibility") == "private")
        made.commit({".gitattributes": b""})
        self.hub.repositories["models", name] = made
        self._json({"url": f"{self._address}/{name}", "name": name, "id": name})

    def _api(
        self, kind: str, name: str, verb: str | None, rev: str | None, rest: str | None, body: bytes
    ) -> None:
        found = self._found(kind, name, rev or "main", of_file=verb == "auth-check")
        if found is None:
            return
        sha, files = found
        if verb == "auth-check":
            return self._json({})
        if verb == "preupload":
            wanted = [each["path"] for each in json.loads(body)["files"]]
            answer = [
                {
                    "path": path,
                    "uploadMode": "lfs" if path.endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for path in wanted
            ]
            return self._json({"files": answer, "commitOid": sha})
        if verb == "commit":
            return self._commit(kind, name, body)
        if verb == "tree":
            is_recursive = "recursive=true" in self.path.lower()
            return self._json(_tree(files, rest or "", is_recursive=is_recursive))
        if verb == "paths-info":
            asked = json.loads(body)["paths"]
            return self._json([_entry(path, files[path]) for path in asked if path in files])
        repository = self.hub.repositories[kind, name]
        self._json(
            {
                "_id": "0",
                "id": name,
                "modelId": name,
                "sha": sha,
                "private": repository.is_private,
                "gated": "auto" if repository.is_gated else False,
                "disabled": False,
                "downloads": 0,
                "likes": 0,
                "tags": [],
                "cardData": _card(files),
                "siblings": [
                    {"rfilename": path, "size": len(data), "blobId": _git_oid(data)}
                    for path, data in files.items()
                ],
            }
        )

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            {
                **each,
                "actions": {"upload": {"href": f"{self._address}/lfs/{each['oid']}", "header": {}}},
            }
            for each in asked["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, kind: str, name: str, body: bytes) -> None:
        if self._user != "writer":
            return self._json({"error": "Forbidden"}, 403)
        added = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                added[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                added[value["path"]] = self.hub.uploads[value["oid"]]
        sha = self.hub.repositories[kind, name].commit(added)
        url = f"{self._address}/{name}/commit/{sha}"
        self._json({"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})


def _card(files: dict[str, bytes]) -> dict[str, Any]:
    """The front matter of its README.md."""
    text = files.get("README.md", b"").decode()
    return yaml.safe_load(text.split("---")[1]) if text.startswith("---") else {}


def _tree(files: dict[str, bytes], inside: str, *, is_recursive: bool) -> list[dict[str, Any]]:
    """The files and folders in a folder, or in those in it too."""
    start = f"{inside.rstrip('/')}/" if inside else ""
    found = [path for path in files if path.startswith(start)]
    folders = {
        str(parent)
        for path in found
        for parent in PurePosixPath(path).parents
        if str(parent).startswith(start) and str(parent) != "."
    }
    told = [
        *({"type": "directory", "path": path, "size": 0, "oid": _sha(b"")} for path in folders),
        *(_entry(path, files[path]) for path in found),
    ]
    return [each for each in told if is_recursive or "/" not in each["path"][len(start) :]]


def _entry(path: str, data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": _git_oid(data)}
    if path.endswith(LARGE):
        told["lfs"] = {"oid": _sha(data), "size": len(data), "pointerSize": 130}
    return told


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
