"""``python -m benchmarks.scheduler``: what engine and store cost a run, and whether that grows.

10,000 runs of twenty owners on 100 workers that train nothing: each tells a step and an epoch,
leaves a file, and is done when its turn comes. What is measured is this process's own seconds, of
all its threads, for each thousand runs that are queued, worked on and over.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from peft_demo import adapters, settings
from peft_demo.execution import Engine
from peft_demo.execution.executor import End, Event, Finished, Handle, Job
from peft_demo.execution.machines import Machine, this_machine
from peft_demo.runs import EpochMetrics, Run, RunConfig, RunResult, StepMetrics
from peft_demo.storage import Store

OWNERS = 20

EPOCH = EpochMetrics(epoch=1, step=1, train_loss=0.6, eval_loss=0.6, eval_accuracy=0.6, seconds=1.0)


class Untrained:
    """As many workers as are wanted; the first job is done when all have one, or none is left."""

    def __init__(self, slots: int, result: RunResult) -> None:
        self.slots = slots
        self.left = 0
        """Runs that are still to come."""
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
        self.left -= len(handles)
        while self._going and (len(self._going) >= self.slots or not self.left):
            self._going.popleft().tell(Finished(result=self._result))
        return handles

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [this_machine(self.slots)]

    def close(self) -> None:
        """See ``Executor.close``."""


def measured(runs: int, workers: int, each: int) -> list[tuple[float, float]]:
    """Seconds of processor time for a run, to queue it and to do it, of each so many."""
    found = []
    ended = threading.Semaphore(0)

    def count(run: Run, event: Event) -> None:
        if isinstance(event, End):
            ended.release()

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), settings.ADAPTERS)
        result = store.get("reference-lora-1").result
        assert result is not None
        executor = Untrained(workers, result)
        engine = Engine(store, lambda: executor, listener=count)
        engine.start()
        for first in range(0, runs, each):
            store.decide(is_paused=True)
            marks = [time.process_time()]
            for seed in range(first, first + each):
                engine.submit(RunConfig({"seed": seed}), f"owner {seed % OWNERS}")
            marks.append(time.process_time())
            executor.left = each
            store.decide(is_paused=False)
            for _ in range(each):
                ended.acquire()
            marks.append(time.process_time())
            found.append(((marks[1] - marks[0]) / each, (marks[2] - marks[1]) / each))
        engine.close()
        store.close()
    return found


def main() -> None:
    """Measure, and print a line for each part and one of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--each", type=int, default=1_000, help="so many are queued at a time")
    asked = parser.parse_args()
    found = measured(asked.runs, asked.workers, asked.each)
    for number, (queued, done) in enumerate(found, start=1):
        print(
            f"runs to {number * asked.each:,}: {queued * 1e3:.1f} ms each to queue it, "
            f"{done * 1e3:.1f} ms to do it",
            flush=True,
        )
    costs = [done for _, done in found]
    print(
        f"{asked.runs:,} runs on {asked.workers} workers: engine and store take "
        f"{sum(costs) / len(costs) * 1e3:.1f} ms of processor time to do a run; of the last "
        f"{asked.each:,} {costs[-1] / costs[0]:.2f} x of the first"
    )


if __name__ == "__main__":
    main()
