"""Curves as the browser draws them: columns of values, each beside every axis they can be drawn on.

A run has two tracks, ``by_epoch`` (what was measured before the training, as epoch 0, and after
each epoch) and ``by_step`` (the loss of each optimiser step); repeats have the first alone, as
their mean with a band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from peft_demo import statistics
from peft_demo.runs import BeforeTraining, EpochMetrics, Run, StepMetrics
from peft_demo.runs.results import Shares
from peft_demo.statistics import Interval

POINTS = 200
"""Most points of a loss curve that are sent; more steps are averaged."""

AXES = ("steps", "epochs", "reviews", "seconds")
_MEASURED = ("eval_accuracy", "eval_loss")

PROBE = "probe "
"""How the columns of probes begin; a label and the probe follow, whose probability stands there."""

Track = dict[str, list[Any]]
"""Columns of equal length: the axes, and what is drawn over them."""


def run_curves(run: Run, steps: Sequence[StepMetrics]) -> dict[str, Track]:
    """Both tracks of a run; ``steps`` are what was logged of each of its steps."""
    places, losses = thinned([step.step for step in steps], [step.loss for step in steps])
    return {"by_epoch": _by_epoch(run), "by_step": {**axes(run, places), "loss": losses}}


def probed(run: Run) -> tuple[list[int], dict[str, list[float]]]:
    """Epochs from 0, and how likely after each the label was that each probe is told with."""
    before = [0] if run.before_training else []
    columns = _by_epoch(run).items()
    found = {key.removeprefix(PROBE): column for key, column in columns if key.startswith(PROBE)}
    return [*before, *(epoch.epoch for epoch in run.epochs)], found


def mean_curves(runs: Sequence[Run]) -> dict[str, Track]:
    """Repeats as mean, ``…_low`` and ``…_high`` of each epoch; where only one is left, it alone."""
    tracks = [_by_epoch(run) for run in runs if run.epochs]
    if not tracks:
        return {}
    # Some may have stopped early, and some begin at epoch 1; the longest has its own axes.
    tracks.sort(key=lambda track: len(track["steps"]))
    places = {step: (track, at) for track in tracks for at, step in enumerate(track["steps"])}
    steps = sorted(places)
    averaged: Track = {
        axis: [track[axis][at] for track, at in map(places.__getitem__, steps)] for axis in AXES
    }
    for key in _MEASURED:
        known = [dict(zip(track["steps"], track[key], strict=True)) for track in tracks]
        means = [_mean([values[step] for values in known if step in values]) for step in steps]
        averaged[key] = [round(mean.value, 4) for mean in means]
        # Of few seeds an interval reaches where no value can be.
        highest = 1.0 if key == "eval_accuracy" else math.inf
        averaged[f"{key}_low"] = [round(max(0.0, mean.low), 4) for mean in means]
        averaged[f"{key}_high"] = [round(min(highest, mean.high), 4) for mean in means]
    return {"by_epoch": averaged}


def axes(run: Run, steps: Sequence[int]) -> Track:
    """Where optimiser steps are on each axis a curve can be drawn against.

    Seconds are known at the end of each epoch and drawn evenly between; None after the last.
    """
    return {"steps": list(steps), **_seen(run, steps), "seconds": _seconds(run, steps)}


def _seen(run: Run, steps: Sequence[int]) -> Track:
    """Epochs and texts after each step; None where it is not known how many a step sees."""
    train, batch = run.config.num_train_reviews, run.config.number("per_device_train_batch_size")
    if not train or batch is None or batch < 1:
        return {"epochs": [None] * len(steps), "reviews": [None] * len(steps)}
    per_epoch = -(-train // batch)
    seen = [(s // per_epoch) * train + min((s % per_epoch) * batch, train) for s in steps]
    return {"epochs": [round(count / train, 4) for count in seen], "reviews": seen}


def thinned(steps: Sequence[int], losses: Sequence[float]) -> tuple[list[int], list[float]]:
    """At most POINTS of a loss curve: neighbours averaged, at the last of their steps."""
    width = -(-len(steps) // POINTS) or 1
    starts = range(0, len(steps), width)
    places = [steps[min(start + width, len(steps)) - 1] for start in starts]
    return places, [round(float(np.mean(losses[start : start + width])), 4) for start in starts]


def _by_epoch(run: Run) -> Track:
    before = [run.before_training] if run.before_training else []
    every: list[BeforeTraining | EpochMetrics] = [*before, *run.epochs]
    return {
        **axes(run, [*(0 for _ in before), *(epoch.step for epoch in run.epochs)]),
        **{key: [round(getattr(each, key), 4) for each in every] for key in _MEASURED},
        **_probed(run, [each.probes for each in every]),
    }


def _probed(run: Run, said: Sequence[Shares]) -> Track:
    """How likely each probe's label is: the second of two, else the one that it has at the end."""
    found: Track = {}
    if said and all(len(shares) == len(run.probes) for shares in said):
        for place, probe in enumerate(run.probes):
            last = said[-1][place]
            label = 1 if len(last) == 2 else last.index(max(last))
            shares = [round(each[place][label], 4) for each in said]
            found[f"{PROBE}{run.config.labels[label]}: {probe}"] = shares
    return found


def _mean(values: Sequence[float]) -> Interval:
    if len(values) < 2:
        return Interval(value=values[0], low=values[0], high=values[0])
    return statistics.mean_interval(values)


def _seconds(run: Run, steps: Sequence[int]) -> list[float | None]:
    known = [0, *(epoch.step for epoch in run.epochs)]
    times = [0.0, *(epoch.seconds for epoch in run.epochs)]
    spread = np.interp(steps, known, times, right=np.nan)
    return [None if math.isnan(time) else round(time, 2) for time in spread.tolist()]
