"""Memory: what glibc keeps of it for itself, though nobody uses it any more."""

from __future__ import annotations

import ctypes
from functools import lru_cache

_M_ARENA_MAX = -8
"""Of mallopt(3)."""


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
