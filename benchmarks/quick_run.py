"""``python -m benchmarks.quick_run``: what a run costs in a program that is warm, phase by phase.

Seconds from its start to its result, and those of the processor, which other programs stretch less.
As in a worker of two that share two cores, it computes in one thread.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.__main__ import silence
from peft_demo.models import hardware
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    Reporter,
    RunConfig,
    StepMetrics,
    presets,
)

PHASES = {"Training": "before training", "Testing": "test", "Saving": "saving"}
"""What begins with a phase of the run, where it does not have its name."""


class Watch(Reporter):
    """Seconds of the processor by what a run does."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._now, self._since = "loading", time.process_time()

    def report(self, event: Progress | StepMetrics | BeforeTraining | EpochMetrics) -> None:
        """See ``Reporter``."""
        if isinstance(event, BeforeTraining | EpochMetrics):
            self.turn_to("training")
        elif isinstance(event, Progress) and not (event.phase == "Training" and event.step):
            self.turn_to(PHASES.get(event.phase, event.phase.lower()))

    def turn_to(self, what: str) -> None:
        """From here on it does this."""
        now = time.process_time()
        self.spent[self._now] += now - self._since
        self._now, self._since = what, now


def measure(config: RunConfig) -> dict[str, float]:
    """Seconds of one run: of the clock, of the processor, and of the latter by phase."""
    from peft_demo.training import loop

    watch, began, spent = Watch(), time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, silence():
        loop.train(config, Path(folder) / "run", watch)
    watch.turn_to("")
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        **{phase: seconds for phase, seconds in watch.spent.items() if seconds >= 0.005},
    }


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="quick", choices=presets.PRESETS)
    parser.add_argument("--runs", type=int, default=3, help="after one that warms up")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--own-seeds", action="store_true", help="each has texts of its own")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(asked.threads)
    hardware.share_cores()
    warnings.simplefilter("ignore")
    configs = [
        presets.preset(asked.preset).config(seed=42 + asked.own_seeds * number)
        for number in range(asked.runs + 1)
    ]
    measure(configs[0])
    gc.freeze()  # as a worker does
    found = [measure(config) for config in configs[1:]]
    phases = dict.fromkeys(phase for run in found for phase in run)
    told = {key: round(median(run.get(key, 0.0) for run in found), 2) for key in phases}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
