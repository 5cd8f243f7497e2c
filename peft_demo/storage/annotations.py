"""What people do with runs afterwards: write onto them, delete and restore them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from peft_demo.errors import ConflictError, StoreError
from peft_demo.runs import Run, read_config
from peft_demo.runs.annotations import check_annotations, check_tags
from peft_demo.storage.database import now, touch
from peft_demo.storage.rows import run_id_of, run_of
from peft_demo.storage.runs import Runs, is_over
from peft_demo.storage.tables import EpochRow, EvaluationRow, RunRow, StepRow

KEPT_SECONDS = 3600.0
"""How long a deleted run can be restored."""


class Annotations:
    """Names, tags, notes, stars and deletions of a store's runs; none of a reference."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._transaction = runs.database.transaction

    def annotate(self, run_id: str, /, **changes: Any) -> Run:
        """Change what people write onto a run; what is None stays as it is.

        Args:
            run_id: of any run but a reference.
            changes: ``name``, an empty one names the run after its settings; ``tags`` instead of
                those that it has, as a list or as one text with commas; ``note``, which may have
                several lines; ``is_starred``, whether it has a star.

        Raises:
            InvalidFieldsError: a value is not allowed; names the field, the limits and the value.
            NotFoundError: there is no such run.
            ConflictError: it is a reference.
        """
        self._runs.references.refuse(run_id, "cannot be changed")
        changes = check_annotations(**changes)
        with self._transaction() as session:
            row = self._runs.row(session, run_id)
            if "name" in changes:
                row.config = _renamed(row, changes.pop("name"))
            for field, value in changes.items():
                setattr(row, field, value)
            touch(session, row)
        return self._runs.get(run_id)

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
            self._runs.references.refuse(run_id, "cannot be changed")
        with self._transaction() as session:
            rows = self._runs.rows(session, run_ids)
            for row in rows:
                row.tags = check_tags([*(row.tags or ()), *more])
                row.is_starred = changes.get("is_starred", row.is_starred)
            touch(session, *rows)

    def delete(self, *run_ids: str) -> None:
        """Hide runs that are over, all or none; ``restore`` brings them back for an hour.

        Raises:
            NotFoundError: one of them does not exist.
            ConflictError: one of them is a reference, or not over yet.
        """
        for run_id in run_ids:
            self._runs.references.refuse(run_id, "cannot be deleted")
        with self._transaction() as session:
            rows = self._runs.rows(session, run_ids)
            for row in rows:
                if not is_over(row):
                    raise ConflictError(
                        f"{run_id_of(row.number)} is {row.status}: stop it before deleting it."
                    )
                row.deleted_at = now()
            touch(session, *rows)
        with suppress(StoreError):  # these are deleted already; what is old goes another time
            self.purge()

    def restore(self, *run_ids: str) -> None:
        """Bring deleted runs back, all or none; one that is not deleted stays as it is.

        Raises:
            NotFoundError: one of them does not exist, or is gone for good.
            ConflictError: one of them is a reference.
        """
        for run_id in run_ids:
            self._runs.references.refuse(run_id, "cannot be deleted or restored")
        with self._transaction() as session:
            rows = self._runs.rows(session, run_ids, even_deleted=True)
            for row in rows:
                row.deleted_at = None
            touch(session, *rows)

    def purge(self, older_than_seconds: float = KEPT_SECONDS) -> list[str]:
        """Remove runs that were deleted longer ago than this, with their files; returns their ids.

        Raises:
            StoreError: the database cannot be written.
        """
        before = (datetime.now(UTC) - timedelta(seconds=older_than_seconds)).isoformat()
        with self._transaction() as session:
            numbers = session.scalars(
                select(RunRow.number).where(RunRow.deleted_at <= before)
            ).all()
            for number in numbers:
                for table in (StepRow, EpochRow, EvaluationRow):
                    session.execute(delete(table).where(table.run == number))
                session.execute(delete(RunRow).where(RunRow.number == number))
        ids = [run_id_of(number) for number in numbers]
        self._runs.forget(numbers)
        for run_id in ids:
            for folder in (self._runs.folder_of(run_id), self._runs.partial_folder_of(run_id)):
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                self._runs.log_of(run_id).unlink()
        return ids


def _renamed(row: RunRow, name: str) -> dict[str, object]:
    """The row's configuration with that name; history keeps all its other values."""
    if not isinstance(row.config, Mapping):
        raise ConflictError(f"{run_id_of(row.number)} cannot be renamed: {run_of(row).problem}")
    return read_config({**row.config, "name": name}).flat()
