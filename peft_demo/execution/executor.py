"""Executor: where jobs are computed. Only the engine drives one.

Threads: ``start`` returns at once. A handle is iterated by one thread, to its end; ``cancel`` may
be called from any thread, at any time, more than once. An executor may wait with a job until the
event before is dealt with, so whoever iterates must not stop halfway.

Order: ``Progress`` and ``StepMetrics`` come as they happen, an ``EpochMetrics`` after the steps of
its epoch, and exactly one of ``Finished``, ``Failed`` and ``Cancelled`` comes last. Nothing is
raised, neither by ``start`` nor while iterating: what goes wrong is a ``Failed`` with its reason.

Ownership: ``files`` belongs to its job from ``start`` to the last event. The executor writes into
that folder only; after ``Finished`` all files are there, and nobody touches it any more. It knows
no store and no run. A job's numbers are those that it has alone, to the last digit.

Events are plain frozen records that go through JSON unchanged. A new executor, for a cluster say,
is one file in ``executors/`` that passes ``tests/execution/test_executors.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from peft_demo.runs import EpochMetrics, Progress, RangeTest, RunKind, RunResult, StepMetrics
from peft_demo.runs.results import Record


class Job(Record):
    """What to compute."""

    kind: RunKind
    config: dict[str, Any]
    """A flat RunConfig."""
    largest_file: int | None = None
    """Bytes above which the adapter is stored in half precision."""


@dataclass(frozen=True)
class Task:
    """A job and the folder for its files; the test of an import begins with the adapter's."""

    job: Job
    files: Path


class Finished(Record):
    """The job is done."""

    result: RunResult | RangeTest


class Failed(Record):
    """The job cannot be done."""

    reason: str
    """One sentence for a person."""
    traceback: str = ""


class Cancelled(Record):
    """The job was left because somebody asked for it."""


End = Finished | Failed | Cancelled
Event = Progress | StepMetrics | EpochMetrics | End

_EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json(event: Event) -> dict[str, Any]:
    """An event for other processes and machines."""
    return {"event": type(event).__name__, **event.model_dump(mode="json")}


def from_json(plain: dict[str, Any]) -> Event:
    """The event that ``to_json`` described."""
    return _EVENTS[plain["event"]].model_validate(plain)


class Handle(Protocol):
    """A job that was started."""

    def __iter__(self) -> Iterator[Event]:
        """What the job tells, as it happens."""

    def cancel(self) -> None:
        """Leave the job within a training step."""


class Executor(Protocol):
    """Computes jobs."""

    slots: int
    """How many calls of ``start`` are worked on at a time; further ones wait."""

    def start(self, tasks: Sequence[Task]) -> Sequence[Handle]:
        """Begin with tasks that take turns, so that their curves grow side by side."""

    def close(self) -> None:
        """Let go of what was loaded; jobs are cancelled before."""
