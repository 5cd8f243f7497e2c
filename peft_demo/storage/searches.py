"""Searches: groups that grow round by round, and know what was asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from peft_demo.errors import NotFoundError
from peft_demo.runs import GroupKind, Run, RunConfig, RunGroup, RunKind
from peft_demo.runs.search import Search
from peft_demo.runs.sweeps import Plan
from peft_demo.storage.database import touch
from peft_demo.storage.queue import Queue, new_group, new_row
from peft_demo.storage.rows import id_of, not_found, number_in, probes_of
from peft_demo.storage.tables import GroupRow, RunRow


class Searches(Queue):
    """The searches of a store."""

    def submit_search(
        self, search: Search, name: str, configs: Sequence[RunConfig], owner: str
    ) -> tuple[RunGroup, list[Run]]:
        """Queue the first round of a search, all of it or nothing; see ``submit``."""
        plan = Plan(GroupKind.SEARCH, name, tuple(configs), is_race=True)
        runs = self.lately()
        with self._transaction() as session:
            group = new_group(plan, owner)
            session.add(group)
            session.flush()
            _add_round(session, group, search, configs, runs)
            group_id = id_of("group", group.number)
        return self.group(group_id)

    def search(self, group_id: str) -> Search:
        """What is asked of a search, and how far it is.

        Raises:
            NotFoundError: there is no such group, or it is no search.
        """
        with self._transaction(write=False) as session:
            return _search_of(_row(session, group_id))

    def open_searches(self) -> list[str]:
        """The ids of the searches that are not over, oldest first."""
        asked = select(GroupRow.number).where(
            GroupRow.kind == GroupKind.SEARCH, GroupRow.search["ended_at"].as_string().is_(None)
        )
        with self._transaction(write=False) as session:
            found = session.scalars(asked.order_by(GroupRow.number))
            return [id_of("group", number) for number in found]

    def mark_search(self, group_id: str, **changes: Any) -> None:
        """Write down how far a search is; a search that is over stays as it ended."""
        with self._transaction() as session:
            group = _row(session, group_id)
            search = _search_of(group)
            if search.ended_at is None:
                _write(group, search.model_copy(update=changes))
                touch(session)

    def add_round(self, group_id: str, configs: Sequence[RunConfig]) -> None:
        """Queue one more round of a search."""
        runs = self.lately()
        with self._transaction() as session:
            group = _row(session, group_id)
            _add_round(session, group, _search_of(group), configs, runs)

    def confirm_search(self, group_id: str, plan: Plan) -> None:
        """Queue the runs that confirm a search, as a group of their own."""
        runs = self.lately()
        with self._transaction() as session:
            group = _row(session, group_id)
            made = new_group(plan, group.owner)
            session.add(made)
            session.flush()
            _add_runs(session, made, plan.configs, runs)
            confirmation = id_of("group", made.number)
            _write(group, _search_of(group).model_copy(update={"confirmation": confirmation}))


def _add_round(
    session: Session,
    group: GroupRow,
    search: Search,
    configs: Sequence[RunConfig],
    runs: Sequence[Run],
) -> None:
    rows = _add_runs(session, group, configs, runs)
    trials = tuple(id_of("run", row.number) for row in rows)
    _write(group, search.model_copy(update={"rounds": (*search.rounds, trials)}))


def _add_runs(
    session: Session, group: GroupRow, configs: Sequence[RunConfig], runs: Sequence[Run]
) -> list[RunRow]:
    rows = [new_row(config, group.owner, RunKind.TRAINING, runs) for config in configs]
    probes = probes_of(session, group.owner)
    for row in rows:
        row.group, row.probes = group.number, probes
    session.add_all(rows)
    session.flush()
    touch(session, *rows)
    return rows


def _row(session: Session, group_id: str) -> GroupRow:
    row = session.get(GroupRow, number_in(group_id, "group"))
    if row is None:
        raise not_found(group_id, "group")
    return row


def _search_of(row: GroupRow) -> Search:
    if row.search is None:
        raise NotFoundError(f"{id_of('group', row.number)} is no search.")
    return Search.model_validate(row.search)


def _write(row: GroupRow, search: Search) -> None:
    row.search = search.model_dump(mode="json")
