"""Accuracy against cost: any two measures, and who is beaten in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TypeVar

import numpy as np

from peft_demo import statistics
from peft_demo.comparison.facts import Measure, Pareto, RunFacts
from peft_demo.runs import RunKind
from peft_demo.statistics import Estimate, Interval

AnyEstimate = TypeVar("AnyEstimate", bound=Estimate)


_OF_THE_TEST = ("accuracy", "log_loss")
"""Measures that depend on the test set; the others are costs, called as a run's facts call them."""

MEASURES = (
    ("accuracy", "Test accuracy", "share"),
    ("log_loss", "Log loss", "nats"),
    ("num_adapter_parameters", "Adapter parameters", "parameters"),
    ("trained_parameters", "All trained parameters", "parameters"),
    ("file_bytes", "File size", "bytes"),
    ("training_seconds", "Training time", "seconds"),
    ("prediction_milliseconds", "Prediction time", "milliseconds per text"),
)
"""Each one's key, label and unit."""


def pareto(points: Mapping[str, Sequence[RunFacts]], comparable: set[str]) -> Pareto:
    """Every measure of every point, and the frontiers of any two measures.

    Args:
        points: runs by point: one run, or the repeats of a configuration, whose mean is taken.
        comparable: the runs whose test results may stand on one axis.
    """
    measures = tuple(_measure(*measure, points, comparable) for measure in MEASURES)
    return Pareto(measures=measures, frontiers=frontiers(measures))


def frontiers(measures: Sequence[Measure]) -> dict[str, tuple[str, ...]]:
    """For any two measures the points that no other beats in both; see ``Pareto``."""
    pairs = combinations_with_replacement(measures, 2)
    return {f"{a.key}|{b.key}": _frontier(a, b) for a, b in pairs}


def mean(values: Sequence[AnyEstimate]) -> AnyEstimate | Interval | None:
    """One value as it is; of several, their mean with a 95 % t interval."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.mean_interval([each.value for each in values])


def _measure(
    key: str,
    label: str,
    unit: str,
    points: Mapping[str, Sequence[RunFacts]],
    comparable: set[str],
) -> Measure:
    values, missing = {}, {}
    for point, runs in points.items():
        fit = [run for run in runs if key not in _OF_THE_TEST or run.run_id in comparable]
        found = mean([value for run in fit if (value := _value(key, run)) is not None])
        if found is None:
            missing[point] = _why(label, runs[0], bool(fit))
        else:
            values[point] = found
    return Measure(
        key=key,
        label=label,
        unit=unit,
        smaller_is_better=key != "accuracy",
        values=values,
        missing=missing,
    )


def _value(key: str, run: RunFacts) -> Estimate | None:
    if key in _OF_THE_TEST:
        if run.quality is None:
            return None
        return run.quality.interval if key == "accuracy" else run.quality.log_loss
    cost = getattr(run, key)
    return None if cost is None else Estimate(value=cost)


def _why(label: str, run: RunFacts, is_comparable: bool) -> str:
    if run.note:
        return run.note
    if not is_comparable:
        return f"{run.name} was tested on other {run.texts} than the rest."
    if run.kind == RunKind.IMPORTED:
        return f"{run.name} was trained elsewhere."
    if run.kind == RunKind.MIXED:
        return f"{run.name} was mixed, not trained."
    return f"{label} was not measured when {run.name} was trained."


def _frontier(first: Measure, second: Measure) -> tuple[str, ...]:
    """The points that no other beats: as good in both measures, and better in one (Pareto)."""
    both = [point for point in first.values if point in second.values]
    if not both:
        return ()
    costs = np.array([[m.values[point].value for m in (first, second)] for point in both])
    costs = costs * [1 if m.smaller_is_better else -1 for m in (first, second)]
    as_good = (costs[:, None] <= costs).all(axis=2)
    better = (costs[:, None] < costs).any(axis=2)
    beaten = (as_good & better).any(axis=0)
    return tuple(both[place] for place in np.flatnonzero(~beaten))
