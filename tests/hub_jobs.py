"""Jobs and buckets of the Hub on this machine, see hub_server.py.

A job really runs its command, in a process of its own with the environment that it was given; a
bucket is a folder, which the real client reads and writes by its own protocol (hf_xet), with a
store on this disk.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub_requests import Answers

HARDWARE = [
    {"name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB"},
    {"name": "cpu-upgrade", "prettyName": "CPU Upgrade", "cpu": "8 vCPU", "ram": "32 GB"},
]
PRICES = {"cpu-basic": 167, "cpu-upgrade": 500}
"""Millionths of a dollar a minute."""

START = "===== Job started at {} ====="


@dataclass
class Started:
    """A job: what was asked for, its log and its process."""

    spec: dict[str, Any]
    owner: str
    log: Path
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:24])
    stage: str = "RUNNING"
    message: str | None = None
    pid: int = 0
    ending: tuple[str, str | None] | None = None
    """How it is over once its process is."""

    def facts(self) -> dict[str, Any]:
        return {
            **{"id": self.id, "createdAt": _now(), "flavor": self.spec["flavor"]},
            "spaceId": self.spec.get("spaceId"),
            "owner": {"id": "0", "name": self.owner, "type": "user"},
            "status": {"stage": self.stage, "message": self.message},
        }

    @property
    def is_over(self) -> bool:
        return self.stage != "RUNNING"

    def lines(self) -> list[str]:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]


class Jobs:
    """What the server has of them; a test changes it while it runs."""

    def __init__(self) -> None:
        self.started: list[Started] = []
        self.has_credit = True
        self.loses: Callable[[int], bool] = lambda _number: False
        """Lines of the log that nobody is ever told."""
        self.cuts: list[int] = []
        """Numbers of lines before which the connection is cut, each once."""
        self.private: dict[str, bool] = {}
        """Of each bucket, by its id."""
        self._known: dict[tuple[str, int, int], str] = {}

    @cached_property
    def folder(self) -> Path:
        self._scratch = tempfile.TemporaryDirectory(prefix="peft_demo-jobs-")
        return Path(self._scratch.name)

    @cached_property
    def _fork_server(self) -> subprocess.Popen[str]:
        """Has loaded what each job would: a process that begins with that is there at once."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        command = [sys.executable, __file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = subprocess.Popen(command, env=environment, **pipes)
        threading.Thread(target=self._hear, args=(started,), daemon=True).start()
        return started

    def close(self) -> None:
        for job in self.started:
            self.end(job, "CANCELED")
        if "_fork_server" in self.__dict__:
            self._fork_server.stdin.close()
            self._fork_server.wait()
        if "folder" in self.__dict__:
            self._scratch.cleanup()

    def bucket(self, name: str) -> Path:
        return self.folder / "buckets" / name

    def begin(self, owner: str, spec: dict[str, Any]) -> Started:
        made = Started(spec, owner, self.folder / f"{uuid.uuid4().hex}.log")
        made.log.write_text(START.format(datetime.now(UTC)) + "\n")
        self.started.append(made)
        mounts = {
            volume["mountPath"]: str(self.bucket(volume["source"]) / volume.get("path", ""))
            for volume in spec.get("volumes", ())
        }
        command = [mounts.get(part, part) for part in spec["command"]]
        assert command[:2] == [sys.executable, "-m"], command
        told = {
            "id": made.id,
            "arguments": command[2:],
            "environment": {**spec["environment"], **spec.get("secrets", {})},
            "log": str(made.log),
        }
        self._fork_server.stdin.write(json.dumps(told) + "\n")
        self._fork_server.stdin.flush()
        limit = threading.Timer(spec["timeoutSeconds"], self.end, (made, "ERROR", "Job timeout"))
        limit.daemon = True
        limit.start()
        return made

    def end(self, job: Started, stage: str, message: str | None = None) -> None:
        if job.is_over or job.ending:
            return
        job.ending = stage, message
        deadline = time.monotonic() + 60
        while not job.pid and time.monotonic() < deadline:
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGKILL)
        while not job.is_over and time.monotonic() < deadline:
            time.sleep(0.01)

    def find(self, job_id: str) -> Started | None:
        return next((job for job in self.started if job.id == job_id), None)

    def _hear(self, fork_server: subprocess.Popen[str]) -> None:
        by_pid = {}
        for line in fork_server.stdout:
            told = json.loads(line)
            if "id" in told:
                by_pid[told["pid"]] = job = self.find(told["id"])
                job.pid = told["pid"]
                continue
            job = by_pid.pop(told["pid"])
            failed = ("ERROR", f"Job failed with exit code: {told['code']}")
            end = job.ending or (failed if told["code"] else ("COMPLETED", None))
            job.message, job.stage = end[1], end[0]

    # Files, by the client's own protocol.

    @property
    def cas(self) -> str:
        return f"local://{self.folder / 'xet'}"

    def fetch(self, xet_hash: str, place: Path, token_url: str) -> None:
        """Put what a client has uploaded into a bucket's folder."""
        from hf_xet import XetFileInfo
        from huggingface_hub.utils._xet import get_xet_session

        place.parent.mkdir(parents=True, exist_ok=True)
        part = self.folder / uuid.uuid4().hex
        with get_xet_session().new_file_download_group(
            token_refresh_url=token_url, token_refresh_headers={}, custom_headers={}
        ) as group:
            group.start_download_file(XetFileInfo(xet_hash, None), str(part))
        os.replace(part, place)

    def hash_of(self, path: Path, token_url: str) -> str:
        """Of a file in a bucket's folder, which can be downloaded then."""
        from hf_xet import SKIP_SHA256
        from huggingface_hub.utils._xet import get_xet_session

        content = path.read_bytes()
        key = (str(path), path.stat().st_mtime_ns, len(content))
        if key not in self._known:
            with get_xet_session().new_upload_commit(
                token_refresh_url=token_url, token_refresh_headers={}, custom_headers={}
            ) as commit:
                handle = commit.start_upload_bytes(content, sha256=SKIP_SHA256)
            self._known[key] = handle.result().xet_info.hash
        return self._known[key]


def _now() -> str:
    """As the Hub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def answer(request: Answers, path: str, body: bytes) -> None:
    """Answer what is asked of jobs and buckets."""
    parts = path.strip("/").split("/")
    if parts[:3] == ["api", "jobs", "hardware"]:
        return request._json(
            [
                {
                    **one,
                    "ephemeralStorage": "50 GB",
                    "unitCostMicroUSD": PRICES[one["name"]],
                    "unitCostUSD": PRICES[one["name"]] / 1e6,
                    "unitLabel": "minute",
                }
                for one in HARDWARE
            ]
        )
    is_xet = parts[-1] in ("xet-read-token", "xet-write-token")
    owner = parts[1] if parts[0] == "buckets" else parts[2]
    if not is_xet and request._user is None:
        return request._json({"error": "Invalid username or password."}, 401)
    if not is_xet and request._user != owner:
        return request._json({"error": "Forbidden"}, 403)
    if parts[1] == "jobs":
        return _jobs(request, parts[2], parts[3:], body)
    name = "/".join(parts[1:3] if parts[0] == "buckets" else parts[2:4])
    rest = parts[4:] if parts[0] == "api" else parts[3:]
    return _bucket(request, name, rest, body)


def _jobs(request: Answers, owner: str, rest: list[str], body: bytes) -> None:
    jobs = request.hub.jobs
    if not rest:
        if not jobs.has_credit:
            return request._json({"error": "Payment required"}, 402)
        return request._json(jobs.begin(owner, json.loads(body)).facts())
    job = jobs.find(rest[0])
    if job is None:
        return request._json({"error": "Not Found"}, 404)
    if rest[1:] == ["cancel"]:
        jobs.end(job, "CANCELED")
    if rest[1:] == ["logs"]:
        return _log(request, job)
    return request._json(job.facts())


def _log(request: Answers, job: Started) -> None:
    jobs = request.hub.jobs
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.send_header("Connection", "close")
    request.end_headers()
    request.close_connection = True
    told = 0
    while True:
        was_over = job.is_over
        for number, line in enumerate(job.lines()[told:], told):
            if number in jobs.cuts:
                jobs.cuts.remove(number)
                return
            told = number + 1
            if not jobs.loses(number):
                event = {"data": line, "timestamp": _now()}
                request.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                request.wfile.flush()
        if was_over:
            return
        time.sleep(0.01)


def _bucket(request: Answers, name: str, rest: list[str], body: bytes) -> None:
    jobs = request.hub.jobs
    folder, address = jobs.bucket(name), request._address
    token_url = f"{address}/api/buckets/{name}/xet-read-token"
    if not rest and request.command == "POST":
        is_new = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        jobs.private.setdefault(name, json.loads(body).get("visibility") == "private")
        told = {"url": f"{address}/buckets/{name}"}
        return request._json(told, 200 if is_new else 409)
    if not folder.is_dir():
        return request._refuse(404, "RepoNotFound", "Repository not found")
    if not rest:
        told = {"id": name, "private": jobs.private[name], "createdAt": "2026-01-01T00:00:00.000Z"}
        return request._json({**told, "size": 0, "totalFiles": 0})
    verb, below = rest[0], "/".join(rest[1:])
    if verb in ("xet-read-token", "xet-write-token"):
        until = int(time.time()) + 3600
        headers = {
            **{"X-Xet-Cas-Url": jobs.cas, "X-Xet-Access-Token": "x"},
            "X-Xet-Token-Expiration": str(until),
        }
        return request._json({"casUrl": jobs.cas, "accessToken": "x", "exp": until}, **headers)
    if verb == "batch":
        for line in map(json.loads, body.splitlines()):
            if line["type"] == "addFile":
                jobs.fetch(line["xetHash"], folder / line["path"], token_url)
            elif line["type"] == "deleteFile":
                (folder / line["path"]).unlink(missing_ok=True)
        return request._json({})
    if verb == "paths-info":
        wanted = [folder / one for one in json.loads(body)["paths"]]
        found = [_entry(jobs, folder, path, token_url) for path in wanted if path.is_file()]
        return request._json(found)
    if verb == "tree":
        inside = sorted(path for path in (folder / below).rglob("*") if path.is_file())
        return request._json([_entry(jobs, folder, path, token_url) for path in inside])
    if verb == "resolve" and (folder / below).is_file():
        request.send_response(200)
        request.send_header("X-Xet-Hash", jobs.hash_of(folder / below, token_url))
        request.send_header("X-Xet-Refresh-Route", token_url)
        request.send_header("X-Linked-Size", str((folder / below).stat().st_size))
        request.send_header("Content-Length", "0")
        return request.end_headers()
    return request._refuse(404, "EntryNotFound", "Entry not found")


def _entry(jobs: Jobs, folder: Path, path: Path, token_url: str) -> dict[str, Any]:
    told = {"type": "file", "path": path.relative_to(folder).as_posix()}
    return {**told, "size": path.stat().st_size, "xetHash": jobs.hash_of(path, token_url)}


def _serve_forks() -> None:
    """Start a process for each line of the standard input, and say how each ends."""
    from statsmodels.stats import proportion  # noqa: F401  # each job would load it

    from peft_demo.execution.cluster_worker import warm_up

    warm_up()
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.02)
        if ready:
            read = os.read(0, 1 << 20)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                _fork(json.loads(line))
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            continue
        if pid:
            told = {"pid": pid, "code": os.waitstatus_to_exitcode(status)}
            os.write(1, f"{json.dumps(told)}\n".encode())


def _fork(job: Mapping[str, Any]) -> None:
    pid = os.fork()
    if pid:
        told = {"id": job["id"], "pid": pid}
        os.write(1, f"{json.dumps(told)}\n".encode())
        return
    import runpy

    os.setsid()
    log = os.open(job["log"], os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "HF_HOME") if name in os.environ}
    os.environ.clear()
    os.environ.update({**kept, **job["environment"]})
    module, *arguments = job["arguments"]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    _serve_forks()
