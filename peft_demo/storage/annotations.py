"""What people do with runs afterwards: write onto them, delete and restore them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from peft_demo.errors import ConflictError, StoreError
from peft_demo.runs import Run, RunStatus, read_config
from peft_demo.runs.annotations import check_annotations, check_tags
from peft_demo.storage import space
from peft_demo.storage.database import ago, now, touch
from peft_demo.storage.rows import classroom_in, id_of, number_in, run_of
from peft_demo.storage.runs import Runs, is_over
from peft_demo.storage.tables import EpochRow, EvaluationRow, RunRow, StepRow
from peft_demo.storage.unrecorded import set_aside

KEPT_SECONDS = 3600.0
"""How long a deleted run can be restored."""


class Annotations(Runs):
    """Names, tags, notes, stars and deletions of a store's runs; none of a reference."""

    def __init__(self, folder: Path, references: Path | None = None) -> None:
        super().__init__(folder, references)
        self._seen_deleted: dict[tuple[int, str], float] = {}
        """Since when, by ``time.monotonic``, this process has known of each deletion."""
        self._seen_aside: dict[Path, float] = {}
        """Likewise of each folder that was brought in and set aside."""

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
        changes = check_annotations(**changes)
        with self._changing(run_id) as (_, [row]):
            if "name" in changes:
                row.config = _renamed(row, changes.pop("name"))
            for field, value in changes.items():
                setattr(row, field, value)
        return self.get(run_id)

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
        with self._changing(*run_ids) as (_, rows):
            for row in rows:
                row.tags = check_tags([*(row.tags or ()), *more])
                row.is_starred = changes.get("is_starred", row.is_starred)

    def delete(self, *run_ids: str) -> None:
        """Hide runs that are over, all or none; ``restore`` brings them back for an hour.

        On a full disk they go for good: somebody makes room.

        Raises:
            NotFoundError: one of them does not exist.
            ConflictError: one of them is a reference, or not over yet.
        """
        try:
            self._hide(*run_ids)
        except StoreError:
            if not space.is_full(self.folder) or not space.give_up_reserve(self.folder):
                raise
            self._hide(*run_ids)
        with suppress(StoreError):  # these are deleted already; what is old goes another time
            self.purge()
        space.keep_reserve(self.folder)

    def _hide(self, *run_ids: str) -> None:
        with self._changing(*run_ids, how="deleted") as (_, rows):
            for row in rows:
                if not is_over(row):
                    raise ConflictError(
                        f"{id_of('run', row.number)} is {row.status}: stop it before deleting it."
                    )
                row.deleted_at = now()

    def restore(self, *run_ids: str) -> None:
        """Bring deleted runs back, all or none; one that is not deleted stays as it is.

        Raises:
            NotFoundError: one of them does not exist, or is gone for good.
            ConflictError: one of them is a reference.
        """
        with self._changing(*run_ids, how="deleted or restored", even_deleted=True) as (_, rows):
            for row in rows:
                row.deleted_at = None

    def purge(self) -> None:
        """Remove runs that were deleted long enough ago for good, with their files.

        By a clock that nobody can set as well: this process has seen them as deleted for so long.
        On a full disk they go at once.
        """
        deleted = select(RunRow.number, RunRow.deleted_at).where(RunRow.deleted_at.is_not(None))
        with self._transaction(write=False) as session:
            there = [(number, when or "") for number, when in session.execute(deleted)]
        clock = time.monotonic()
        kept = 0.0 if space.is_full(self.folder) else KEPT_SECONDS
        self._drop_set_aside(clock, kept)
        self._seen_deleted = {each: self._seen_deleted.get(each, clock) for each in there}
        long_ago = [
            number
            for (number, when), seen in self._seen_deleted.items()
            if clock - seen >= kept and when <= ago(kept)
        ]
        if not long_ago:
            return
        old = select(RunRow.number).where(RunRow.number.in_(long_ago), RunRow.deleted_at != "")
        with self._transaction() as session:
            numbers = session.scalars(old).all()
            for table in (StepRow, EpochRow, EvaluationRow):
                session.execute(delete(table).where(table.run.in_(old)))
            session.execute(delete(RunRow).where(RunRow.number.in_(old)))
            if classroom_in(session).hides_names:  # by whose runs were first
                touch(session, *session.scalars(select(RunRow)))
        seen, known = self._known  # on a full disk nobody may have read them as deleted
        self._known = seen, {n: run for n, run in known.items() if n not in numbers}
        for run_id in (id_of("run", number) for number in numbers):
            for folder in (self.folder_of(run_id), self.partial_folder_of(run_id)):
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                self.log_of(run_id).unlink()

    def _drop_set_aside(self, clock: float, kept: float) -> None:
        """Remove folders that were brought in long enough ago, as far as their tests are passed."""
        there = set_aside(self.folder)
        self._seen_aside = {path: self._seen_aside.get(path, clock) for path in there.values()}
        long_ago = {
            number_in(run_id, "run"): path
            for run_id, path in there.items()
            if clock - self._seen_aside[path] >= kept
        }
        if not long_ago:
            return
        unfinished = select(RunRow.number).where(
            RunRow.number.in_(long_ago), RunRow.status != RunStatus.COMPLETED
        )
        with self._transaction(write=False) as session:
            needed = set(session.scalars(unfinished))
        for number, path in long_ago.items():
            if number not in needed:
                shutil.rmtree(path, ignore_errors=True)


def _renamed(row: RunRow, name: str) -> dict[str, object]:
    """The row's configuration with that name; history keeps all its other values."""
    if not isinstance(row.config, Mapping):
        raise ConflictError(f"{id_of('run', row.number)} cannot be renamed: {run_of(row).problem}")
    return read_config({**run_of(row).config.flat(), "name": name}).flat()
