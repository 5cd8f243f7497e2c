"""Store: runs, their metrics and the queue, in SQLite, with their files beside it.

Every change moves ``version`` by one, and marks the run with it: who watches asks for what has
changed since the version he has seen. Several processes may use one store at once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, delete, event, inspect, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateColumn

from peft_demo.errors import ConflictError, NotFoundError, StoreError
from peft_demo.runs import (
    EpochMetrics,
    GroupKind,
    Progress,
    RangeTest,
    Run,
    RunConfig,
    RunGroup,
    RunKind,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.runs.annotations import check_annotations, check_tags
from peft_demo.storage import reference_runs
from peft_demo.storage.liveness import is_alive, this_process
from peft_demo.storage.tables import (
    EpochRow,
    GroupRow,
    RunRow,
    StepRow,
    Table,
    VersionRow,
    chunks,
    epochs_of,
    group_of,
    missing,
    no_such_group,
    no_such_run,
    number_in,
    places,
    run_id_of,
    run_of,
    stamped,
    undeleted,
)

LOCK_SECONDS = 5.0
"""How long a write waits for another process to let go of the database."""

DATABASE = "runs.sqlite3"

KEPT_SECONDS = 3600.0
"""How long a deleted run can be restored."""


class Store:
    """The runs in one folder, and the reference runs that came with the program.

    Opening never fails: a folder that cannot be used is reported by ``problem`` and by every
    write, while the reference runs stay readable.
    """

    def __init__(self, folder: Path, references: Path | None = None) -> None:
        self.folder = folder
        self._references = reference_runs.read_references(references) if references else {}
        self._reference_folder = references
        self._engine = create_engine(
            f"sqlite:///{folder / DATABASE}", connect_args={"timeout": LOCK_SECONDS}
        )
        event.listen(self._engine, "connect", _prepare_connection)
        self._is_open = False
        self._cache: dict[int, Run] = {}
        self.problem: str | None = None
        """Why the folder cannot be used, or None."""
        try:
            self._open()
        except StoreError as error:
            self.problem = str(error)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @property
    def version(self) -> int:
        """Moves whenever anything in the store changes; 0 while the store cannot be used."""
        if not self._is_open:
            return 0
        with self._transaction(write=False) as session:
            return session.scalar(select(VersionRow.value)) or 0

    def submit(
        self,
        config: RunConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Put a run at the end of the queue.

        Args:
            config: what to train.
            owner: whose run it is.
            kind: what to do with it.
            files: a folder that becomes the run's partial folder, for work that begins with files.

        Raises:
            StoreError: the folder or database cannot be written; names it.
        """
        return self._add(config, owner, RunStatus.QUEUED, kind, files)

    def start(
        self,
        config: RunConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Add a run that this process does itself, past the queue; see ``submit``."""
        return self._add(config, owner, RunStatus.RUNNING, kind, files)

    def submit_group(
        self,
        configs: Sequence[RunConfig],
        owner: str,
        kind: GroupKind,
        name: str,
        *,
        axes: Mapping[str, Sequence[Any]] | None = None,
        is_race: bool = False,
    ) -> tuple[RunGroup, list[Run]]:
        """Put runs that belong together at the end of the queue, all or none.

        Raises:
            StoreError: the folder or database cannot be written; names it.
        """
        with self._transaction() as session:
            group = GroupRow(
                kind=kind,
                name=name,
                owner=owner,
                created_at=_now(),
                is_race=is_race,
                axes={field: list(values) for field, values in (axes or {}).items()},
            )
            session.add(group)
            session.flush()
            rows = [
                RunRow(
                    config=config.flat(),
                    owner=owner,
                    status=RunStatus.QUEUED,
                    kind=RunKind.TRAINING,
                    created_at=_now(),
                    group=group.number,
                )
                for config in configs
            ]
            session.add_all(rows)
            session.flush()
            version = self._touch(session)
            for row in rows:
                row.version = version
            snapshot, numbers = group_of(group), [row.number for row in rows]
        return snapshot, [self._get(number) for number in numbers]

    def groups(self) -> list[RunGroup]:
        """All groups, newest first."""
        if not self._is_open:
            return []
        with self._transaction(write=False) as session:
            rows = session.scalars(select(GroupRow).order_by(GroupRow.number.desc()))
            return [group_of(row) for row in rows]

    def group(self, group_id: str) -> tuple[RunGroup, list[Run]]:
        """A group and its runs, in the order in which they were queued.

        Raises:
            NotFoundError: there is none.
        """
        number = number_in(group_id, "group")
        if number is None:
            raise no_such_group(group_id)
        with self._transaction(write=False) as session:
            row = session.get(GroupRow, number)
            if row is None:
                raise no_such_group(group_id)
            members = stamped().where(RunRow.group == number).order_by(RunRow.number)
            return group_of(row), self._snapshots(session, members)

    def claim(self, group_id: str | None = None) -> Run | None:
        """Take the oldest queued run for this process, or None if there is none.

        Args:
            group_id: take one of this group only.
        """
        waiting = select(RunRow).where(RunRow.status == RunStatus.QUEUED).order_by(RunRow.number)
        if group_id is not None:
            waiting = waiting.where(RunRow.group == number_in(group_id, "group"))
        with self._transaction() as session:
            row = session.scalars(waiting).first()
            if row is None:
                return None
            _begin(row)
            # Everyone behind it moves up by one.
            touched = update(RunRow).where(RunRow.status == RunStatus.QUEUED)
            session.execute(touched.values(version=self._touch(session, row)))
            number = row.number
        return self._get(number)

    def get(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            NotFoundError: there is none.
        """
        if run_id in self._references:
            return self._references[run_id]
        return self._get(self._number(run_id))

    def runs(self, since: int = -1) -> list[Run]:
        """Runs that changed after version ``since``, newest first, then the references."""
        references = list(self._references.values()) if since < 0 else []
        if not self._is_open:
            return references
        with self._transaction(write=False) as session:
            changed = stamped().where(RunRow.version > since).order_by(RunRow.number.desc())
            return [*self._snapshots(session, changed), *references]

    def ids(self) -> list[str]:
        """The ids of all runs, in the order of ``runs``."""
        numbers: Sequence[int] = []
        if self._is_open:
            with self._transaction(write=False) as session:
                found = undeleted(select(RunRow.number))
                numbers = session.scalars(found.order_by(RunRow.number.desc())).all()
        return [*map(run_id_of, numbers), *self._references]

    def steps(self, run_id: str) -> list[StepMetrics]:
        """Every optimiser step of a run, in order."""
        if run_id in self._references:
            return reference_runs.read_steps(self.folder_of(run_id))
        number = self._number(run_id)
        with self._transaction(write=False) as session:
            found = undeleted(select(StepRow).join(RunRow, RunRow.number == StepRow.run))
            rows = session.scalars(found.where(StepRow.run == number).order_by(StepRow.step))
            return [
                StepMetrics(step=row.step, loss=row.loss, learning_rate=row.learning_rate)
                for row in rows
            ]

    def report(
        self,
        run_id: str,
        progress: Progress | None = None,
        steps: Sequence[StepMetrics] = (),
        epoch: EpochMetrics | None = None,
    ) -> None:
        """Record what a training reported, in one transaction."""
        number = self._number(run_id)
        with self._transaction() as session:
            row = self._row(session, number)
            if progress is not None:
                row.progress = progress.model_dump()
            session.add_all(StepRow(run=number, **step.model_dump()) for step in steps)
            if epoch is not None:
                session.add(EpochRow(run=number, epoch=epoch.epoch, metrics=epoch.model_dump()))
            self._touch(session, row)

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
        number = self._number(run_id)
        with self._transaction() as session:
            row = self._row(session, number)
            row.status = status
            row.finished_at = _now()
            row.error = error
            row.result = result.model_dump() if result else None
            row.range_test = range_test.model_dump() if range_test else None
            row.worker = None
            self._touch(session, row)
        return self._get(number)

    def request_stop(self, run_id: str) -> Run:
        """Ask a running run to stop, or take a waiting one out of the queue.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is over already.
        """
        if run_id in self._references:
            raise ConflictError(f"{run_id} is a reference run; it is finished already.")
        number = self._number(run_id)
        with self._transaction() as session:
            row = self._row(session, number)
            if RunStatus(row.status).is_over:
                raise ConflictError(
                    f"Only a queued or running run can be stopped; {run_id} is {row.status}."
                )
            if row.status == RunStatus.QUEUED:
                row.status, row.finished_at = RunStatus.CANCELLED, _now()
            row.stop_requested = True
            version = self._touch(session, row)
            waiting = update(RunRow).where(RunRow.status == RunStatus.QUEUED)
            session.execute(waiting.values(version=version))
        return self._get(number)

    def stop_requested(self, run_id: str) -> bool:
        """Whether a run was asked to stop, or is gone."""
        with self._transaction(write=False) as session:
            number = self._number(run_id)
            asked = session.scalar(
                undeleted(select(RunRow.stop_requested)).where(RunRow.number == number)
            )
            return asked is None or asked

    def annotate(
        self,
        run_id: str,
        *,
        name: str | None = None,
        tags: str | Iterable[str] | None = None,
        note: str | None = None,
        is_starred: bool | None = None,
    ) -> Run:
        """Change what people write onto a run; what is None stays as it is.

        Args:
            run_id: of any run but a reference.
            name: an empty one names the run after its settings.
            tags: instead of those that it has, as a list or as one text with commas.
            note: may have several lines.
            is_starred: whether it has a star.

        Raises:
            InvalidFieldsError: a value is not allowed; names the field, the limits and the value.
            NotFoundError: there is no such run.
            ConflictError: it is a reference.
        """
        self._refuse_reference(run_id, "cannot be changed")
        number = self._number(run_id)
        changes = check_annotations(name=name, tags=tags, note=note, is_starred=is_starred)
        with self._transaction() as session:
            row = self._row(session, number)
            if "name" in changes:
                config = RunConfig({**row.config, "name": changes.pop("name")})
                row.config = config.flat()
            for field, value in changes.items():
                setattr(row, field, value)
            self._touch(session, row)
        return self._get(number)

    def annotate_all(
        self,
        run_ids: Sequence[str],
        *,
        tags: str | Iterable[str] = (),
        is_starred: bool | None = None,
    ) -> None:
        """Add tags to several runs, or set or take away their stars, all or none.

        Raises:
            InvalidFieldsError: a tag is not allowed, or a run would have too many.
            NotFoundError: one of them does not exist.
            ConflictError: one of them is a reference.
        """
        changes = check_annotations(is_starred=is_starred)
        more = check_tags(tags)
        for run_id in run_ids:
            self._refuse_reference(run_id, "cannot be changed")
        with self._transaction() as session:
            version = self._touch(session)
            for row in self._rows(session, run_ids):
                row.tags = check_tags([*(row.tags or ()), *more])
                row.is_starred = changes.get("is_starred", row.is_starred)
                row.version = version

    def delete(self, *run_ids: str) -> None:
        """Hide runs that are over, all or none; ``restore`` brings them back for an hour.

        Raises:
            NotFoundError: one of them does not exist.
            ConflictError: one of them is a reference, or not over yet.
        """
        for run_id in run_ids:
            self._refuse_reference(run_id, "cannot be deleted")
        with self._transaction() as session:
            version = self._touch(session)
            for row in self._rows(session, run_ids):
                if not RunStatus(row.status).is_over:
                    raise ConflictError(
                        f"{run_id_of(row.number)} is {row.status}: stop it before deleting it."
                    )
                row.deleted_at, row.version = _now(), version
        with suppress(StoreError):  # these are deleted already; what is old goes another time
            self.purge()

    def restore(self, *run_ids: str) -> None:
        """Bring deleted runs back, all or none; one that is not deleted stays as it is.

        Raises:
            NotFoundError: one of them does not exist, or is gone for good.
            ConflictError: one of them is a reference.
        """
        for run_id in run_ids:
            self._refuse_reference(run_id, "cannot be deleted or restored")
        with self._transaction() as session:
            version = self._touch(session)
            for row in self._rows(session, run_ids, even_deleted=True):
                row.deleted_at, row.version = None, version

    def purge(self, older_than_seconds: float = KEPT_SECONDS) -> list[str]:
        """Remove runs that were deleted longer ago than this, with their files; returns their ids.

        Raises:
            StoreError: the database cannot be written.
        """
        before = (datetime.now(UTC) - timedelta(seconds=older_than_seconds)).isoformat()
        with self._transaction() as session:
            # Times are all in UTC and of one form, so that their texts are in their order.
            numbers = session.scalars(
                select(RunRow.number).where(RunRow.deleted_at <= before)
            ).all()
            for number in numbers:
                for table in (StepRow, EpochRow):
                    session.execute(delete(table).where(table.run == number))
                session.execute(delete(RunRow).where(RunRow.number == number))
        ids = [run_id_of(number) for number in numbers]
        for run_id, number in zip(ids, numbers, strict=True):
            self._cache.pop(number, None)
            for folder in (self.folder_of(run_id), self.partial_folder_of(run_id)):
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                self.log_of(run_id).unlink()
        return ids

    def interrupt_orphans(self) -> list[str]:
        """Mark runs whose training process has ended as interrupted; returns their ids."""
        with self._transaction() as session:
            rows = session.scalars(select(RunRow).where(RunRow.status == RunStatus.RUNNING)).all()
            orphans = [row for row in rows if not is_alive(row.worker)]
            for row in orphans:
                row.status, row.finished_at, row.worker = RunStatus.INTERRUPTED, _now(), None
                row.error = "The program that trained this run ended before it was finished."
                self._touch(session, row)
            ids = [run_id_of(row.number) for row in orphans]
        for run_id in ids:
            shutil.rmtree(self.partial_folder_of(run_id), ignore_errors=True)
        return ids

    def folder_of(self, run_id: str) -> Path:
        """Where a run's files are: its adapter in peft's format, and what was measured."""
        if run_id in self._references and self._reference_folder:
            return self._reference_folder / run_id
        return self.folder / run_id_of(self._number(run_id))

    def partial_folder_of(self, run_id: str) -> Path:
        """Where a run's files gather until all are there."""
        return self.folder / f".partial-{run_id_of(self._number(run_id))}"

    def log_of(self, run_id: str) -> Path:
        """Where the traceback of a failed run is kept."""
        return self.folder / f"{run_id_of(self._number(run_id))}.log"

    # From here on: how it is done.

    def _open(self) -> None:
        """Make folder and tables if they are not there yet."""
        if self._is_open:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            Table.metadata.create_all(self._engine)
            self._add_new_columns()
            with Session(self._engine) as session, session.begin():
                if session.get(VersionRow, 1) is None:
                    session.add(VersionRow(id=1, value=1))
        except (OSError, SQLAlchemyError) as error:
            raise self._unusable(error) from error
        self._is_open = True
        self.problem = None

    def _add_new_columns(self) -> None:
        """Give a database that an earlier version made the columns that have come since."""
        with self._engine.begin() as connection:
            # Locked before looking: two processes may open it at once.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            columns = inspect(connection).get_columns(RunRow.__tablename__)
            known = {column["name"] for column in columns}
            for column in Table.metadata.tables[RunRow.__tablename__].columns:
                if column.name not in known:
                    definition = CreateColumn(column).compile(self._engine)
                    connection.execute(text(f"ALTER TABLE run ADD COLUMN {definition}"))

    def _unusable(self, error: Exception) -> StoreError:
        reason = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
        if "locked" in reason:
            return StoreError(
                f"The run database {self.folder / DATABASE} is locked by another process; "
                f"waited {LOCK_SECONDS:g} seconds. Nothing was changed: try again."
            )
        return StoreError(
            f"PEFT_DEMO_HOME must be a folder with free space that can be written to, "
            f"got {self.folder} ({reason})."
        )

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[Session]:
        self._open()
        try:
            with Session(self._engine) as session, session.begin():
                if write:
                    # Taken at once: a read that later turns into a write could not wait.
                    session.connection().exec_driver_sql("BEGIN IMMEDIATE")
                yield session
        except (OperationalError, OSError) as error:
            raise self._unusable(error) from error

    def _add(
        self,
        config: RunConfig,
        owner: str,
        status: RunStatus,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        with self._transaction() as session:
            row = RunRow(
                config=config.flat(), owner=owner, status=status, kind=kind, created_at=_now()
            )
            if status is RunStatus.RUNNING:
                _begin(row)
            session.add(row)
            session.flush()
            if files is not None:
                # Before the transaction ends: an engine may claim the run right after it.
                os.replace(files, self.partial_folder_of(run_id_of(row.number)))
            self._touch(session, row)
            number = row.number
        return self._get(number)

    def _touch(self, session: Session, row: RunRow | None = None) -> int:
        session.execute(update(VersionRow).values(value=VersionRow.value + 1))
        version = session.scalar(select(VersionRow.value)) or 0
        if row is not None:
            row.version = version
        return version

    def _number(self, run_id: str) -> int:
        number = number_in(run_id, "run")
        if number is None:
            raise no_such_run(run_id)
        return number

    def _refuse_reference(self, run_id: str, why: str) -> None:
        if run_id in self._references:
            raise ConflictError(f"{run_id} is a reference run and {why}.")

    def _row(self, session: Session, number: int) -> RunRow:
        return self._rows(session, [run_id_of(number)])[0]

    def _rows(
        self, session: Session, run_ids: Sequence[str], *, even_deleted: bool = False
    ) -> list[RunRow]:
        """The rows of these runs, in this order; refuses one that is not there."""
        numbers = [self._number(run_id) for run_id in run_ids]
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

    def _get(self, number: int) -> Run:
        with self._transaction(write=False) as session:
            self._row(session, number)
            return self._snapshots(session, stamped().where(RunRow.number == number))[0]

    def _snapshots(self, session: Session, stamps: Any) -> list[Run]:
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


def _begin(row: RunRow) -> None:
    row.status, row.started_at, row.worker = RunStatus.RUNNING, _now(), this_process()


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _prepare_connection(connection: Any, _record: object) -> None:
    # Write-ahead logging lets readers go on while a training writes.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
