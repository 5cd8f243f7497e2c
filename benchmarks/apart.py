"""A measurement in a fresh process, where nothing that was loaded or freed before counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from peft_demo.models import hardware


def apart(measure: Callable[..., float], *arguments: str) -> float:
    """Call a function of a module in a process of its own, which prints nothing."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin) as process:
        return process.submit(measure, *arguments).result()


def _begin() -> None:
    hardware.share_cores()
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
