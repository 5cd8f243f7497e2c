"""Which process works on a run, and whether it still lives."""

from __future__ import annotations

import socket

import psutil


def this_process() -> str:
    """This process, as it is written into the runs that it works on."""
    return _describe(psutil.Process())


def is_alive(worker: str | None) -> bool:
    """Whether that process still runs."""
    try:
        pid = int((worker or "::").split(":")[-2])
        return _describe(psutil.Process(pid)) == worker
    except (ValueError, psutil.Error):
        return False


def _describe(process: psutil.Process) -> str:
    # The start time tells a process from a later one that got the same number.
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"
