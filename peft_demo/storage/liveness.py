"""Leases: whoever works on a run says so again and again, whatever its host; the silent are dead.

A clock that is set ends nobody's run: who judges another's has seen by a clock that nobody can
set that it was not renewed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select, update

from peft_demo.runs import RunResult, RunStatus, checkpoints
from peft_demo.storage.database import ago, now, touch
from peft_demo.storage.rows import id_of, number_in
from peft_demo.storage.runs import RESULT, Runs, forget_after
from peft_demo.storage.tables import RunRow

RENEW_SECONDS = 20.0
"""How often a working engine renews its leases."""

ORPHAN_SECONDS = 60.0
"""After how much silence a run counts as left behind."""

SWEEP_SECONDS = 60.0
"""How often files of dead processes are looked for: among thousands of runs that takes a while."""

WATCHED_SECONDS = 25.0
"""How much of it who judges has seen himself, where the clock says that there was more before."""


class Liveness(Runs):
    """Renews leases, and finds the runs whose leases ran out."""

    def __init__(self, folder: Path, references: Path | None = None) -> None:
        super().__init__(folder, references)
        self._watched: dict[int, tuple[str | None, float]] = {}
        """The leases of runs of others, each since when it has been seen so by time.monotonic."""
        self._swept = -SWEEP_SECONDS

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
        """Mark runs that nobody works on any more as interrupted; returns their ids.

        One whose files are all there was done, and is completed instead.
        """
        running = select(RunRow).where(RunRow.status == RunStatus.RUNNING)
        dead = []
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept, dead = time.monotonic(), self._working.dead()
        with self._transaction(write=False) as session:
            rows = session.scalars(running).all()
            for run_id in {*dead} - {id_of("run", row.number) for row in rows}:
                self._working.end(run_id)  # killed after the end was recorded
            if not any(map(self._is_left, rows)):
                return []
        adopted, interrupted = [], []
        with self._transaction() as session:
            rows = [row for row in session.scalars(running) if self._is_left(row)]
            for row in rows:
                run_id = id_of("run", row.number)
                row.finished_at = now()
                if result := self._adopted(run_id):
                    row.status, row.result = RunStatus.COMPLETED, result.model_dump()
                    if result.stopped_early:
                        forget_after(session, row, int(result.train_output["global_step"]))
                    adopted.append(run_id)
                else:
                    row.status = RunStatus.INTERRUPTED
                    row.error = "The program that trained this run ended before it was finished."
                    interrupted.append(run_id)
            touch(session, *rows)
        for run_id in (*adopted, *interrupted):
            self._working.end(run_id)
            checkpoints.drop_all_else(self.partial_folder_of(run_id))
        return interrupted

    def has_died(self, run_id: str) -> bool:
        """Whether the process that worked on it is known to be dead; only looks."""
        return self._working.is_dead(run_id) is True

    def is_late(self, run_id: str) -> bool:
        """Whether its lease ran out by the clock, so that it may be interrupted once watched."""
        if run_id in self._references:
            return False
        with self._transaction(write=False) as session:
            [row] = self._rows(session, run_id)
            return row.status == RunStatus.RUNNING and _is_late(row)

    def _is_left(self, row: RunRow) -> bool:
        """Whether its process is dead, or where this machine knows of none, its lease ran out.

        What the machine knows counts before any clock.
        """
        is_dead = self._working.is_dead(id_of("run", row.number))
        if is_dead is not None:
            return is_dead
        seen = row.heartbeat_at, time.monotonic()
        if self._watched.setdefault(row.number, seen)[0] != row.heartbeat_at:
            self._watched[row.number] = seen
        silence = seen[1] - self._watched[row.number][1]
        return silence >= (WATCHED_SECONDS if _is_late(row) else ORPHAN_SECONDS)

    def _adopted(self, run_id: str) -> RunResult | None:
        """The result of a run that was done but for its record, its files put into their place."""
        partial, place = self.partial_folder_of(run_id), self.folder_of(run_id)
        try:
            if (partial / RESULT).exists() and not place.exists():
                checkpoints.drop_all(partial)
                os.replace(partial, place)
            return RunResult.model_validate_json((place / RESULT).read_bytes())
        except (OSError, ValueError):
            return None


def _is_late(row: RunRow) -> bool:
    return row.heartbeat_at is None or row.heartbeat_at < ago(ORPHAN_SECONDS)
