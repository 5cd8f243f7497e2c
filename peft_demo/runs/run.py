"""Run: a snapshot of one run, its life and its group."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

import pydantic

from peft_demo.runs.history import read_config, read_import
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.results import (
    BeforeTraining,
    BestEpoch,
    EpochMetrics,
    Progress,
    RangeTest,
    Record,
    RunResult,
    StepMetrics,
    StoppedEarly,
    best_epoch,
)


class RunStatus(StrEnum):
    """Where a run is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    """It crashed; the error says why."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""
    INTERRUPTED = "interrupted"
    """The program that trained it ended."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class RunKind(StrEnum):
    """What the engine does for a run."""

    TRAINING = "training"
    RANGE_TEST = "range_test"
    """A short training at growing learning rates, to find a good one; nothing is saved."""
    IMPORTED = "imported"
    """An adapter that was trained elsewhere: tested here, not trained."""
    MIXED = "mixed"
    """Adapters of several runs, put together by peft: tested here, not trained."""


class GroupKind(StrEnum):
    """Why runs belong together."""

    REPEATS = "repeats"
    """One configuration with several seeds."""
    SWEEP = "sweep"
    """Every combination of some fields' values, perhaps each with several seeds."""
    LESSON = "lesson"
    """Configurations that a lesson compares, and no sweep makes."""
    SEARCH = "search"
    """The trials of a search, of which the better half goes on at each rung."""
    CONFIRMATION = "confirmation"
    """The best of a search and the recommended preset, each with several seeds."""


_ID = re.compile("[0-9a-f]{32}")


def name_of(owner: str) -> str:
    """What an owner without nickname is called: a visitor's long id becomes a short one."""
    return f"guest {owner[:4]}" if _ID.fullmatch(owner) else owner


class RunGroup(Record):
    """Runs that were queued together."""

    group_id: str
    kind: GroupKind
    name: str
    owner: str
    nickname: str = ""
    """What its owner calls himself."""
    created_at: datetime
    is_race: bool = False
    """Its runs are trained in turns, so that their curves grow together."""
    axes: dict[str, list[Any]] = {}  # noqa: RUF012
    """The swept fields with their values, in the order of the sweep."""

    @property
    def owner_name(self) -> str:
        """Whose group it is, for people."""
        return self.nickname or name_of(self.owner)


class Run(Record):
    """A snapshot of one run; it never changes."""

    run_id: str
    kind: RunKind = RunKind.TRAINING
    config: KnownConfig
    owner: str
    nickname: str = ""
    """What its owner calls himself."""
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: Progress = Progress()
    before_training: BeforeTraining | None = None
    """None before it was measured, and of runs of before there was such a measurement."""
    epochs: tuple[EpochMetrics, ...] = ()
    probes: tuple[str, ...] = ()
    """What its owner watched when it was queued: asked before the training and after each epoch."""
    error: str | None = None
    """Why it failed or was interrupted, without folders of the machine: everybody may read it."""
    whole_error: str | None = pydantic.Field(None, exclude=True)
    """The same with them; see ``in_full``."""
    result: RunResult | None = None
    range_test: RangeTest | None = None
    group_id: str | None = None
    """The group that it was queued with."""
    tags: tuple[str, ...] = ()
    note: str = ""
    is_starred: bool = False
    is_reference: bool = False
    """It came with the program and cannot be deleted."""
    queue_position: int | None = None
    """1 for the run that is trained next."""
    version: int = 0
    """The store's version at which this run last changed."""

    @property
    def in_full(self) -> Run:
        """The run for who sits at the machine: its error names the folders of it."""
        return self.model_copy(update={"error": self.whole_error or self.error})

    @property
    def owner_name(self) -> str:
        """Whose run it is, for people."""
        return "reference" if self.is_reference else self.nickname or name_of(self.owner)

    @property
    def forward_pass(self) -> str | None:
        """How its network computed (see ``settings.forward``); None before it has a result."""
        if self.result is None:
            return None
        # Runs of before there was a choice computed as transformers does.
        return self.result.environment.get("forward", "transformers")

    @property
    def can_predict(self) -> bool:
        """Whether it left an adapter that can be loaded."""
        is_adapter = self.kind is not RunKind.RANGE_TEST and self.problem is None
        return is_adapter and self.status is RunStatus.COMPLETED

    @property
    def can_resume(self) -> bool:
        """Whether it is a training that ended before it was finished, and might go on."""
        is_unfinished = self.status in (RunStatus.CANCELLED, RunStatus.INTERRUPTED)
        return is_unfinished and self.kind is RunKind.TRAINING and self.problem is None

    @property
    def can_keep(self) -> bool:
        """Whether it is a training in progress, of which the last whole epoch might be kept."""
        return self.status is RunStatus.RUNNING and self.kind is RunKind.TRAINING

    @property
    def stopped_early(self) -> StoppedEarly | None:
        """That it was kept before all its epochs were done; None of all others."""
        return self.result.stopped_early if self.result else None

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def best_epoch(self) -> BestEpoch | None:
        """Of those so far the one with the least validation loss; it is not always what is kept."""
        return best_epoch(self.epochs) if self.epochs else None

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def seems_swapped(self) -> bool:
        """Whether an import is so far below guessing that its two labels are probably swapped."""
        if self.kind is not RunKind.IMPORTED or self.result is None:
            return False
        return len(self.config.labels) == 2 and self.result.test_interval[1] < 1 / 2

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def problem(self) -> str | None:
        """Why it can be shown and nothing else: today's rules refuse it, or some is unreadable."""
        return self.config.problem

    @pydantic.field_validator("config", mode="wrap")
    @classmethod
    def _leniently(cls, value: Any, _handler: Any, info: pydantic.ValidationInfo) -> KnownConfig:
        if isinstance(value, KnownConfig):
            return value
        is_import = info.data.get("kind") is RunKind.IMPORTED
        return read_import(value) if is_import else read_config(value)


class Reporter:
    """Where a training tells what happens, and asks whether it should stop.

    One that says nothing else hears nothing and never stops it.
    """

    def report(self, event: Progress | StepMetrics | BeforeTraining | EpochMetrics) -> None:
        """How far it is; a step is done; what is to be trained, or one epoch, is evaluated."""

    def should_stop(self) -> bool:
        """Whether somebody asked for this run to stop."""
        return False

    def should_keep(self) -> bool:
        """Whether somebody asked for it to end with its last whole epoch."""
        return False
