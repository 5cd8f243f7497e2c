"""What the people call themselves whose runs these are, what they watch, what they want asked."""

from __future__ import annotations

from sqlalchemy import select

from peft_demo.runs import name_of
from peft_demo.runs.nicknames import check_nickname, key
from peft_demo.runs.probes import checked_probes
from peft_demo.storage.database import now, touch
from peft_demo.storage.rows import probes_of
from peft_demo.storage.runs import Runs
from peft_demo.storage.tables import PersonRow, RunRow


class People(Runs):
    """The nicknames and probes of a store's owners."""

    def name_of(self, owner: str) -> str:
        """What an owner is called."""
        if not self._is_open:
            return name_of(owner)
        with self._transaction(write=False) as session:
            return self._nicknames(session, [owner]).get(owner) or name_of(owner)

    def call(self, owner: str, nickname: object) -> str:
        """Give an owner a nickname, which all runs of his show; answers it as it is kept.

        Raises:
            InvalidFieldsError: it is not allowed, or another's.
            StoreError: the database cannot be written.
        """
        with self._transaction() as session:
            named = session.scalars(select(PersonRow).where(PersonRow.owner != owner))
            others = select(RunRow.owner).where(RunRow.owner != owner).distinct()
            known = {*(row.nickname for row in named), *session.scalars(others)}
            name = check_nickname(nickname, {*map(key, known)})
            session.merge(PersonRow(owner=owner, nickname=name))
            touch(session, *session.scalars(select(RunRow).where(RunRow.owner == owner)))
        return name

    def watch(self, owner: str, probes: object) -> tuple[str, ...]:
        """Ask an owner's runs about these texts from now on; answers them as they are kept.

        Raises:
            InvalidFieldsError: they are not allowed.
            StoreError: the database cannot be written.
        """
        kept = checked_probes(probes)
        with self._transaction() as session:
            row = session.get(PersonRow, owner) or PersonRow(owner=owner)
            row.probes = list(kept)
            session.add(row)
        return kept

    def wish_challenges(self, owner: str, is_wished: bool) -> None:
        """Have the runs that an owner queues from now on challenged, or none any more.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._transaction() as session:
            row = session.get(PersonRow, owner) or PersonRow(owner=owner)
            row.challenges_since = now() if is_wished else None
            session.add(row)

    def challenge_wishes(self) -> dict[str, str]:
        """Since when whose runs are to be challenged, by their owners."""
        if not self._is_open:
            return {}
        with self._transaction(write=False) as session:
            wished = select(PersonRow).where(PersonRow.challenges_since.is_not(None))
            return {row.owner: row.challenges_since or "" for row in session.scalars(wished)}

    def watched(self, owner: str) -> tuple[str, ...]:
        """What an owner watches."""
        if not self._is_open:
            return ()
        with self._transaction(write=False) as session:
            return tuple(probes_of(session, owner) or ())
