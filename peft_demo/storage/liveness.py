"""Leases: whoever works on a run says so again and again, whatever its host; the silent are dead.

Clocks of hosts that share a store may differ by ``ORPHAN_SECONDS - RENEW_SECONDS``.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select, update

from peft_demo.runs import RunStatus, checkpoints
from peft_demo.storage.database import ago, now, touch
from peft_demo.storage.rows import id_of, number_in
from peft_demo.storage.runs import Runs
from peft_demo.storage.tables import RunRow

RENEW_SECONDS = 20.0
"""How often a working engine renews its leases."""

ORPHAN_SECONDS = 60.0
"""After how much silence a run counts as left behind."""


class Liveness(Runs):
    """Renews leases, and finds the runs whose leases ran out."""

    def heartbeat(self, run_ids: Iterable[str]) -> None:
        """Say that these running runs are being worked on; changes nothing that people see."""
        numbers = [number_in(run_id, "run") for run_id in run_ids]
        with self._transaction() as session:
            session.execute(
                update(RunRow)
                .where(RunRow.number.in_(numbers), RunRow.status == RunStatus.RUNNING)
                .values(heartbeat_at=now())
            )

    def interrupt_orphans(self) -> list[str]:
        """Mark runs that nobody works on any more as interrupted; returns their ids."""
        silent = or_(RunRow.heartbeat_at.is_(None), RunRow.heartbeat_at < ago(ORPHAN_SECONDS))
        orphans = select(RunRow).where(RunRow.status == RunStatus.RUNNING, silent)
        with self._transaction(write=False) as session:
            if session.scalars(orphans).first() is None:
                return []
        with self._transaction() as session:
            rows = session.scalars(orphans).all()
            for row in rows:
                row.status, row.finished_at = RunStatus.INTERRUPTED, now()
                row.error = "The program that trained this run ended before it was finished."
            touch(session, *rows)
            ids = [id_of("run", row.number) for row in rows]
        for run_id in ids:
            checkpoints.drop_all_else(self.partial_folder_of(run_id))
        return ids
