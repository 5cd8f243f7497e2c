"""Memory: how much there is, and what glibc keeps of it though nobody uses it any more."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")

_GROUP_FILES = (
    ("memory.max", "memory.current", " inactive_file "),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", " total_inactive_file "),
)
"""Of a group of processes: its limit, what it takes, and what of that the system can drop."""

_M_ARENA_MAX = -8
"""Of mallopt(3)."""


def free_bytes() -> int:
    """What nobody uses: of the machine, or of its container or service if that has less."""
    return min(psutil.virtual_memory().available, *_left_in_groups())


def held_bytes() -> int:
    """What this program has already, with its workers."""
    own = psutil.Process()
    return sum(_held(process) for process in (own, *own.children(recursive=True)))


def _held(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _left_in_groups() -> Iterator[int]:
    """What each group of processes that this one belongs to has left; the first is everything."""
    yield sys.maxsize
    folders = {CGROUPS, CGROUPS / "memory"}
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                own = CGROUPS / kinds / path.strip("/")
                folders |= {own, *(folder for folder in own.parents if CGROUPS in folder.parents)}
    for folder in folders:
        for limit, taken, droppable in _GROUP_FILES:
            with suppress(OSError, ValueError):  # not this kind, or "max"
                most = int((folder / limit).read_text(encoding="ascii"))
                now = int((folder / taken).read_text(encoding="ascii"))
                stat = f" {(folder / 'memory.stat').read_text(encoding='ascii')}"
                _, _, rest = stat.replace("\n", " ").partition(droppable)
                yield most - now + int(rest.split()[0])


_is_dedicated = False

_starting = threading.Lock()

_watching: list[Peak] = []


def dedicate() -> None:
    """Say that this process works on runs and does nothing else: what it takes is theirs."""
    global _is_dedicated  # noqa: PLW0603
    _is_dedicated = True


class Peak:
    """The most memory that a process took while it was watched, beyond what it had before."""

    def __init__(self) -> None:
        self._is_alone = _is_dedicated and not _watching
        for other in _watching:
            other._is_alone = False
        self._before = set_back() if self._is_alone else None

    def so_far(self) -> int | None:
        """In bytes; None where others share the process, and where it does not tell its peak."""
        now = peak_bytes() if self._is_alone else None
        return None if now is None or self._before is None else max(0, now - self._before)


@contextmanager
def watched() -> Iterator[Peak]:
    """What is done inside takes memory, as much as is told until it ends."""
    with _starting:
        peak = Peak()
        _watching.append(peak)
    try:
        yield peak
    finally:
        with _starting:
            _watching.remove(peak)


def set_back() -> int | None:
    """Let the peak begin with what the process has now; Linux alone can do that."""
    give_back()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    return peak_bytes()


def peak_bytes() -> int | None:
    """The most that this process has held since its peak was set back, or since it began."""
    # Not getrusage: its peak goes on from that of the process that began this one.
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return 1024 * int(line.split()[1])
    return None


def share() -> None:
    """Let all threads share two heaps; call before there are threads.

    By default there are eight a core, and each keeps the most that it was ever asked for.
    """
    if libc := _glibc():
        libc.mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Give the system what lies free, as much does after a training."""
    if libc := _glibc():
        libc.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is one that has these functions: on Linux, but not on Alpine."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
