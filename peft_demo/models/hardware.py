"""What networks are computed on: device, threads and precision."""

from __future__ import annotations

import os
import platform
import threading
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from peft_demo import settings

if TYPE_CHECKING:
    import torch


def share_cores() -> None:
    """Let idle threads of torch sleep soon instead of keeping their core busy; call before torch.

    OpenMP's default spins for milliseconds. Spinning less costs a few percent when nothing else
    runs, and makes training several times faster beside a browser or a second training.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


_lent = threading.Event()
"""Set in a process that was lent a GPU."""


def have_gpu() -> None:
    """Say that this process was lent a GPU, on a Space that lends them for single calls."""
    _lent.set()


def device() -> str:
    """``cuda`` where there is a GPU, else ``cpu``."""
    import torch

    if settings.is_zero_gpu() and not _lent.is_set():
        return "cpu"  # what torch says there is a promise, kept within such calls only
    return "cuda" if torch.cuda.is_available() else "cpu"


def training_precision() -> str:
    """What matrix products of trainings and their tests are computed in."""
    return _precision(device())


def prediction_precision() -> str:
    """What those of predictions are computed in, which the processor makes in any case."""
    return _precision("cpu")


def predicting() -> torch.autocast:
    """Within it, networks compute in ``prediction_precision``."""
    import torch

    return torch.autocast("cpu", torch.bfloat16, enabled=prediction_precision() == "bfloat16")


def known_precision() -> str:
    """What trainings are computed in, as far as that is known without torch; else empty."""
    wanted = settings.precision()
    return next(iter(_faster.values()), "") if wanted == "auto" else wanted


def _precision(kind: str) -> str:
    wanted = settings.precision()
    if wanted != "auto":
        return wanted
    if kind not in _faster:
        _faster[kind] = _faster_precision(kind)
    return _faster[kind]


_faster: dict[str, str] = {}
"""What was found for each kind of device."""


def _faster_precision(kind: str) -> str:
    """``bfloat16`` where a device has instructions for it, else ``float32``.

    It goes by the instructions and not by a stopwatch: a busy moment would make one run of a
    machine compute otherwise than the next.
    """
    import torch

    if kind == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return "float32"
    has_them = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if has_them else "float32"


def threads() -> int:
    """Threads that one matrix product uses."""
    import torch

    return torch.get_num_threads()


def processor_name() -> str:
    """The processor's or GPU's name, as the system tells it."""
    import torch

    if device() == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def environment() -> dict[str, str]:
    """What the numbers were made with."""
    packages = ("torch", "transformers", "peft", "datasets", "gradio")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "device": device(),
        "processor": processor_name(),
        "threads": str(threads()),
        "forward": settings.forward(),
    }
