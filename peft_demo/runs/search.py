"""Search: a good configuration found in some minutes by successive halving, as plain data.

A round of trials trains to the first rung, the better half of them goes on to the next, and so on
to the last epoch (Jamieson and Talwalkar 2016). Validation loss decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from peft_demo.fields import Integer, Number
from peft_demo.runs.config import RunConfig
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.presets import preset, recommended_id
from peft_demo.runs.results import Record
from peft_demo.runs.run import Run, RunStatus
from peft_demo.runs.run_fields import LEARNING_RATE, NAME

MINUTES = Number(
    "minutes",
    "Minutes",
    "What the whole search may take from its first training on, its confirmation included.",
    10,
    0.1,
    1_440,
    is_typed=True,
    unit="minutes",
)

MOST_PARAMETERS = Integer(
    "most_parameters",
    "Most parameters",
    "Leaves out what trains more in its adapter. Left empty, nothing is left out.",
    None,
    0,
    1_000_000_000,
    is_typed=True,
)

KEPT_SHARE = 2
"""One of so many goes on from each rung."""


class Expected(Record):
    """What was expected to fit into the minutes when the search was planned."""

    run_seconds: float
    """Of one whole run of its configuration with its test."""
    epoch_seconds: float
    round_sizes: tuple[int, ...]
    """Trials of each round."""
    most_trials: int = 0
    """Where each begins as quickly as it can; 0 of searches of before that was told."""
    search_seconds: float
    num_finalists: int
    """Configurations that are confirmed beside the recommended one."""
    num_seeds: int
    confirm_seconds: float

    @property
    def num_trials(self) -> int:
        """Configurations that are tried at least."""
        return sum(self.round_sizes)

    @property
    def num_confirmed(self) -> int:
        """Runs of the confirmation."""
        return (self.num_finalists + 1) * self.num_seeds


class Search(Record):
    """What is asked of a search, and how far it is; its group's runs are its trials."""

    config: dict[str, Any]
    """The flat configuration that all have in common where nothing is searched over."""
    minutes: float
    over: tuple[str, ...]
    """The fields whose values it looks for."""
    among: dict[str, list[Any]] = {}  # noqa: RUF012
    """Of some of these the only values that they may have."""
    most_parameters: int | None = None
    expected: Expected
    rounds: tuple[tuple[str, ...], ...] = ()
    """The ids of the trials of each round."""
    began_at: datetime | None = None
    """When its first trial began to train, all being loaded: its minutes count from then."""
    confirmation: str | None = None
    """The group of the runs that confirm it."""
    ended_at: datetime | None = None
    why: str = ""
    """Why it ended without what was planned, in a sentence."""

    @cached_property
    def base(self) -> RunConfig:
        """What all trials have in common."""
        return RunConfig(self.config)

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs after which trials are compared."""
        return rungs(self.base.num_train_epochs)

    def left(self, now: datetime) -> float:
        """Seconds until it has to be over; all of them before it has begun."""
        began = self.began_at or now
        return (began + timedelta(minutes=self.minutes) - now).total_seconds()

    def pauses_after(self, run: Run) -> int | None:
        """The epoch after which one of its trials that goes on now waits for the others."""
        if self.ended_at or not any(run.run_id in trials for trials in self.rounds):
            return None
        return next((rung for rung in self.rungs if rung > len(run.epochs)), None)


def rungs(num_train_epochs: int) -> tuple[int, ...]:
    """Halves of the epochs, from one epoch to all: 10 gives 1, 2, 5 and 10."""
    found = [num_train_epochs]
    while found[-1] > 1:
        found.append(found[-1] // KEPT_SHARE)
    return tuple(reversed(found))


def recommended(base: RunConfig) -> RunConfig:
    """The recommended settings of a configuration's method, on its texts and epochs.

    So that what is compared differs in what was searched, and not in how much it has seen.
    """
    values = base.flat()
    shown = preset(recommended_id(base.method)).config(
        base_model=base.base_model, dataset=base.dataset
    )
    own = {**shown.method_values, LEARNING_RATE.name: shown.learning_rate}
    return RunConfig({**values, **own, NAME.name: shown.name})


def loss_at(run: Run, rung: int) -> float:
    """A trial's validation loss at a rung, or at its last epoch before; infinite without one."""
    return run.epochs[min(rung, len(run.epochs)) - 1].eval_loss if run.epochs else math.inf


def has_reached(run: Run, rung: int) -> bool:
    """Whether a trial has done so many epochs, or has stopped early by its own patience."""
    return len(run.epochs) >= rung or run.status is RunStatus.COMPLETED


class Standing(Record):
    """How a round stands: the trials that are in it still, and those that are out."""

    rung: int
    """That the trials in it are on their way to, or the last one."""
    contenders: tuple[Run, ...]
    is_over: bool = False


def standing(
    trials: Sequence[Run], steps: Sequence[int], is_dead: Callable[[Run], bool]
) -> Standing:
    """Who goes on: the better half at each rung that all have reached who can.

    Args:
        trials: of one round.
        steps: the rungs.
        is_dead: whether a trial that has not reached its rung never will.
    """
    contenders = tuple(trials)
    for rung in steps:
        alive = [run for run in contenders if has_reached(run, rung) or not is_dead(run)]
        if not all(has_reached(run, rung) for run in alive):
            return Standing(rung=rung, contenders=tuple(alive))
        best = sorted(alive, key=lambda run: loss_at(run, rung))
        # What reaches the last rung is not halved any more: all of it was trained to the end.
        kept = len(best) if rung == steps[-1] else max(1, len(best) // KEPT_SHARE)
        contenders = tuple(best[:kept]) if best else ()
        if not contenders:
            break
    return Standing(rung=steps[-1], contenders=contenders, is_over=True)


def ranked(trials: Collection[Run]) -> list[Run]:
    """Trials with an epoch, the best first: those that got furthest, by their last losses."""
    able = [run for run in trials if run.epochs and run.status is not RunStatus.FAILED]
    return sorted(able, key=lambda run: (-len(run.epochs), run.epochs[-1].eval_loss, run.run_id))


def same_settings(one: KnownConfig, other: KnownConfig) -> bool:
    """Whether two configurations differ in nothing but their seeds and names."""
    return settings_key(one.flat()) == settings_key(other.flat())


def settings_key(values: Mapping[str, Any]) -> str:
    """Equal for the same settings, whatever seed and name."""
    kept = {name: value for name, value in values.items() if name not in ("seed", NAME.name)}
    return repr(sorted((name, str(value)) for name, value in kept.items()))
