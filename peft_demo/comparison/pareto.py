"""Accuracy against cost: any two measures, and who is beaten in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from peft_demo import statistics
from peft_demo.comparison.facts import Estimate, Measure, Pareto, RunFacts
from peft_demo.runs import RunKind


@dataclass(frozen=True)
class _Kind:
    key: str
    label: str
    unit: str
    read: Callable[[RunFacts], Estimate | None]
    smaller_is_better: bool = True
    is_quality: bool = False
    """Whether it depends on the test set."""


def _number(value: float | None) -> Estimate | None:
    return None if value is None else Estimate(value=value)


def _accuracy(run: RunFacts) -> Estimate | None:
    if run.quality is None:
        return None
    return Estimate(value=run.quality.accuracy, low=run.quality.low, high=run.quality.high)


def _log_loss(run: RunFacts) -> Estimate | None:
    return None if run.quality is None else run.quality.log_loss


_KINDS = (
    _Kind(
        "accuracy", "Test accuracy", "share", _accuracy, smaller_is_better=False, is_quality=True
    ),
    _Kind(
        "log_loss",
        "Log loss",
        "nats",
        _log_loss,
        is_quality=True,
    ),
    _Kind(
        "num_adapter_parameters",
        "Adapter parameters",
        "parameters",
        lambda run: _number(run.num_adapter_parameters),
    ),
    _Kind(
        "trained_parameters",
        "All trained parameters",
        "parameters",
        lambda run: _number(run.trained_parameters),
    ),
    _Kind("file_bytes", "File size", "bytes", lambda run: _number(run.file_bytes)),
    _Kind(
        "training_seconds", "Training time", "seconds", lambda run: _number(run.training_seconds)
    ),
    _Kind(
        "prediction_milliseconds",
        "Prediction time",
        "milliseconds per text",
        lambda run: _number(run.prediction_milliseconds),
    ),
)


def pareto(points: Mapping[str, Sequence[RunFacts]], comparable: set[str]) -> Pareto:
    """Every measure of every point, and the frontiers of any two measures.

    Args:
        points: runs by point: one run, or the repeats of a configuration, whose mean is taken.
        comparable: the runs whose test results may stand on one axis.
    """
    measures = tuple(_measure(kind, points, comparable) for kind in _KINDS)
    frontiers = {f"{a.key}|{b.key}": _frontier(a, b) for a, b in combinations(measures, 2)}
    return Pareto(measures=measures, frontiers=frontiers)


def mean(values: Sequence[Estimate]) -> Estimate | None:
    """One value as it is; of several, their mean with a 95 % t interval."""
    if len(values) < 2:
        return values[0] if values else None
    middle, low, high = statistics.mean_interval([estimate.value for estimate in values])
    return Estimate(value=middle, low=low, high=high)


def _measure(
    kind: _Kind, points: Mapping[str, Sequence[RunFacts]], comparable: set[str]
) -> Measure:
    values, missing = {}, {}
    for point, runs in points.items():
        fit = [run for run in runs if not kind.is_quality or run.run_id in comparable]
        found = mean([value for run in fit if (value := kind.read(run)) is not None])
        if found is None:
            missing[point] = _why(kind, runs[0], bool(fit))
        else:
            values[point] = found
    return Measure(
        key=kind.key,
        label=kind.label,
        unit=kind.unit,
        smaller_is_better=kind.smaller_is_better,
        values=values,
        missing=missing,
    )


def _why(kind: _Kind, run: RunFacts, is_comparable: bool) -> str:
    if run.note:
        return run.note
    if not is_comparable:
        return f"{run.name} was tested on other {run.texts} than the rest."
    if run.kind == RunKind.IMPORTED:
        return f"{run.name} was trained elsewhere."
    return f"{kind.label} was not measured when {run.name} was trained."


def _frontier(first: Measure, second: Measure) -> tuple[str, ...]:
    both = [point for point in first.values if point in second.values]
    if not both:
        return ()
    array = np.array([[m.values[point].value for m in (first, second)] for point in both])
    smaller = (first.smaller_is_better, second.smaller_is_better)
    is_on = statistics.on_frontier(array, smaller)
    return tuple(point for point, on in zip(both, is_on, strict=True) if on)
