"""The queue: runs wait, alone or in groups, until a process claims them, whose turn it is first."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from peft_demo.errors import ConflictError
from peft_demo.runs import (
    KnownConfig,
    Run,
    RunGroup,
    RunKind,
    RunStatus,
    checkpoints,
    footprint,
    read_config,
    states,
)
from peft_demo.runs.sweeps import Plan
from peft_demo.storage.database import now, touch
from peft_demo.storage.rows import (
    classroom_in,
    group_of,
    id_of,
    not_found,
    number_in,
    probes_of,
    run_of,
)
from peft_demo.storage.runs import STEP_OF, Runs, forget_after, is_over
from peft_demo.storage.tables import EpochRow, GroupRow, RunRow
from peft_demo.storage.turns import WAITING, first_in_turn, waiting_in_turn


class Queue(Runs):
    """The waiting runs of a store, and the groups that they were queued in."""

    def submit(
        self,
        config: KnownConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Put a run at the end of the queue.

        Args:
            config: what to train, or what is known of what is brought in.
            owner: whose run it is.
            kind: what to do with it.
            files: a folder that becomes the run's partial folder, for work that begins with files.

        Raises:
            InvalidFieldsError: it is history, or does not fit this machine's copy of its base.
            StoreError: the folder or database cannot be written; names it.
        """
        return self._add(new_row(config, owner, kind, self.lately()), files)

    def start(
        self,
        config: KnownConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Add a run that this process does itself, past the queue; see ``submit``."""
        row = new_row(config, owner, kind, self.lately())
        _begin(row)
        return self._add(row, files)

    def submit_plan(self, plan: Plan, owner: str) -> tuple[RunGroup, list[Run]]:
        """Put runs that belong together at the end of the queue, all or none; see ``submit``."""
        runs = self.lately()
        rows = [new_row(config, owner, RunKind.TRAINING, runs) for config in plan.configs]
        with self._transaction() as session:
            group = new_group(plan, owner)
            session.add(group)
            session.flush()
            probes = probes_of(session, owner)
            for row in rows:
                row.group, row.probes = group.number, probes
            session.add_all(rows)
            touch(session, *rows)
            group_id = id_of("group", group.number)
        return self.group(group_id)

    def resume(self, run_id: str) -> Run:
        """Put a run that ended unfinished into the queue again.

        It goes on from its last checkpoint, or begins anew, to the same numbers.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is not over, is complete, or is no training; or its base is not as it
                was at its last checkpoint.
            InvalidFieldsError: it is history, or does not fit this machine's copy of its base.
        """
        return self._go_on(run_id, lambda row: None)

    def resume_now(self, run_id: str) -> Run:
        """The same for a run that this process does itself, past the queue."""
        return self._go_on(run_id, _begin)

    def queue(self) -> list[tuple[str, str]]:
        """The ids of all waiting runs with their owners, in the order in which they begin."""
        if not self._is_open:
            return []
        with self._transaction(write=False) as session:
            waiting = waiting_in_turn(session)
        return [(id_of("run", number), owner) for number, owner in waiting.items()]

    def groups(self) -> list[RunGroup]:
        """All groups, newest first."""
        if not self._is_open:
            return []
        with self._transaction(write=False) as session:
            rows = session.scalars(select(GroupRow).order_by(GroupRow.number.desc()))
            names = self._nicknames(session)
            return [group_of(row, names.get(row.owner, "")) for row in rows]

    def group(self, group_id: str) -> tuple[RunGroup, list[Run]]:
        """A group and its runs, in the order in which they were queued.

        Raises:
            NotFoundError: there is none.
        """
        number = number_in(group_id, "group")
        with self._transaction(write=False) as session:
            row = session.get(GroupRow, number)
            if row is None:
                raise not_found(group_id, "group")
            members = self._read(session, RunRow.group == number)
            named = self._nicknames(session, [row.owner]).get(row.owner, "")
            return group_of(row, named), [*members.values()][::-1]

    def claim(
        self,
        group_id: str | None = None,
        *,
        but: Iterable[str] = (),
        may: Callable[[str], bool] | None = None,
    ) -> Run | None:
        """Take the run whose turn it is for this process, or None if none waits; see ``turns``.

        A run with a ``problem`` fails with it, and the next one is taken. The lease has to be
        renewed from now on; see ``liveness``. A paused queue gives runs of a ``group_id`` only.

        Args:
            group_id: take the oldest of this group.
            but: ids of runs that have to wait.
            may: says of an owner whether his runs may begin now.
        """
        held = {number_in(run_id, "run") for run_id in but}
        waiting = select(RunRow).where(WAITING).order_by(RunRow.number).limit(1)
        if group_id is not None:
            waiting = waiting.where(RunRow.group == number_in(group_id, "group"))
        # Looked at first: an idle engine asks every second and must not lock out those who write.
        with self._transaction(write=False) as session:
            ready = waiting.where(RunRow.number.not_in(held | _kept_back(session, may)))
            if session.scalars(ready).first() is None:
                return None
            if group_id is None and classroom_in(session).is_paused:
                return None
        claimed = None
        with self._transaction() as session:
            held |= _kept_back(session, may)
            ready = waiting.where(RunRow.number.not_in(held))
            while claimed is None and (row := session.scalars(ready).first()):
                if group_id is None:
                    row = session.get_one(RunRow, _next_in_turn(session, held))
                problem = run_of(row).problem
                if problem is None:
                    _begin(row)
                    claimed = id_of("run", row.number)
                    self._working.begin(claimed)
                else:
                    row.status, row.finished_at, row.error = RunStatus.FAILED, now(), problem
                touch(session, row)
        return None if claimed is None else self.get(claimed)

    def explain(self, why: Mapping[str, str]) -> None:
        """Say of waiting runs, by their ids, why they have to; of all others nothing."""
        numbers = {number_in(run_id, "run"): words for run_id, words in why.items()}
        stale = {}
        with self._transaction(write=False) as session:
            for number, told in session.execute(select(RunRow.number, RunRow.error).where(WAITING)):
                if told != numbers.get(number):
                    stale[number] = numbers.get(number)
        if not stale:
            return
        with self._transaction() as session:
            asked = select(RunRow).where(WAITING, RunRow.number.in_(stale))
            rows = session.scalars(asked).all()
            for row in rows:
                row.error = stale[row.number]
            touch(session, *rows)

    def request_stop(self, run_id: str) -> Run:
        """Ask a running run to stop, or take a waiting one out of the queue.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is over already.
        """
        with self._changing(run_id, how="stopped") as (_, [row]):
            if is_over(row):
                raise ConflictError(
                    f"Only a queued or running run can be stopped; {run_id} is {row.status}."
                )
            _ask_to_stop(row)
        return self.get(run_id)

    def request_keep(self, run_id: str) -> Run:
        """Ask a running training to end with its last whole epoch.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is not being trained, or has no whole epoch yet.
        """
        with self._changing(run_id, how="stopped") as (session, [row]):
            run = run_of(row)
            if not run.can_keep:
                what = row.status if run.kind is RunKind.TRAINING else "no training"
                raise ConflictError(
                    f"Only of a running training an epoch can be kept; {run_id} is {what}."
                )
            if session.scalar(select(EpochRow.epoch).where(EpochRow.run == row.number)) is None:
                raise ConflictError(
                    f"{run_id} has no whole epoch yet that could be kept: wait for its first, or "
                    "stop it without keeping anything."
                )
            row.keep_requested = True
        return self.get(run_id)

    def request_stops(self, owner: str) -> int:
        """Stop all of an owner's runs that are not over, in one step; answers how many."""
        going = RunRow.status.in_([RunStatus.QUEUED, RunStatus.RUNNING])
        with self._transaction() as session:
            rows = session.scalars(select(RunRow).where(RunRow.owner == owner, going)).all()
            for row in rows:
                _ask_to_stop(row)
            touch(session, *rows)
        return len(rows)

    def stop_requested(self, run_id: str) -> bool:
        """Whether a run was asked to stop, or is gone."""
        with self._transaction(write=False) as session:
            asked = select(RunRow.stop_requested).where(
                RunRow.number == number_in(run_id, "run"), RunRow.deleted_at.is_(None)
            )
            return session.scalar(asked) is not False

    def wishes(self, run_ids: Iterable[str]) -> tuple[set[str], set[str]]:
        """Which of some runs were asked to stop, or are gone, and which to end with what they have.

        At once: whoever works on a hundred runs asks all the time.
        """
        numbers = {number_in(run_id, "run"): run_id for run_id in run_ids}
        asked = select(RunRow.number, RunRow.stop_requested, RunRow.keep_requested).where(
            RunRow.number.in_(numbers), RunRow.deleted_at.is_(None)
        )
        with self._transaction(write=False) as session:
            found = {numbers[number]: wishes for number, *wishes in session.execute(asked)}
        stops = {run_id for run_id in numbers.values() if found.get(run_id, [True])[0]}
        return stops, {run_id for run_id, (_, keeps) in found.items() if keeps} - stops

    def _go_on(self, run_id: str, begin: Callable[[RunRow], None]) -> Run:
        self._require_same_base(run_id)
        runs = self.lately()
        with self._changing(run_id, how="resumed") as (session, [row]):
            if not run_of(row).can_resume:
                raise ConflictError(
                    "Only a training that was stopped or interrupted can be resumed; "
                    f"{run_id} is {row.status}."
                )
            config = read_config(row.config)
            config.require_startable(footprint.measured(config, runs))
            files = self.partial_folder_of(run_id)
            recorded = session.scalar(select(func.max(STEP_OF)).where(EpochRow.run == row.number))
            checkpoints.drop_after(files, recorded or 0)
            step = checkpoints.step_of(checkpoints.latest(files))
            forget_after(session, row, step)  # it is computed again
            row.status, row.moved_first = RunStatus.QUEUED, 0
            row.stop_requested = row.keep_requested = False
            row.finished_at = row.error = None
            begin(row)
            if row.status == RunStatus.RUNNING:
                self._working.begin(run_id)
        return self.get(run_id)

    def _require_same_base(self, run_id: str) -> None:
        # Outside of a transaction, for it may read large files.
        run = self.get(run_id)
        if not run.can_resume:
            return  # what follows says so
        begun = checkpoints.latest(self.partial_folder_of(run_id))
        if begun is None:
            return  # it begins anew
        if words := states.changed(run.config, states.of(begun), states.at_hand(run.config)):
            raise ConflictError(f"{run_id}: {words}")

    def _add(self, row: RunRow, files: Path | None) -> Run:
        with self._transaction() as session:
            if row.kind == RunKind.TRAINING:
                row.probes = probes_of(session, row.owner)
            session.add(row)
            session.flush()
            run_id = id_of("run", row.number)
            if row.status == RunStatus.RUNNING:
                self._working.begin(run_id)
            if files is not None:
                # Before the transaction ends: an engine may claim the run right after it.
                os.replace(files, self.partial_folder_of(run_id))
            touch(session, row)
        return self.get(run_id)


def new_group(plan: Plan, owner: str) -> GroupRow:
    """The row of a group that is going to be queued."""
    return GroupRow(
        kind=plan.kind,
        name=plan.name,
        owner=owner,
        created_at=now(),
        is_race=plan.is_race,
        axes=dict(plan.axes),
    )


def new_row(config: KnownConfig, owner: str, kind: RunKind, runs: Iterable[Run] = ()) -> RunRow:
    """The row of a run that is going to be queued.

    Args:
        runs: those that tell what such a run takes of memory.

    Raises:
        InvalidFieldsError: see ``Queue.submit``.
    """
    config.require_startable(footprint.measured(config, runs))
    return RunRow(
        config=config.flat(), owner=owner, status=RunStatus.QUEUED, kind=kind, created_at=now()
    )


def _begin(row: RunRow) -> None:
    row.status, row.started_at = RunStatus.RUNNING, now()
    row.heartbeat_at, row.error = row.started_at, None


def _ask_to_stop(row: RunRow) -> None:
    if row.status == RunStatus.QUEUED:
        row.status, row.finished_at, row.error = RunStatus.CANCELLED, now(), None
    row.stop_requested = True


def _kept_back(session: Session, may: Callable[[str], bool] | None) -> set[int]:
    """The waiting runs of those who may not begin one."""
    if may is None:
        return set()
    asked = session.execute(select(RunRow.number, RunRow.owner).where(WAITING))
    return {number for number, owner in asked if not may(owner)}


def _next_in_turn(session: Session, held: Collection[int]) -> int:
    """The waiting run that begins next, of which there is one that is not held."""
    if not held and (first := first_in_turn(session)):
        return first
    return next(number for number in waiting_in_turn(session) if number not in held)
