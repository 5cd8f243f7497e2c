"""Runs as the database has them: found, read and reported on, with their files beside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pydantic
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, defer

from peft_demo.errors import ConflictError, NotFoundError
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    KnownConfig,
    Progress,
    RangeTest,
    Run,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.storage.database import Database, now, touch
from peft_demo.storage.reference_runs import read_references, read_steps
from peft_demo.storage.rows import classroom_in, id_of, missing_run, number_in, run_of
from peft_demo.storage.tables import EpochRow, PersonRow, RunRow, StepRow, VersionRow
from peft_demo.storage.turns import waiting_in_turn
from peft_demo.storage.working import Working

RESULT = "result.json"
"""The last of a run's files to be written: where it is, all of them are."""

_UNDELETED = RunRow.deleted_at.is_(None)

_LATER = [defer(long) for long in (RunRow.config, RunRow.result, RunRow.range_test)]
"""Long JSON, which a change of many runs would read for nothing."""


LATELY_SECONDS = 10.0


class Runs(Database):
    """The runs of a database, and the reference runs that came with the program.

    Args:
        folder: of the database; the runs' files are beside it.
        references: the folder of the reference runs, which nobody may change.
    """

    def __init__(self, folder: Path, references: Path | None = None) -> None:
        super().__init__(folder)
        self._references = read_references(references) if references else {}
        self._reference_folder = references
        self._working = Working(folder)
        self._known: tuple[int, dict[int, Run]] = (-1, {})
        """A version, and all runs as they were then; replaced as a whole, so it needs no lock."""
        self._lately: tuple[float, list[Run]] = (float("-inf"), [])
        """When all runs were read, and they: see ``lately``."""
        self._configs: dict[int, KnownConfig] = {}
        """Of each run as it was last read: it rarely changes, and to check it again takes long."""
        self._epochs: dict[int, tuple[str, tuple[EpochMetrics, ...]]] = {}
        """When each run ended that is over, and its epochs: they do not change any more."""

    def get(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            NotFoundError: there is none.
        """
        if run_id in self._references:
            return self._references[run_id]
        with self._transaction(write=False) as session:
            [row] = self._rows(session, run_id)
            known = self._known[1].get(row.number)
            if known is None or known.version != row.version:
                known = self._read(session, RunRow.number == row.number)[row.number]
            return self._placed(session, [known])[0]

    def lately(self) -> list[Run]:
        """All runs as they were at most LATELY_SECONDS ago.

        For what goes by many of them: who queues a thousand would read all of them each time.
        """
        at, runs = self._lately
        if time.monotonic() - at > LATELY_SECONDS:
            runs = self.runs()
            self._lately = time.monotonic(), runs
        return runs

    def runs(self, since: int = -1) -> list[Run]:
        """Runs that changed after version ``since``, newest first, then the references.

        One that this version cannot read, or would refuse, is there with its ``problem``.
        """
        references = list(self._references.values()) if since < 0 else []
        if not self._is_open:
            return references
        seen, known = self._known
        with self._transaction(write=False) as session:
            version = session.scalar(select(VersionRow.value)) or 0
            if version < seen:  # it went back: this is another database
                seen, known = -1, {}
            if version != seen:
                changed = RunRow.version > seen
                deleted = set(session.scalars(select(RunRow.number).where(changed, ~_UNDELETED)))
                known = {n: run for n, run in known.items() if n not in deleted}
                known |= self._read(session, changed)
                self._known = version, known
            found = (known[number] for number in sorted(known, reverse=True))
            wanted = self._placed(session, [run for run in found if run.version > since])
        return [*wanted, *references]

    def owners(self, *run_ids: str) -> dict[str, str]:
        """Whose these runs are, by their ids, deleted ones too; references are nobody's."""
        numbers = [number_in(each, "run") for each in run_ids if each not in self._references]
        asked = select(RunRow.number, RunRow.owner).where(RunRow.number.in_(numbers))
        with self._transaction(write=False) as session:
            return {id_of("run", number): owner for number, owner in session.execute(asked)}

    def ids(self) -> list[str]:
        """The ids of all runs, in the order of ``runs``."""
        return [run.run_id for run in self.runs()]

    def numbers(self) -> set[int]:
        """Of all runs in the database, deleted ones too."""
        with self._transaction(write=False) as session:
            return set(session.scalars(select(RunRow.number)))

    def steps(self, run_id: str) -> list[StepMetrics]:
        """Every optimiser step of a run, in order; a damaged one is left out."""
        if run_id in self._references:
            return read_steps(self.folder_of(run_id))
        question = (
            select(StepRow)
            .join(RunRow, RunRow.number == StepRow.run)
            .where(StepRow.run == number_in(run_id, "run"), _UNDELETED)
            .order_by(StepRow.step)
        )
        steps = []
        with self._transaction(write=False) as session:
            for row in session.scalars(question):
                with suppress(pydantic.ValidationError):
                    steps.append(StepMetrics.model_validate(row, from_attributes=True))
        return steps

    def report(
        self,
        run_id: str,
        progress: Progress | None = None,
        steps: Sequence[StepMetrics] = (),
        epoch: BeforeTraining | EpochMetrics | None = None,
    ) -> None:
        """Record what a training reported, in one transaction."""
        with self._changing(run_id) as (session, [row]):
            if progress is not None:
                row.progress = progress.model_dump()
            session.add_all(StepRow(run=row.number, **step.model_dump()) for step in steps)
            if isinstance(epoch, BeforeTraining):
                row.before_training = epoch.model_dump()
            elif epoch is not None:
                metrics = epoch.model_dump()
                session.add(EpochRow(run=row.number, epoch=epoch.epoch, metrics=metrics))

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
        with self._changing(run_id) as (session, [row]):
            row.status = status
            row.finished_at = now()
            row.error = error
            row.result = result.model_dump() if result else None
            if result and result.stopped_early:
                forget_after(session, row, int(result.train_output["global_step"]))
            row.range_test = range_test.model_dump() if range_test else None
        self._working.end(run_id)
        return self.get(run_id)

    def write_result(self, run_id: str, result: RunResult) -> None:
        """Put it beside a run's files, in case that the program ends before ``finish``."""
        path = self.partial_folder_of(run_id) / RESULT
        part = path.with_suffix(".part")
        part.write_text(result.model_dump_json(), encoding="utf-8")
        part.replace(path)

    def folder_of(self, run_id: str) -> Path:
        """Where a run's files are: its adapter in peft's format, and what was measured."""
        if self._reference_folder and run_id in self._references:
            return self._reference_folder / run_id
        return self._path(run_id, "{}")

    def partial_folder_of(self, run_id: str) -> Path:
        """Where a run's files gather until all are there."""
        return self._path(run_id, ".partial-{}")

    def log_of(self, run_id: str) -> Path:
        """Where the traceback of a failed run is kept."""
        return self._path(run_id, "{}.log")

    def _path(self, run_id: str, name: str) -> Path:
        return self.folder / name.format(id_of("run", number_in(run_id, "run")))

    def _rows(self, session: Session, *run_ids: str, even_deleted: bool = False) -> list[RunRow]:
        """The rows of these runs; raises NotFoundError where there is none."""
        numbers = [number_in(run_id, "run") for run_id in run_ids]
        asked = select(RunRow).where(RunRow.number.in_(numbers)).options(*_LATER)
        rows = {row.number: row for row in session.scalars(asked)}
        for number in numbers:
            if number not in rows:
                raise missing_run(session, number)
            if rows[number].deleted_at is not None and not even_deleted:
                raise NotFoundError(f"{id_of('run', number)} was deleted.")
        return [rows[number] for number in numbers]

    @contextmanager
    def _changing(
        self, *run_ids: str, how: str = "changed", even_deleted: bool = False
    ) -> Iterator[tuple[Session, list[RunRow]]]:
        """The rows of these runs, to be changed in one transaction; who watches is told.

        Raises:
            NotFoundError: one of them is not there.
            ConflictError: one of them is a reference, which cannot be changed in this way.
        """
        for run_id in run_ids:
            if run_id in self._references:
                raise ConflictError(f"{run_id} is a reference run and cannot be {how}.")
        with self._transaction() as session:
            rows = self._rows(session, *run_ids, even_deleted=even_deleted)
            touch(session, *rows)
            yield session, rows

    def _read(self, session: Session, wanted: Any) -> dict[int, Run]:
        """The runs that a condition holds for, by number, newest first."""
        newest_first = select(RunRow).where(wanted, _UNDELETED).order_by(RunRow.number.desc())
        rows = {row.number: row for row in session.scalars(newest_first)}
        # Asked for together: one question a run would be slow.
        over = {n: self._epochs.get(n, ("", ())) for n, row in rows.items() if is_over(row)}
        epochs: dict[int, Sequence[Any]] = {
            n: known for n, (ended, known) in over.items() if ended == rows[n].finished_at
        }
        lacking: dict[int, list[Any]] = {n: [] for n in rows if n not in epochs}
        # Not joined: each epoch would read its run's row to the end, past the whole result.
        found = select(EpochRow.run, EpochRow.metrics).where(EpochRow.run.in_(lacking))
        for number, metrics in session.execute(found.order_by(EpochRow.run, EpochRow.epoch)):
            lacking[number].append(metrics)
        epochs |= lacking
        names = self._nicknames(session, {row.owner for row in rows.values()})
        return {n: self._run(row, epochs[n], names.get(row.owner, "")) for n, row in rows.items()}

    def _run(self, row: RunRow, epochs: Sequence[Any], nickname: str) -> Run:
        config = self._configs.get(row.number)
        is_same = config is not None and config.flat() == row.config
        run = run_of(row, epochs, nickname, config if is_same else None)
        if run.problem is None:
            self._configs[row.number] = run.config
            if is_over(row) and row.finished_at:
                self._epochs[row.number] = row.finished_at, run.epochs
        return run

    @staticmethod
    def _placed(session: Session, runs: list[Run]) -> list[Run]:
        """The runs, those that wait with their places: these move without any change to a run."""
        if all(run.status is not RunStatus.QUEUED for run in runs):
            return runs
        queue = enumerate(waiting_in_turn(session), start=1)
        places = {id_of("run", number): place for place, number in queue}
        return [
            run.model_copy(update={"queue_position": places.get(run.run_id)})
            if run.status is RunStatus.QUEUED
            else run
            for run in runs
        ]

    @staticmethod
    def _nicknames(session: Session, owners: Iterable[str] | None = None) -> dict[str, str]:
        """What those of these owners, or of all, are called who chose a name.

        Where names are hidden, everybody is called by when he came.
        """
        if classroom_in(session).hides_names:
            in_order = select(RunRow.owner).group_by(RunRow.owner)
            everyone = session.scalars(in_order.order_by(func.min(RunRow.number)))
            return {owner: f"Student {place}" for place, owner in enumerate(everyone, start=1)}
        found = select(PersonRow)
        if owners is not None:
            found = found.where(PersonRow.owner.in_(owners))
        return {row.owner: row.nickname for row in session.scalars(found)}


STEP_OF = EpochRow.metrics["step"].as_integer()
"""The step at the end of an epoch."""


def forget_after(session: Session, row: RunRow, step: int) -> None:
    """Remove what a run reported after this step."""
    session.execute(delete(EpochRow).where(EpochRow.run == row.number, step < STEP_OF))
    session.execute(delete(StepRow).where(StepRow.run == row.number, StepRow.step > step))


def is_over(row: RunRow) -> bool:
    """Whether nothing will change any more; a state that this version does not know is over."""
    return row.status not in (RunStatus.QUEUED, RunStatus.RUNNING)
