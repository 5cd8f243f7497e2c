"""Curves against epochs, reviews seen or seconds; of repeats their mean with a band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from peft_demo import statistics
from peft_demo.runs import Run


def axes(run: Run, steps: Sequence[int]) -> dict[str, list[float | None]]:
    """Where optimiser steps are on each axis a curve can be drawn against.

    Seconds are known at the end of each epoch and drawn evenly between; None after the last.
    """
    train, batch = run.config.num_train_reviews, run.config.per_device_train_batch_size
    per_epoch = -(-train // batch)
    seen = [(s // per_epoch) * train + min((s % per_epoch) * batch, train) for s in steps]
    return {
        "epochs": [round(count / train, 4) for count in seen],
        "reviews": list(seen),
        "seconds": _seconds(run, steps),
    }


def epoch_curves(run: Run) -> dict[str, Any]:
    """What was measured after each epoch."""
    return {
        **axes(run, [epoch.step for epoch in run.epochs]),
        "eval_accuracy": [round(epoch.eval_accuracy, 4) for epoch in run.epochs],
        "eval_loss": [round(epoch.eval_loss, 4) for epoch in run.epochs],
        "train_loss": [round(epoch.train_loss, 4) for epoch in run.epochs],
    }


def mean_curves(runs: Sequence[Run]) -> dict[str, Any]:
    """The epoch curves of repeats as mean, low and high; where only one is left, it alone."""
    curves = [epoch_curves(run) for run in runs if run.epochs]
    if not curves:
        return {}
    longest = max(curves, key=lambda curve: len(curve["epochs"]))
    averaged = {key: longest[key] for key in ("epochs", "reviews", "seconds")}
    for key in ("eval_accuracy", "eval_loss", "train_loss"):
        rows = [
            _mean([c[key][i] for c in curves if i < len(c[key])])
            for i in range(len(longest["epochs"]))
        ]
        for name, values in zip(
            (key, f"{key}_low", f"{key}_high"), zip(*rows, strict=True), strict=True
        ):
            averaged[name] = list(values)
    return averaged


def _mean(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(round(number, 4) for number in statistics.mean_interval(values))  # type: ignore[return-value]


def _seconds(run: Run, steps: Sequence[int]) -> list[float | None]:
    if not run.epochs:
        return [None] * len(steps)
    known = [0, *(epoch.step for epoch in run.epochs)]
    times = [0.0, *(epoch.seconds for epoch in run.epochs)]
    spread = np.interp(steps, known, times)
    return [
        round(float(time), 2) if step <= known[-1] else None
        for step, time in zip(steps, spread, strict=True)
    ]
