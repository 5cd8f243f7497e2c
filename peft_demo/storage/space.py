"""Room on the disk that runs are on: what is free, and a reserve for when nothing is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

from peft_demo.errors import PeftDemoError, StoreError
from peft_demo.runs import KnownConfig, RunConfig

RESERVE = "reserve"

RESERVE_BYTES = 2_000_000
"""Enough for the database to say that some dozens of runs are deleted."""

FULL_BYTES = 10_000_000
"""A disk with less is full."""

PLENTY_BYTES = 10_000_000_000
"""No run needs so much, and none is asked."""


def free_bytes(folder: Path) -> int:
    """What a folder, which may not be there yet, has free; a huge number where nobody knows."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    with suppress(OSError):
        return psutil.disk_usage(str(there)).free
    return PLENTY_BYTES


def is_full(folder: Path) -> bool:
    """Whether a folder's disk is."""
    return free_bytes(folder) < FULL_BYTES


def keep_reserve(folder: Path) -> None:
    """Put some bytes aside, if there are enough."""
    path = folder / RESERVE
    if path.exists() or free_bytes(folder) < 10 * FULL_BYTES or not hasattr(os, "posix_fallocate"):
        return
    with suppress(OSError), path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)


def give_up_reserve(folder: Path) -> bool:
    """Let the database have what was put aside; whether there was anything."""
    with suppress(OSError):
        (folder / RESERVE).unlink()
        return True
    return False


def lack(config: KnownConfig, free: int) -> str:
    """Why a training cannot begin on a disk with so much free, or an empty text."""
    if free >= PLENTY_BYTES or not isinstance(config, RunConfig):
        return ""
    from peft_demo.adapters import forecast  # loads torch

    try:
        needed = forecast.disk_bytes(config)
    except PeftDemoError:  # whoever trains it says what is wrong with it
        return ""
    if free >= needed:
        return ""
    return (
        f"It needs about {_size(needed)} of disk for its checkpoints and adapter, "
        f"{_size(free)} are free."
    )


def require_room(config: KnownConfig, files: Path) -> None:
    """Raise StoreError where a training's files would not fit into a folder's disk."""
    if words := lack(config, free_bytes(files)):
        raise StoreError(f"{words} Make room in {files.parent}.")


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
