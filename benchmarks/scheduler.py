"""``python -m benchmarks.scheduler``: what engine and store cost a run, and whether that grows.

10,000 runs on 100 workers that train nothing: each tells a step and an epoch, leaves a file, and is
done when its turn comes. What is measured is this process's own seconds, of all its threads, for
each thousand runs that end.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from peft_demo import adapters, settings
from peft_demo.execution import Engine
from peft_demo.execution.executor import End, Event, Finished, Handle, Job
from peft_demo.execution.machines import Machine, this_machine
from peft_demo.runs import EpochMetrics, Run, RunConfig, RunResult, StepMetrics
from peft_demo.storage import Store

EPOCH = EpochMetrics(epoch=1, step=1, train_loss=0.6, eval_loss=0.6, eval_accuracy=0.6, seconds=1.0)


class Untrained:
    """As many workers as are wanted; the first job is done when all have one."""

    def __init__(self, slots: int, runs: int, result: RunResult) -> None:
        self.slots = slots
        self._left = runs
        self._result = result
        self._going: deque[Handle] = deque()

    def start(self, jobs: Sequence[Job]) -> list[Handle]:
        """See ``Executor.start``."""
        handles = []
        for job in jobs:
            job.files.mkdir(parents=True)
            (job.files / adapters.WEIGHTS).write_bytes(b"")
            handles.append(Handle())
            handles[-1].tell(StepMetrics(step=1, loss=0.6, learning_rate=1e-3))
            handles[-1].tell(EPOCH)
        self._going += handles
        self._left -= len(handles)
        while self._going and (len(self._going) >= self.slots or not self._left):
            self._going.popleft().tell(Finished(result=self._result))
        return handles

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [this_machine(self.slots)]

    def close(self) -> None:
        """See ``Executor.close``."""


def measured(runs: int, workers: int, each: int) -> list[float]:
    """Seconds of processor time for a run, of each so many runs that ended."""
    ends: list[float] = []
    is_done = threading.Event()

    def count(run: Run, event: Event) -> None:
        if isinstance(event, End):
            ends.append(time.process_time())
            if len(ends) == runs:
                is_done.set()

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), settings.ADAPTERS)
        result = store.get("reference-lora-1").result
        assert result is not None
        for seed in range(runs):
            store.submit(RunConfig({"seed": seed}), "benchmark")
        engine = Engine(store, lambda: Untrained(workers, runs, result), listener=count)
        began = time.process_time()
        engine.start()
        is_done.wait()
        engine.close()
        store.close()
    marks = [began, *ends[each - 1 :: each]]
    return [(end - start) / each for start, end in pairwise(marks)]


def main() -> None:
    """Measure, and print a line for each part and one of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=100)
    asked = parser.parse_args()
    each = max(1, asked.runs // 10)
    found = measured(asked.runs, asked.workers, each)
    for number, seconds in enumerate(found, start=1):
        print(f"runs to {number * each:,}: {seconds * 1e3:.1f} ms each", flush=True)
    print(
        f"{asked.runs:,} runs on {asked.workers} workers: engine and store take "
        f"{sum(found) / len(found) * 1e3:.1f} ms of processor time a run; of the last tenth "
        f"{found[-1] / found[0]:.2f} x of the first"
    )


if __name__ == "__main__":
    main()
