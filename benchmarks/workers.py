"""Small runs by each way to share out the cores, as ``workers.json``.

In a thread of the program, in worker processes that divide the threads among themselves, and in
as many workers of a Ray cluster on this machine, if ray is installed; all in turns, because
machines are noisy. Beside the seconds that passed stand those that the processors worked, of all
processes of the way, which other programs change less. What a way adds to a run is the time from
its being taken from the queue until its end is recorded, beyond the seconds that it counts itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from benchmarks import found
from peft_demo.execution import Engine, executors
from peft_demo.models import hardware
from peft_demo.runs import Run, sweeps
from peft_demo.storage import Store

RESULTS = Path(__file__).with_name("workers.json")

SMALL = {"num_reviews": 320, "num_train_epochs": 1, "num_test_reviews": 200}

MOST_SEEDS = 16

CONNECTED_SECONDS = 120.0


@dataclass
class Way:
    """One way, and what it took in each round."""

    name: str
    store: Store
    environment: dict[str, str]
    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    """From a run's being queued, with nothing before it, to its first event."""
    own: float = 0.0
    """Seconds that all measured runs count themselves."""
    added: float = 0.0
    """What they took beyond that."""

    def __post_init__(self) -> None:
        self._heard = 0.0
        with patch.dict("os.environ", self.environment):
            before = children()
            self.executor = executors.preferred()
        self.engine = Engine(self.store, lambda: self.executor, listener=self._hear)
        self._run(1)  # connects
        deadline = time.monotonic() + CONNECTED_SECONDS
        wanted = int(self.environment["PEFT_DEMO_WORKERS"].replace("thread", "1"))
        while self.executor.slots < wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        self._run(2 * wanted)  # all load the models
        self.processes = [*(children() - before), psutil.Process()]

    def measure(self, runs: int) -> None:
        """Another round."""
        began, worked = time.perf_counter(), self._worked()
        done = self._run(runs)
        self.walls.append(time.perf_counter() - began)
        self.processors.append(self._worked() - worked)
        for run in done:
            if not (run.result and run.started_at and run.finished_at):
                raise SystemExit(f"{self.name}: {run.run_id} is {run.status}: {run.error}")
            taken = (run.finished_at - run.started_at).total_seconds()
            self.own += run.result.seconds
            self.added += taken - run.result.seconds
        self._heard, began = 0.0, time.perf_counter()
        self._run(1)
        self.firsts.append(self._heard - began)

    def told(self) -> dict[str, Any]:
        """What was found in all rounds."""
        return {
            "way": self.name,
            "seconds": round(statistics.median(self.walls), 2),
            "processor_seconds": round(statistics.median(self.processors), 2),
            "added": round(self.added / self.own, 4),
            "first_event_seconds": round(statistics.median(self.firsts), 3),
            "megabytes": round(sum(each.memory_info().rss for each in self.processes[:-1]) / 1e6),
            "rounds": [round(wall, 2) for wall in self.walls],
        }

    def _run(self, runs: int) -> list[Run]:
        # As many seeds as a sweep may have, and further rates, which cost the same.
        seeds = min(runs, MOST_SEEDS)
        rates = [1e-3 / each for each in range(1, runs // seeds + 1)]
        axes = {"learning_rate": rates} if len(rates) > 1 else None
        plan = sweeps.plan(SMALL, axes, repeats=seeds)
        group, _ = self.store.submit_plan(plan, "benchmark")
        self.engine.run_group(group.group_id)
        return self.store.group(group.group_id)[1]

    def _hear(self, run: Run, event: object) -> None:
        self._heard = self._heard or time.perf_counter()

    def _worked(self) -> float:
        worked = 0.0
        for each in self.processes:
            with suppress(psutil.NoSuchProcess):
                worked += sum(each.cpu_times()[:2])
        return worked


def children() -> set[psutil.Process]:
    """All processes that this one started, and those that they did."""
    return {*psutil.Process().children(recursive=True)}


def ways(cores: int) -> dict[str, dict[str, str]]:
    """The variables of each."""
    counts = [2**n for n in range(cores.bit_length()) if 2**n <= cores]
    known = {"a thread of the program": {"PEFT_DEMO_WORKERS": "thread"}}
    for count in counts:
        name = f"{count} worker process{'es' if count > 1 else ''}"
        known[name] = {"PEFT_DEMO_WORKERS": f"{count}"}
    if find_spec("ray"):  # once: a cluster lends each core to one worker
        each = {"PEFT_DEMO_RAY_ADDRESS": "local", "PEFT_DEMO_RAY_CPUS": f"{cores // counts[-1]}"}
        known[f"{counts[-1]} workers of Ray"] = {"PEFT_DEMO_WORKERS": f"{counts[-1]}", **each}
    return known


def main() -> None:
    """Measure all ways in turns, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=8, help="in each round of each way: up to 16, or a multiple"
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    commit = found.commit()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        made = [Way(name, store, values) for name, values in ways(os.cpu_count() or 1).items()]
        for _ in range(asked.rounds):
            for way in made:
                way.measure(asked.runs)
                print(f"{way.name}: {way.walls[-1]:.1f} s", flush=True)
        told = [way.told() for way in made]
        numbers = {"runs": asked.runs, "texts": SMALL["num_reviews"], "ways": told}
        for way in made:
            way.engine.close()
        store.close()
    print(numbers)
    found.keep(RESULTS, "workers", numbers, of=commit, note=asked.note)


if __name__ == "__main__":
    main()
