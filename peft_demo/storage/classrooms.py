"""What a teacher decides for a store, and for its queue."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from peft_demo.errors import ConflictError
from peft_demo.runs import RunStatus
from peft_demo.runs.classroom import Classroom
from peft_demo.storage.database import touch
from peft_demo.storage.rows import classroom_in, id_of
from peft_demo.storage.runs import Runs
from peft_demo.storage.tables import ClassroomRow, RunRow


class Classrooms(Runs):
    """The decisions about one store, which all servers on it obey."""

    def classroom(self) -> Classroom:
        """What was decided."""
        if not self._is_open:
            return Classroom()
        with self._transaction(write=False) as session:
            return classroom_in(session)

    def decide(self, **changes: Any) -> Classroom:
        """Change some of it; answers all.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._transaction() as session:
            before = classroom_in(session)
            made = before.model_copy(update=changes)
            session.merge(ClassroomRow(id=1, decided=made.model_dump(mode="json")))
            renamed = made.hides_names != before.hides_names
            touch(session, *(session.scalars(select(RunRow)) if renamed else ()))
        return made

    def move_first(self, *run_ids: str) -> None:
        """Put waiting runs before all others, in the order of the queue.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: one of them does not wait.
        """
        with self._changing(*run_ids, how="moved") as (_, rows):
            for row in rows:
                if row.status != RunStatus.QUEUED:
                    raise ConflictError(
                        f"Only a waiting run can be put first; {id_of('run', row.number)} is "
                        f"{row.status}."
                    )
                row.moved_first = row.version
