"""What was measured about learning rates: benchmarks/methods.json, written by ``tune``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from peft_demo import settings
from peft_demo.formats import typed

FILE = settings.BENCHMARKS / "methods.json"

GUESSING = math.log(2)
"""Loss of a model that gives each of two labels one half."""

HARDLY = 0.1
"""A run hardly moved if its loss fell by less than this share of what the best one's did."""


class TunedRun(BaseModel):
    """One run of a ladder."""

    model_config = ConfigDict(frozen=True)

    method: str
    learning_rate: float
    seed: int
    config: dict[str, Any]
    """The whole flat configuration."""
    outcome: Literal["trained", "diverged"]
    steps: int
    eval_loss: float | None = None
    """Log loss on the validation reviews after the last epoch; the rate is chosen by it."""
    eval_accuracy: float | None = None
    test_accuracy: float | None = None
    test_interval: tuple[float, float] | None = None
    """95 % Wilson interval."""
    test_loss: float | None = None
    num_test_reviews: int | None = None
    num_adapter_parameters: int | None = None
    num_head_parameters: int | None = None
    file_bytes: int | None = None
    seconds: float | None = None
    environment: dict[str, str] = {}


def read(path: Path) -> tuple[TunedRun, ...]:
    """The runs of a file; none if it is not there yet."""
    if not path.exists():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return tuple(TunedRun.model_validate(row) for row in rows)


@lru_cache(maxsize=1)
def runs() -> tuple[TunedRun, ...]:
    """All runs that come with the program; none where their file cannot be read."""
    try:
        return read(FILE)
    except (OSError, ValueError, KeyError, TypeError):
        return ()  # without measurements every method keeps its starting rate


def _of(method_id: str, among: Sequence[TunedRun] | None) -> list[TunedRun]:
    return [run for run in (runs() if among is None else among) if run.method == method_id]


def ladder(method_id: str, among: Sequence[TunedRun] | None = None) -> dict[float, TunedRun]:
    """The first seed's run at each rate, ascending."""
    mine = _of(method_id, among)
    first = min((run.seed for run in mine), default=0)
    return {
        run.learning_rate: run
        for run in sorted(mine, key=lambda run: run.learning_rate)
        if run.seed == first
    }


def best_rate(method_id: str, among: Sequence[TunedRun] | None = None) -> float | None:
    """The rate with the lowest validation loss, averaged over seeds; None if nothing was trained.

    The test reviews take no part in choosing. A seed that diverged rules its rate out.
    """
    losses: dict[float, list[float]] = {}
    for run in _of(method_id, among):
        loss = math.inf if run.eval_loss is None else run.eval_loss
        losses.setdefault(run.learning_rate, []).append(loss)
    means = {rate: sum(values) / len(values) for rate, values in sorted(losses.items())}
    finite = [rate for rate in means if math.isfinite(means[rate])]
    return min(finite, key=lambda rate: means[rate], default=None)


def warning(method_id: str, label: str, learning_rate: float) -> str:
    """Why this rate is likely to disappoint, by the nearest measured ones, or an empty text."""
    rungs = ladder(method_id)
    best = best_rate(method_id)
    if best is None:
        return ""
    came = {rate: _outcome(rungs, rate, best) for rate in rungs}
    hardly = [rate for rate in rungs if came[rate].startswith(_HARDLY)]
    spoilt = [rate for rate in rungs if rate > best and came[rate] in (_DIVERGED, _GUESSED)]
    if learning_rate <= max(hardly, default=0):
        what = "likely too low"
    elif learning_rate >= min(spoilt, default=math.inf):
        what = "likely too high"
    elif learning_rate < min(rungs) / 2:
        what = "lower than any measured"
    elif learning_rate > max(rungs) * 2:
        what = "higher than any measured"
    else:
        return ""
    rates: dict[str, list[str]] = {}
    for rate in _around(rungs, learning_rate):
        rates.setdefault(came[rate], []).append(typed(rate))
    told = " and ".join(f"{' and '.join(some)} {outcome}" for outcome, some in rates.items())
    return (
        f"learning_rate {typed(learning_rate)} is {what} for {label}: measured nearest to it, "
        f"{told}; "
        f"{typed(best)} did best here."
    )


def too_high(method_id: str, label: str, learning_rate: float, sign: str) -> str:
    """That this rate was too high, with the nearest lower ones at which a model learned.

    ``sign`` is what showed it.
    """
    rungs, best = ladder(method_id), best_rate(method_id)
    learned = [
        rate
        for rate in rungs
        if best is not None and rate < learning_rate and _outcome(rungs, rate, best) == _LEARNED
    ]
    known = "a lower one may do"
    if learned:
        known = f"measured nearest to it, {typed(max(learned))} learned"
        if best in learned:
            known += (
                ", and did best here" if best == max(learned) else f", and {typed(best)} did best"
            )
    return f"learning_rate {typed(learning_rate)} is too high for {label} ({sign}); {known}."


_DIVERGED = "diverged"
_GUESSED = "did no better than guessing"
_HARDLY = "hardly moved"
_LEARNED = "learned"


def _outcome(rungs: Mapping[float, TunedRun], rate: float, best: float) -> str:
    """What came of a rate, in words."""
    run = rungs[rate]
    if run.eval_loss is None:
        return _DIVERGED
    fall = GUESSING - run.eval_loss
    if rate < best and fall < HARDLY * (GUESSING - (rungs[best].eval_loss or 0.0)):
        return f"{_HARDLY} in {run.steps} steps"
    return _GUESSED if fall < 0 else _LEARNED


def _around(rates: Iterable[float], rate: float) -> list[float]:
    """The measured rates next to one on either side, or the rate itself; ascending."""
    measured = sorted(rates)
    lower = [each for each in measured if each <= rate][-1:]
    higher = [each for each in measured if each >= rate][:1]
    return sorted({*lower, *higher})
