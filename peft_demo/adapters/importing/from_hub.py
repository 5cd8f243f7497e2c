"""The files of a repository on the Hugging Face Hub, each downloaded when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Literal
from urllib.parse import unquote, urlsplit

from peft_demo import hub
from peft_demo.adapters.importing.archive import MOST_ENTRIES, Entry
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.fields import shown

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"

_ID = re.compile(rf"({_PART})/({_PART})(?:@([\w.\-/]{{1,200}}))?")

_LINK = re.compile(rf"/({_PART})/({_PART})(?:/(?:tree|blob|commit|resolve)/([\w.-]+)(?:/.*)?)?/?")

_KINDS = ("datasets", "spaces", "papers", "collections", "docs", "blog")


@dataclass(frozen=True)
class Repository:
    """A model repository, at a revision."""

    name: str
    """Owner and name."""
    revision: str = "main"
    """A branch, tag or commit."""
    token: Literal[False] | None = False
    """Whose rights count: nobody's, or with None those of who is signed in on this machine."""

    def at_commit(self) -> Repository:
        """The same at the commit that it has now.

        Raises:
            InvalidFieldsError: the Hub has no such repository or revision, lets nobody read it, or
                cannot be reached.
        """
        from huggingface_hub import HfApi

        if not hub.is_reachable():
            raise refusal(f"{self.name} cannot be read: the Hugging Face Hub cannot be reached.")
        try:
            told = HfApi(token=self.token).model_info(
                self.name, revision=self.revision, timeout=hub.PROBE_SECONDS
            )
        except Exception as error:  # the client has a dozen kinds, from DNS to JSON
            raise refusal(hub.sentence(error, self.name)) from error
        return Repository(self.name, str(told.sha), self.token)

    @contextmanager
    def entries(self, scratch: Path) -> Iterator[list[Entry]]:
        """Its files, of which only those that are opened are downloaded, below ``scratch``.

        Raises:
            InvalidFieldsError: it has too many files, or cannot be read.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.hf_api import RepoFile

        tree = HfApi(token=self.token).list_repo_tree(
            self.name, recursive=True, revision=self.revision
        )
        try:
            listed = [*islice(tree, MOST_ENTRIES + 1)]
        except Exception as error:
            raise refusal(hub.sentence(error, self.name)) from error
        if len(listed) > MOST_ENTRIES:
            raise refusal(f"must hold at most {MOST_ENTRIES:,} files and folders, got more.")
        yield [
            Entry(PurePosixPath(file.path), file.size, partial(self._open, file.path, scratch))
            for file in listed
            if isinstance(file, RepoFile) and not _leads_out(file.path)
        ]

    def _open(self, path: str, scratch: Path) -> IO[bytes]:
        from huggingface_hub import hf_hub_download

        try:
            # Not into the cache, which nobody would ever empty of what strangers name.
            found = hf_hub_download(
                self.name, path, revision=self.revision, token=self.token, local_dir=scratch / "hub"
            )
        except Exception as error:
            raise refusal(hub.sentence(error, f"{shown(path)} of {self.name}")) from error
        return Path(found).open("rb")

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}"


def repository_in(text: str, token: Literal[False] | None = False) -> Repository:
    """The repository that is said, as an id or a link; a link's revision counts.

    Raises:
        InvalidFieldsError: it is none, or one of data.
    """
    said = text.strip()
    parts = urlsplit(said)
    match = None
    if parts.scheme in ("http", "https"):
        match = _LINK.fullmatch(unquote(parts.path))
    elif not parts.scheme:
        match = _ID.fullmatch(said)
    if match is None or match[1] in _KINDS or ".." in match[0]:
        raise refusal(
            "must be the id of a model on the Hub, such as somebody/name, or a link to it, got "
            f"{shown(said)}."
        )
    return Repository(f"{match[1]}/{match[2]}", match[3] or "main", token)


def looks_like_one(text: str) -> bool:
    """Whether a text that names no file is meant as a repository."""
    return text.startswith(("https://", "http://")) or bool(_ID.fullmatch(text))


def _leads_out(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.is_absolute() or ".." in pure.parts or "\0" in path or "\\" in path
