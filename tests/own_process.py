"""Trainings in a process of their own, in which nothing was computed before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from small_runs import Recorder

from peft_demo.runs import RunConfig, RunResult


def trained(
    config: Mapping[str, Any], folder: Path, environment: Mapping[str, str], *, loads_anew: bool
) -> tuple[Recorder, RunResult]:
    """What a training of a flat configuration told, and its result.

    Args:
        config: what to train.
        folder: for its files.
        environment: variables for this and later trainings of the process.
        loads_anew: whether the base is loaded again.
    """
    os.environ.update(environment)
    from peft_demo.models import loading
    from peft_demo.training.loop import train

    if loads_anew:
        loading._loaded.clear()
    recorder = Recorder()
    return recorder, train(RunConfig(config), folder, recorder)
