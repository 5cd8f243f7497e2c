"""Executors: one file for each place where jobs are computed."""

from __future__ import annotations

import os

import psutil

from peft_demo import settings
from peft_demo.execution.executor import Executor
from peft_demo.execution.executors.processes import ProcessExecutor
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.execution.executors.zero_gpu import ZeroGpuExecutor
from peft_demo.models import hardware

__all__ = ["ProcessExecutor", "ThreadExecutor", "ZeroGpuExecutor", "preferred"]

LEAST_CORES = 4
"""On fewer, workers take from each other and from the page."""

WORKER_BYTES = 1_500_000_000
"""Memory of a worker with torch, a base, data and a run."""


def preferred() -> Executor:
    """The executor that ``PEFT_DEMO_WORKERS`` asks for; ``auto`` fits it to the machine."""
    asked = settings.workers()
    if asked == "thread":
        return ThreadExecutor()
    workers = _fitting() if asked == "auto" else int(asked)
    if workers < 1:
        return ThreadExecutor()
    threads = str(max(1, _cores() // workers))
    environment = {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads}
    if settings.precision() == "auto" and hardware.device() == "cpu":
        # Found by timing, and workers must not come to different answers.
        environment["PEFT_DEMO_PRECISION"] = hardware.prediction_precision()
    return ProcessExecutor(workers, environment)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fitting() -> int:
    """Workers for this machine; 0 where a thread does better: on few cores, or a single GPU."""
    if _cores() < LEAST_CORES or hardware.device() != "cpu":
        return 0
    fitting = min(_cores() // 2, psutil.virtual_memory().available // WORKER_BYTES)
    return fitting if fitting > 1 else 0
