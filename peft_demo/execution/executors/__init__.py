"""Executors: one file for each place where jobs are computed."""

from __future__ import annotations

import os

from peft_demo import memory, settings
from peft_demo.execution.executor import Executor
from peft_demo.execution.executors.processes import ProcessExecutor
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.execution.executors.zero_gpu import ZeroGpuExecutor
from peft_demo.models import hardware

__all__ = ["ProcessExecutor", "ThreadExecutor", "ZeroGpuExecutor", "preferred"]

LEAST_WORKERS = 2
"""On two cores as well: two with a thread each do more than one with two, and a queue goes on."""

WORKER_BYTES = 1_500_000_000
"""Memory of a worker with torch, a base, data and a run."""


def preferred() -> Executor:
    """The executor that the settings ask for; ``auto`` fits it to the machine, or the cluster."""
    asked = settings.workers()
    if asked == "thread":
        return ThreadExecutor()
    if address := settings.ray_address():
        most = None if asked == "auto" else int(asked)
        return _on_ray(address, most)
    workers = _fitting() if asked == "auto" else int(asked)
    if workers < 1:
        return ThreadExecutor()
    threads = str(max(1, _cores() // workers))
    environment = {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads}
    if settings.precision() == "auto" and hardware.device() == "cpu":
        # Found by timing, and workers must not come to different answers.
        environment["PEFT_DEMO_PRECISION"] = hardware.prediction_precision()
    return ProcessExecutor(workers, environment)


def _on_ray(address: str, most: int | None) -> Executor:
    # Its modules are for those who have the package.
    from peft_demo.execution.executors.ray_cluster import RayExecutor
    from peft_demo.execution.executors.ray_nodes import environment

    cpus = int(settings.ray_cpus())
    return RayExecutor(address, most, cpus, float(settings.ray_gpus()), environment(cpus))


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fitting() -> int:
    """Workers for this machine; 0 where a thread does better: one core, a GPU, little memory."""
    if _cores() < LEAST_WORKERS or hardware.device() != "cpu":
        return 0
    fitting = min(max(LEAST_WORKERS, _cores() // 2), memory.free_bytes() // WORKER_BYTES)
    return fitting if fitting >= LEAST_WORKERS else 0
