"""Runs as the database has them: found, read and reported on, with their files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydantic
from sqlalchemy import select
from sqlalchemy.orm import Session

from peft_demo.errors import NotFoundError
from peft_demo.runs import (
    EpochMetrics,
    Progress,
    RangeTest,
    Run,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.storage import reference_runs
from peft_demo.storage.database import Database, now, touch
from peft_demo.storage.reference_runs import ReferenceRuns
from peft_demo.storage.rows import (
    chunks,
    epochs_of,
    missing,
    no_such_run,
    number_in,
    places,
    run_id_of,
    run_of,
)
from peft_demo.storage.tables import EpochRow, RunRow, StepRow


class Runs:
    """The runs of a database, and the reference runs."""

    def __init__(self, database: Database, references: ReferenceRuns) -> None:
        self.database = database
        self.references = references
        self._transaction = database.transaction
        self._cache: dict[int, Run] = {}

    def get(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            NotFoundError: there is none.
        """
        if run_id in self.references.by_id:
            return self.references.by_id[run_id]
        number = self.number(run_id)
        with self._transaction(write=False) as session:
            self.row(session, run_id)
            return self.snapshots(session, stamped().where(RunRow.number == number))[0]

    def all(self, since: int = -1) -> list[Run]:
        """Runs that changed after version ``since``, newest first, then the references.

        One that this version cannot read, or would refuse, is there with its ``problem``.
        """
        references = list(self.references.by_id.values()) if since < 0 else []
        if not self.database.is_open:
            return references
        with self._transaction(write=False) as session:
            changed = stamped().where(RunRow.version > since).order_by(RunRow.number.desc())
            return [*self.snapshots(session, changed), *references]

    def ids(self) -> list[str]:
        """The ids of all runs, in the order of ``all``."""
        numbers: Sequence[int] = []
        if self.database.is_open:
            with self._transaction(write=False) as session:
                found = _undeleted(select(RunRow.number))
                numbers = session.scalars(found.order_by(RunRow.number.desc())).all()
        return [*map(run_id_of, numbers), *self.references.by_id]

    def steps(self, run_id: str) -> list[StepMetrics]:
        """Every optimiser step of a run, in order."""
        folder = self.references.folder_of(run_id)
        if folder is not None:
            return reference_runs.read_steps(folder)
        number = self.number(run_id)
        with self._transaction(write=False) as session:
            found = _undeleted(select(StepRow).join(RunRow, RunRow.number == StepRow.run))
            rows = session.scalars(found.where(StepRow.run == number).order_by(StepRow.step))
            read = (_step_of(row) for row in rows)
            return [metrics for metrics in read if metrics is not None]

    def report(
        self,
        run_id: str,
        progress: Progress | None = None,
        steps: Sequence[StepMetrics] = (),
        epoch: EpochMetrics | None = None,
    ) -> None:
        """Record what a training reported, in one transaction."""
        with self._transaction() as session:
            row = self.row(session, run_id)
            if progress is not None:
                row.progress = progress.model_dump()
            session.add_all(StepRow(run=row.number, **step.model_dump()) for step in steps)
            if epoch is not None:
                metrics = epoch.model_dump()
                session.add(EpochRow(run=row.number, epoch=epoch.epoch, metrics=metrics))
            touch(session, row)

    def finish(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: str | None = None,
        result: RunResult | None = None,
        range_test: RangeTest | None = None,
    ) -> Run:
        """Record how a run ended."""
        with self._transaction() as session:
            row = self.row(session, run_id)
            row.status = status
            row.finished_at = now()
            row.error = error
            row.result = result.model_dump() if result else None
            row.range_test = range_test.model_dump() if range_test else None
            touch(session, row)
        return self.get(run_id)

    def folder_of(self, run_id: str) -> Path:
        """Where a run's files are: its adapter in peft's format, and what was measured."""
        return self.references.folder_of(run_id) or self._path(run_id, "{}")

    def partial_folder_of(self, run_id: str) -> Path:
        """Where a run's files gather until all are there."""
        return self._path(run_id, ".partial-{}")

    def log_of(self, run_id: str) -> Path:
        """Where the traceback of a failed run is kept."""
        return self._path(run_id, "{}.log")

    # From here on: for the store's other parts.

    def number(self, run_id: str) -> int:
        """The number in a run's id.

        Raises:
            NotFoundError: it is no such id.
        """
        number = number_in(run_id, "run")
        if number is None:
            raise no_such_run(run_id)
        return number

    def row(self, session: Session, run_id: str) -> RunRow:
        """The row of one run; see ``rows``."""
        return self.rows(session, [run_id])[0]

    def rows(
        self, session: Session, run_ids: Sequence[str], *, even_deleted: bool = False
    ) -> list[RunRow]:
        """The rows of these runs, in this order.

        Raises:
            NotFoundError: one of them is not there.
        """
        numbers = [self.number(run_id) for run_id in run_ids]
        found = {
            row.number: row
            for some in chunks(numbers)
            for row in session.scalars(select(RunRow).where(RunRow.number.in_(some)))
        }
        for number in numbers:
            row = found.get(number)
            if row is None:
                raise missing(session, number)
            if row.deleted_at is not None and not even_deleted:
                raise NotFoundError(f"{run_id_of(number)} was deleted.")
        return [found[number] for number in dict.fromkeys(numbers)]

    def snapshots(self, session: Session, stamps: Any) -> list[Run]:
        """The runs that ``stamps`` asks for; what has not changed is not read again."""
        versions: dict[int, int] = dict(session.execute(stamps).all())
        found = {number: self._cache.get(number) for number in versions}
        new = [
            number
            for number, run in found.items()
            if run is None or run.version != versions[number]
        ]
        for some in chunks(new):
            rows = session.scalars(select(RunRow).where(RunRow.number.in_(some))).all()
            epochs = epochs_of(session, some)
            queue = places(session) if any(row.status == RunStatus.QUEUED for row in rows) else {}
            for row in rows:
                run = run_of(row, epochs[row.number], queue.get(row.number))
                found[row.number] = self._cache[row.number] = run
        return [run for run in found.values() if run is not None]

    def forget(self, numbers: Sequence[int]) -> None:
        """Let go of runs that are gone for good."""
        for number in numbers:
            self._cache.pop(number, None)

    def _path(self, run_id: str, name: str) -> Path:
        return self.database.folder / name.format(run_id_of(self.number(run_id)))


def stamped() -> Any:
    """Asks for number and version of runs that are not deleted."""
    return _undeleted(select(RunRow.number, RunRow.version))


def is_over(row: RunRow) -> bool:
    """Whether nothing will change any more; a state that this version does not know is over."""
    return row.status not in (RunStatus.QUEUED, RunStatus.RUNNING)


def _undeleted(question: Any) -> Any:
    return question.where(RunRow.deleted_at.is_(None))


def _step_of(row: StepRow) -> StepMetrics | None:
    """A row as metrics; None if it is damaged, for the curve is there without it."""
    try:
        return StepMetrics(step=row.step, loss=row.loss, learning_rate=row.learning_rate)
    except pydantic.ValidationError:
        return None
