"""The peak memory of a training, against the notebook, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import training
from benchmarks.apart import apart
from benchmarks.rows import Row, ratio_row
from peft_demo import memory
from peft_demo.runs import RunConfig


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """LoRA 1 of the assignment in batches of 16; Linux only, which tells a process its peak."""
    del pairs
    if is_quick or sys.platform != "linux":
        return
    yield ratio_row(
        "peak memory of a training, LoRA 1, 128 tokens",
        "MB",
        "notebook",
        lambda: apart(_peak_of_ours),
        lambda: apart(_peak_of_theirs, base_folder),
        1,
        goal=1.0,
        kind="at most",
    )


def _peak_of_ours() -> float:
    training.ours(_config())
    return peak_megabytes()


def _peak_of_theirs(base_folder: str) -> float:
    training.theirs(base_folder, _config())
    return peak_megabytes()


def _config() -> RunConfig:
    return training.config_of("lora-1", max_length=128, num_reviews=160)


def peak_megabytes() -> float:
    """The most that this process has held since its peak was set back, or since it began."""
    return (memory.peak_bytes() or 0) / 2**20
