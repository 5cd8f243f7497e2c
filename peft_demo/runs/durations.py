"""How long runs take from start to end, by how fast this machine has been with its own."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from peft_demo.runs.config import RunConfig
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.run import Run, RunKind, RunStatus

ONLY_READ = 1 / 3
"""What a token costs that is only read, of what one costs that is learned from: going forward takes
about half as long as going back."""


class Durations:
    """Forecasts from runs that are known; those of the same method count alone where there are any.

    A training that goes on counts from its first epoch.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self._costs: dict[tuple[object, ...], list[float]] = {}
        self._others: dict[RunKind, list[float]] = {}
        for run in runs:
            if run.kind is RunKind.TRAINING:
                self._learn(run)
            elif run.started_at and run.finished_at and run.status is RunStatus.COMPLETED:
                wall = (run.finished_at - run.started_at).total_seconds()
                self._others.setdefault(run.kind, []).append(wall)
        self._medians = {key: median(costs) for key, costs in self._costs.items()}

    def left(self, run: Run) -> float | None:
        """Seconds of work until a run is over; None if nothing like it is known."""
        if run.kind is not RunKind.TRAINING or not isinstance(run.config, RunConfig):
            known = self._others.get(run.kind)
            return median(known) * (1 - _share(run)) if known else None
        done = _work(run.config, run.config.num_train_epochs * _share(run), 0)
        cost = self._cost(run.config, of_references=False)
        return None if cost is None else cost * (_all_work(run.config) - done)

    def roughly(self, config: KnownConfig) -> float:
        """Seconds of a training, by the reference runs' machine where nothing else is known."""
        if not isinstance(config, RunConfig):
            return 0.0
        own, theirs = (self._cost(config, of_references=each) for each in (False, True))
        return _all_work(config) * (own or theirs or 0.0)

    def of_epochs(self, config: RunConfig, epochs: float) -> float:
        """Seconds of so many of a training's epochs without its test; else as ``roughly``."""
        return self.roughly(config) * _work(config, epochs, 0) / _all_work(config)

    def _cost(self, config: RunConfig, *, of_references: bool) -> float | None:
        keys = ((config.base_model, config.method), (config.base_model,))
        found = (self._medians.get((of_references, *key)) for key in keys)
        return next((cost for cost in found if cost is not None), None)

    def _learn(self, run: Run) -> None:
        config = run.config
        if run.problem is not None or not isinstance(config, RunConfig):
            return
        if run.result is not None:
            cost = run.result.seconds / _all_work(config)
        elif run.epochs and run.epochs[-1].seconds:
            cost = run.epochs[-1].seconds / _work(config, len(run.epochs), 0)
        else:
            return
        for key in ((config.base_model, config.method), (config.base_model,)):
            self._costs.setdefault((run.is_reference, *key), []).append(cost)


def _share(run: Run) -> float:
    """How much of its work but the test is done; one that waits may go on from an epoch."""
    at = run.progress
    if run.status is RunStatus.RUNNING:
        return at.step / at.max_steps if at.max_steps else 0.0
    return len(run.epochs) / (run.config.number("num_train_epochs") or 1)


def _all_work(config: RunConfig) -> float:
    return _work(config, config.num_train_epochs, config.num_test_reviews)


def _work(config: RunConfig, epochs: float, num_test_reviews: int) -> float:
    """Tokens that are learned from, and a share of those that are read.

    Texts are cut at max_length, and most are longer.
    """
    read = config.num_validation_reviews * epochs + num_test_reviews
    return config.max_length * (config.num_train_reviews * epochs + ONLY_READ * read)
