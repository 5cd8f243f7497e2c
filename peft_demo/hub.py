"""The Hugging Face Hub: whether it can be reached, and what it says no with, in sentences."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

from peft_demo.errors import cause

PROBE_SECONDS = 4.0
"""How long it may take to answer anything; its clients would try again for a minute."""


class _Offline:
    """Whether the Hub's clients stay off the network, for as long as anybody works without it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.working = 0
        self._was = False

    def count(self, change: int) -> None:
        import datasets.config
        from huggingface_hub import constants

        with self._lock:
            if not self.working:
                self._was = constants.HF_HUB_OFFLINE
            self.working += change
            is_offline = bool(self.working) or self._was
            constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = is_offline


_offline = _Offline()


def is_reachable() -> bool:
    """Whether it answers anything, within ``PROBE_SECONDS``; never raises."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE and not _offline.working:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=PROBE_SECONDS)
    except Exception:  # from DNS to TLS: there are a dozen kinds
        return False
    return True


@contextmanager
def in_reach_or_offline() -> Iterator[bool]:
    """Work on with what is in the local cache where the Hub cannot be reached; tells if it can.

    datasets would try again for a minute before it looks there.
    """
    if is_reachable():
        yield True
        return
    _offline.count(1)
    try:
        yield False
    finally:
        _offline.count(-1)


Rights = Literal[False] | None
"""Whose count: nobody's, or with None those of who is signed in on this machine."""

CHUNK = 500_000
"""Bytes after which who watches a download is told."""

COMMIT = re.compile("[0-9a-f]{40}")

Watcher = Callable[[int, int], None]
"""Told how many bytes there are, and of how many; from several threads."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """What this thread downloads meanwhile is told to somebody."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def download(
    repository: str,
    files: Sequence[str],
    *,
    revision: str | None = None,
    kind: Literal["model", "dataset"] = "model",
    token: Rights = None,
    only_cached: bool = False,
    into: Path | None = None,
) -> Path:
    """The folder of a repository's commit, once these files are there.

    Args:
        repository: its id.
        files: their names, or patterns.
        revision: a branch, tag or commit; None for what is newest.
        kind: what is in it.
        token: whose rights count.
        only_cached: whether no request may leave; then files may be missing in it.
        into: another place than the local cache, which nobody empties of what strangers name.

    Raises:
        Exception: of the Hub's client, which has a dozen kinds from DNS to disk; see ``sentence``.
    """
    from huggingface_hub import constants, snapshot_download

    # Else it tells of each 10 MB: of a small file only its end.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    return Path(
        snapshot_download(
            repository,
            repo_type=kind,
            revision=revision,
            allow_patterns=[*files],
            token=token,
            local_files_only=only_cached,
            local_dir=into,
            tqdm_class=_bar(_watcher.get()),
        )
    )


def _bar(watcher: Watcher | None) -> Any:
    """What the client shows its progress on: not on the terminal, but to who watches."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, name: str = "", disable: Any = None, **more: Any) -> None:
            # The bytes that came stand on one of three bars, which is called so.
            self._is_of_bytes = name == "huggingface_hub.snapshot_download"
            self._done, self._of = 0, threading.Lock()
            super().__init__(*args, disable=True if watcher else disable, **more)

        def update(self, n: float | None = 1) -> bool | None:
            if watcher and self._is_of_bytes:
                with self._of:
                    self._done += int(n or 0)
                    watcher(self._done, int(self.total or 0))
            return super().update(n)

    return Bar


def sentence(error: BaseException, name: str, doing: str = "be read") -> str:
    """Why something on the Hub cannot be had or done.

    Args:
        error: what its client raised.
        name: the repository.
        doing: what was tried with it, after "cannot".
    """
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        why = (
            "it is gated: ask for access on its page, and sign in on this machine with "
            "`hf auth login`"
        )
    elif isinstance(error, errors.RevisionNotFoundError):
        why = "it has no such commit"
    elif isinstance(error, errors.RepositoryNotFoundError):
        why = "the Hub has none of that name, or it is private and the token may not see it"
    elif isinstance(error, errors.EntryNotFoundError) and status == 404:
        why = "a file is not there"
    elif status == 401:
        why = "the Hub does not know this token"
    elif status == 403:
        why = "the token does not allow it: it needs the right to write to that repository"
    elif status == 429:
        why = "the Hub got too many requests; try again in some minutes"
    elif status is not None:
        why = f"the Hub answered with status {status}; try again later"
    elif isinstance(error, ValueError):
        why = cause(error)
    else:
        why = "the Hugging Face Hub cannot be reached, or the connection broke; try again later"
    return f"{name} cannot {doing}: {why}."
