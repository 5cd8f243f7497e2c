"""Executor: where jobs are computed. Only the engine drives one.

Threads: one thread calls ``start``, which returns at once, and starts no more than there are slots
for. A handle is iterated by one thread, to its end; ``cancel`` and ``keep`` may be called from any
thread, at any time, more than once; ``cancel`` counts more. An executor may wait with a job until
the event before is dealt with, so whoever iterates must not stop halfway.

Order: ``Progress`` and ``StepMetrics`` come as they happen, ``BeforeTraining`` before the first
step (not of a training that goes on, and again of one that begins anew), an ``EpochMetrics`` after
the steps of its epoch, and one of ``Finished``, ``Failed`` and ``Cancelled`` comes last. Nothing is
raised while iterating: what goes wrong is a ``Failed`` with its reason. ``start`` raises if none
can begin.

Ownership: ``files`` belongs to its job from ``start`` to the last event. The executor writes into
that folder only; after ``Finished`` all files are there, and nobody touches it any more. After any
other end, and when everything dies, the last checkpoint of a training is there. It knows no store
and no run. A job's numbers are those that it has alone, to the last digit.

Jobs and events are plain frozen records that go through JSON unchanged. A new executor is a file in
``executors/`` that passes ``tests/executor_contract.py``.
"""

from __future__ import annotations

import platform
import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from peft_demo.execution.machines import Machine
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    RangeTest,
    RunKind,
    RunResult,
    StepMetrics,
)
from peft_demo.runs.footprint import NOTHING, Measured
from peft_demo.runs.results import Record


class Job(Record):
    """What to compute."""

    kind: RunKind
    config: dict[str, Any]
    """A flat RunConfig; of an import or a mix its own."""
    files: Path
    """The folder for its files; the test of an import begins with the adapter's, a training that
    goes on with a checkpoint."""
    largest_file: int | None = None
    """Bytes above which the adapter is stored in half precision."""
    probes: tuple[str, ...] = ()
    """Texts that a training is asked about before it and after each epoch."""
    measured: Measured = NOTHING
    """What such trainings took here of memory, by which it may begin."""


class Finished(Record):
    """The job is done."""

    result: RunResult | RangeTest


class Failed(Record):
    """The job cannot be done."""

    reason: str
    """One sentence for a person."""
    traceback: str = ""
    is_defect: bool = True
    """Whether a person may need the traceback; else the reason says it all."""


class Cancelled(Record):
    """The job was left because somebody asked for it, or for a reason; it may be begun again."""

    reason: str = ""
    """One sentence for a person, where nobody asked for it."""
    was_lost: bool = False
    """Whether that was the machine's end alone: another may go on with it at once."""


End = Finished | Failed | Cancelled
Event = Progress | StepMetrics | BeforeTraining | EpochMetrics | End


class Handle:
    """A job that was started: whoever iterates hears what it tells, as it happens."""

    machine = platform.node()
    """The name of the one that computes it, see ``Executor.machines``; empty until one does."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._cancelled = threading.Event()
        self._kept = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        is_over = False
        while not is_over:
            event = self._events.get()
            is_over = isinstance(event, End)
            yield event
            self._events.task_done()

    def cancel(self) -> None:
        """Leave the job within a training step."""
        self._cancelled.set()

    def keep(self) -> None:
        """End a training within a step with its last whole epoch, or its first one yet to come."""
        self._kept.set()

    # From here on: for its executor.

    def tell(self, event: Event) -> None:
        """Put an event at the end."""
        self._events.put(event)

    def should_stop(self) -> bool:
        """Whether somebody called ``cancel``."""
        return self._cancelled.is_set()

    def should_keep(self) -> bool:
        """Whether somebody called ``keep``."""
        return self._kept.is_set()


class Executor(Protocol):
    """Computes jobs."""

    @property
    def slots(self) -> int:
        """How many calls of ``start`` it works on at a time; in a cluster that may change."""

    def start(self, jobs: Sequence[Job]) -> Sequence[Handle]:
        """Begin with jobs that take turns, so that their curves grow side by side."""

    def machines(self) -> Sequence[Machine]:
        """Where it computes, as it is now; returns at once."""

    def close(self) -> None:
        """Let go of what was loaded; jobs are cancelled before."""
