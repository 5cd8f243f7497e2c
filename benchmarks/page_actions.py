"""``python -m benchmarks.page_actions``: how long a click takes on the server with 500 runs."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.many_runs import fill
from peft_demo.ui.annotations import Annotations
from peft_demo.ui.identity import acting_as, machines_owner

RUNS = 500
REPEATS = 5
GOAL = 300
"""Milliseconds that an action may take on the server."""


@dataclass(frozen=True)
class Time:
    """Milliseconds; on a machine that does something else too, the first is longer."""

    by_the_clock: float
    of_the_processor: float


def _time(action: Callable[[], object]) -> Time:
    started, used = time.perf_counter(), time.process_time()
    action()
    return Time(1_000 * (time.perf_counter() - started), 1_000 * (time.process_time() - used))


def _median(times: list[Time]) -> Time:
    return Time(
        statistics.median(time.by_the_clock for time in times),
        statistics.median(time.of_the_processor for time in times),
    )


@acting_as(machines_owner())
def measure(home: Path) -> dict[str, Time]:
    """How long each action takes: once after a start, else the median."""
    from peft_demo import settings
    from peft_demo.storage import Store
    from peft_demo.ui.pages.board import Board
    from peft_demo.ui.pages.runs import RunsPage
    from peft_demo.ui.services import Services

    os.environ["PEFT_DEMO_HOME"] = str(home)
    with closing(Store(home, settings.ADAPTERS)) as store:
        ids = tuple(fill(store, RUNS))
    services = Services()
    board, table, notes = Board(services), RunsPage(services), Annotations(services)
    found = {"first poll after a start": _time(lambda: board.poll(since=-1))}
    every = tuple(services.store.ids())
    version = services.store.version
    repeated: dict[str, Callable[[], object]] = {
        "first poll of another browser": lambda: board.poll(since=-1),
        "poll when nothing changed": lambda: board.poll(
            since=services.store.version, models=services.warm_up.words
        ),
        "verdict on one run": lambda: board.judge(run_id=ids[-1]),
        "details of one run": lambda: table.details(run_id=ids[-1]),
        "table, sorted by accuracy": lambda: table.table(sort="accuracy"),
        "table, filtered by words": lambda: table.table(text="lora done"),
        "annotate one run": lambda: notes.annotate(run_ids=ids[:1], note="seen"),
        "records of all runs, CSV": lambda: table.records(kind="csv", run_ids=every),
        "records of all runs, JSON": lambda: table.records(kind="json", run_ids=every),
        "star all runs": lambda: board.act(action="star", run_ids=ids),
        "delete all runs": lambda: board.act(action="delete", run_ids=ids),
        "restore all runs": lambda: board.act(action="restore", run_ids=ids),
        "poll after all runs changed": lambda: board.poll(since=version),
    }
    times: dict[str, list[Time]] = {what: [] for what in repeated}
    for _ in range(REPEATS):
        for what, action in repeated.items():
            times[what].append(_time(action))
    services.close()
    return {**found, **{what: _median(some) for what, some in times.items()}}


def main() -> None:
    """Measure and print one table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # The baselines of the runs may still be written.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = measure(Path(folder))
    print(f"{f'with {RUNS} runs; goal: under {GOAL} ms':40} {'clock':>6} {'processor':>10}")
    for what, taken in found.items():
        print(f"{what:40} {taken.by_the_clock:6.0f} {taken.of_the_processor:10.0f}")


if __name__ == "__main__":
    main()
