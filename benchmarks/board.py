"""The board with 50 runs of 2,000 logged steps, against a Plotly figure for each poll."""

from __future__ import annotations

import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.rows import Row
from peft_demo.runs import EpochMetrics, RunConfig, RunStatus, StepMetrics
from peft_demo.storage import Store

RUNS, STEPS, REPEATS = 50, 2_000, 7


def _fill(home: Path) -> None:
    store = Store(home)
    for number in range(RUNS):
        run = store.start(RunConfig(name=f"run {number}"), "benchmark")
        steps = [
            StepMetrics(
                step=step,
                loss=0.69 * 0.999**step + (step * (7919 + number) % 97) / 970,
                learning_rate=1e-3,
            )
            for step in range(1, STEPS + 1)
        ]
        store.report(run.run_id, steps=steps)
        for epoch in range(1, 11):
            metrics = EpochMetrics(
                epoch=epoch, step=200 * epoch, train_loss=0.6, eval_loss=0.6, eval_accuracy=0.7,
                seconds=20.0 * epoch,
            )  # fmt: skip
            store.report(run.run_id, epoch=metrics)
        if number:
            store.finish(run.run_id, RunStatus.FAILED, error="made up for a benchmark")
    store.close()


def _milliseconds(
    action: Callable[[], object], before: Callable[[], object] = lambda: None
) -> float:
    found = []
    for _ in range(REPEATS):
        before()
        started = time.perf_counter()
        action()
        found.append(1000 * (time.perf_counter() - started))
    return statistics.median(found)


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """A poll when nothing and when something has changed, and what a new browser is sent."""
    del base_folder, pairs, is_quick
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        os.environ["PEFT_DEMO_HOME"] = folder
        from peft_demo.ui.pages.board import Board
        from peft_demo.ui.services import Services

        services = Services()
        board, store = Board(services), services.store
        newest = next(run.run_id for run in store.runs() if run.status == RunStatus.RUNNING)
        ids = tuple(run_id for run_id in store.ids() if run_id.startswith("run-"))
        first = board.poll(since=-1, curves=ids, shown=ids) or ""
        models = services.warm_up.words
        steps = iter(range(STEPS + 1, 10**6))

        def step() -> None:
            store.report(
                newest, steps=[StepMetrics(step=next(steps), loss=0.5, learning_rate=1e-3)]
            )

        def poll(behind: int) -> str | None:
            return board.poll(since=store.version - behind, models=models, shown=ids)

        unchanged = _milliseconds(lambda: poll(0))
        changed = _milliseconds(lambda: poll(1), step)
        figure = _milliseconds(lambda: _figure(store, ids))
        services.close()
    yield _row("poll of 50 runs × 2,000 steps, nothing changed", unchanged, figure, 2)
    yield _row("the same, one run has a new step", changed, figure, 150)
    size = len(gzip.compress(first.encode())) / 1e3
    yield Row(
        what="what a new browser is sent of them, compressed",
        unit="KB",
        baseline_is="",
        ours=size,
        baseline=None,
        value=size,
        goal=300,
        kind="at most",
    )


def _row(what: str, milliseconds: float, figure: float, goal: float) -> Row:
    return Row(
        what=what,
        unit="ms",
        baseline_is="",
        ours=milliseconds,
        baseline=None,
        value=milliseconds,
        goal=goal,
        kind="at most",
        note=f"a go.Figure of the losses takes {figure:,.0f} ms",
    )


def _figure(store: Store, ids: Sequence[str]) -> str:
    from plotly import graph_objects

    traces = []
    for run_id in ids:
        steps = store.steps(run_id)
        traces.append(
            graph_objects.Scatter(x=[s.step for s in steps], y=[s.loss for s in steps], name=run_id)
        )
    return graph_objects.Figure(traces).to_json()
