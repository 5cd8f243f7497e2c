"""The queue: runs wait, alone or in groups, until a process claims them, oldest first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from peft_demo.errors import ConflictError
from peft_demo.runs import GroupKind, Run, RunConfig, RunGroup, RunKind, RunStatus
from peft_demo.storage.database import now, touch
from peft_demo.storage.rows import group_of, no_such_group, number_in, run_id_of, run_of
from peft_demo.storage.runs import Runs, is_over, stamped
from peft_demo.storage.tables import GroupRow, RunRow

_WAITING = RunRow.status == RunStatus.QUEUED


class Queue:
    """The waiting runs of a store, and the groups that they were queued in."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._transaction = runs.database.transaction

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
            InvalidFieldsError: it is history, or does not fit this machine's copy of its base.
            StoreError: the folder or database cannot be written; names it.
        """
        return self._add(_new_row(config, owner, kind), files)

    def start(
        self,
        config: RunConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Add a run that this process does itself, past the queue; see ``submit``."""
        row = _new_row(config, owner, kind)
        _begin(row)
        return self._add(row, files)

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
        """Put runs that belong together at the end of the queue, all or none; see ``submit``."""
        rows = [_new_row(config, owner, RunKind.TRAINING) for config in configs]
        with self._transaction() as session:
            group = GroupRow(
                kind=kind,
                name=name,
                owner=owner,
                created_at=now(),
                is_race=is_race,
                axes={field: list(values) for field, values in (axes or {}).items()},
            )
            session.add(group)
            session.flush()
            for row in rows:
                row.group = group.number
            session.add_all(rows)
            session.flush()
            touch(session, *rows)
            snapshot, ids = group_of(group), [run_id_of(row.number) for row in rows]
        return snapshot, [self._runs.get(run_id) for run_id in ids]

    def groups(self) -> list[RunGroup]:
        """All groups, newest first."""
        if not self._runs.database.is_open:
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
            return group_of(row), self._runs.snapshots(session, members)

    def claim(self, group_id: str | None = None) -> Run | None:
        """Take the oldest queued run for this process, or None if there is none.

        A run with a ``problem`` fails with it, and the next one is taken. The lease has to be
        renewed from now on; see ``liveness``.

        Args:
            group_id: take one of this group only.
        """
        waiting = select(RunRow).where(_WAITING).order_by(RunRow.number)
        if group_id is not None:
            waiting = waiting.where(RunRow.group == number_in(group_id, "group"))
        # Looked at first: an idle engine asks every second and must not lock out those who write.
        with self._transaction(write=False) as session:
            if session.scalars(waiting.limit(1)).first() is None:
                return None
        claimed = None
        with self._transaction() as session:
            while claimed is None and (row := session.scalars(waiting.limit(1)).first()):
                problem = run_of(row).problem
                if problem is None:
                    _begin(row)
                    claimed = run_id_of(row.number)
                else:
                    row.status, row.finished_at, row.error = RunStatus.FAILED, now(), problem
                _leave_queue(session, row)
        return None if claimed is None else self._runs.get(claimed)

    def request_stop(self, run_id: str) -> Run:
        """Ask a running run to stop, or take a waiting one out of the queue.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is over already.
        """
        self._runs.references.refuse(run_id, "is finished already")
        with self._transaction() as session:
            row = self._runs.row(session, run_id)
            if is_over(row):
                raise ConflictError(
                    f"Only a queued or running run can be stopped; {run_id} is {row.status}."
                )
            if row.status == RunStatus.QUEUED:
                row.status, row.finished_at = RunStatus.CANCELLED, now()
            row.stop_requested = True
            _leave_queue(session, row)
        return self._runs.get(run_id)

    def stop_requested(self, run_id: str) -> bool:
        """Whether a run was asked to stop, or is gone."""
        with self._transaction(write=False) as session:
            asked = select(RunRow.stop_requested).where(
                RunRow.number == self._runs.number(run_id), RunRow.deleted_at.is_(None)
            )
            return session.scalar(asked) is not False

    def _add(self, row: RunRow, files: Path | None) -> Run:
        with self._transaction() as session:
            session.add(row)
            session.flush()
            run_id = run_id_of(row.number)
            if files is not None:
                # Before the transaction ends: an engine may claim the run right after it.
                os.replace(files, self._runs.partial_folder_of(run_id))
            touch(session, row)
        return self._runs.get(run_id)


def _new_row(config: RunConfig, owner: str, kind: RunKind) -> RunRow:
    config.require_valid()
    return RunRow(
        config=config.flat(), owner=owner, status=RunStatus.QUEUED, kind=kind, created_at=now()
    )


def _begin(row: RunRow) -> None:
    row.status, row.started_at = RunStatus.RUNNING, now()
    row.heartbeat_at = row.started_at


def _leave_queue(session: Session, row: RunRow) -> None:
    """Mark the run, and all that wait: they move up."""
    version = touch(session, row)
    session.execute(update(RunRow).where(_WAITING).values(version=version))
