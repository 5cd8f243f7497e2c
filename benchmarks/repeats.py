"""Eight seeds of one configuration: in one pass, against one after another."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row, ratio_row
from benchmarks.training import config_of
from peft_demo.models import hardware
from peft_demo.runs import Reporter, RunConfig
from peft_demo.training import loop
from peft_demo.training.vmapped import MOST_RUNS, OnePass


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """The speed of a pass; on a processor the program uses it only where it is told to."""
    del base_folder
    count = 2 if is_quick else MOST_RUNS
    configs = [
        config_of("recommended-lora", max_length=50, num_reviews=40 if is_quick else 200, seed=seed)
        for seed in range(count)
    ]
    yield ratio_row(
        f"{count} seeds of LoRA in one pass, 50 tokens",
        "runs/min",
        "one after another",
        lambda: 60 * count / _in_one_pass(configs),
        lambda: 60 * count / _apart(configs),
        1 if is_quick else pairs,
        goal=4.0 if hardware.device() == "cuda" else 0.95,
        kind="at least",
        note="testing and saving included",
    )


def _apart(configs: list[RunConfig]) -> float:
    started = time.perf_counter()
    for config in configs:
        with tempfile.TemporaryDirectory() as folder:
            loop.train(config, Path(folder), Reporter())
    return time.perf_counter() - started


def _in_one_pass(configs: list[RunConfig]) -> float:
    started = time.perf_counter()
    meeting = OnePass(len(configs))

    def train(place: int) -> None:
        with tempfile.TemporaryDirectory() as folder, meeting.member(place) as member:
            loop.train(configs[place], Path(folder), Reporter(), member=member)

    threads = [threading.Thread(target=train, args=(place,)) for place in range(len(configs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
