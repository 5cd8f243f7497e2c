"""``python -m benchmarks.workers``: small runs by each way to share out the cores.

In a thread of the program, in worker processes that divide the threads among themselves, and in
as many workers of a Ray cluster on this machine, if ray is installed; all in turns, because
machines are noisy. Beside the seconds that passed stand those that the processors worked, of all
processes of the way, which other programs change less.
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
from unittest.mock import patch

import psutil

from peft_demo.execution import Engine, executors
from peft_demo.models import hardware
from peft_demo.runs import Run, sweeps
from peft_demo.storage import Store

SMALL = {"num_reviews": 320, "num_train_epochs": 1, "num_test_reviews": 200}

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
        self._run(runs)
        self.walls.append(time.perf_counter() - began)
        self.processors.append(self._worked() - worked)
        self._heard, began = 0.0, time.perf_counter()
        self._run(1)
        self.firsts.append(self._heard - began)

    def memory(self) -> int:
        """Bytes of its processes beside this one."""
        return sum(each.memory_info().rss for each in self.processes[:-1])

    def _run(self, runs: int) -> None:
        plan = sweeps.plan(SMALL, repeats=runs)
        group, _ = self.store.submit_plan(plan, "benchmark")
        self.engine.run_group(group.group_id)

    def _hear(self, run: Run, event: object) -> None:
        self._heard = self._heard or time.perf_counter()

    def _worked(self) -> float:
        found = 0.0
        for each in self.processes:
            with suppress(psutil.NoSuchProcess):
                found += sum(each.cpu_times()[:2])
        return found


def children() -> set[psutil.Process]:
    """All processes that this one started, and those that they did."""
    return {*psutil.Process().children(recursive=True)}


def ways(cores: int) -> dict[str, dict[str, str]]:
    """The variables of each."""
    counts = [2**n for n in range(cores.bit_length()) if 2**n <= cores]
    found = {"thread": {"PEFT_DEMO_WORKERS": "thread"}}
    found |= {f"{count} processes": {"PEFT_DEMO_WORKERS": f"{count}"} for count in counts}
    if find_spec("ray"):  # once: a cluster lends each core to one worker
        each = {"PEFT_DEMO_RAY_ADDRESS": "local", "PEFT_DEMO_RAY_CPUS": f"{cores // counts[-1]}"}
        found[f"{counts[-1]} workers of Ray"] = {"PEFT_DEMO_WORKERS": f"{counts[-1]}", **each}
    return found


def main() -> None:
    """Measure all ways in turns and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4, help="in each round of each way")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ways", help="of those there are, parted by commas; all by default")
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    cores = os.cpu_count() or 1
    known = ways(cores)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        names = asked.ways.split(",") if asked.ways else [*known]
        made = [Way(name, store, known[name]) for name in names]
        for _ in range(asked.rounds):
            for way in made:
                way.measure(asked.runs)
                print(f"{way.name}: {way.walls[-1]:.1f} s", flush=True)
        for way in made:
            wall, worked = statistics.median(way.walls), statistics.median(way.processors)
            print(
                f"{asked.runs} small runs, {cores} cores, {way.name}: {wall:.1f} s, the processors "
                f"worked {worked:.1f} s; the first event of a run alone after "
                f"{statistics.median(way.firsts) * 1e3:.0f} ms; {way.memory() / 1e9:.1f} GB beside "
                f"the program (rounds {', '.join(f'{each:.1f}' for each in way.walls)} s)"
            )
            way.engine.close()
        store.close()


if __name__ == "__main__":
    main()
