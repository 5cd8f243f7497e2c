"""The challenges that teachers set."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from peft_demo.runs.challenge import Challenge, checked_challenge
from peft_demo.storage.annotations import Annotations
from peft_demo.storage.database import now
from peft_demo.storage.rows import id_of, not_found, number_in
from peft_demo.storage.tables import ChallengeRow


class Challenges(Annotations):
    """The challenges of a store."""

    def add_challenge(self, title: object, limits: Mapping[str, object], owner: str) -> Challenge:
        """Set a challenge.

        Raises:
            InvalidFieldsError: title or limits are not allowed.
            StoreError: the database cannot be written.
        """
        name, kept = checked_challenge(title, limits)
        with self._transaction() as session:
            row = ChallengeRow(title=name, owner=owner, created_at=now(), limits=kept)
            session.add(row)
            session.flush()
            return _challenge_of(row)

    def challenges(self) -> list[Challenge]:
        """All challenges, newest first."""
        if not self._is_open:
            return []
        with self._transaction(write=False) as session:
            rows = session.scalars(select(ChallengeRow).order_by(ChallengeRow.number.desc()))
            return [_challenge_of(row) for row in rows]

    def challenge(self, challenge_id: str) -> Challenge:
        """One of them.

        Raises:
            NotFoundError: there is none of that id.
        """
        number = number_in(challenge_id, "challenge")
        with self._transaction(write=False) as session:
            row = session.get(ChallengeRow, number)
            if row is None:
                raise not_found(challenge_id, "challenge")
            return _challenge_of(row)

    def enter_challenge(self, challenge_id: str, run_id: str) -> None:
        """Let a run take part: it gets the challenge's id as a tag.

        Raises:
            NotFoundError: there is no such challenge or run.
            ConflictError: it is a reference run, which stays as it is.
        """
        self.challenge(challenge_id)
        tags = list(self.get(run_id).tags)
        self.annotate(run_id, tags=[*tags, challenge_id])


def _challenge_of(row: ChallengeRow) -> Challenge:
    return Challenge.model_validate(
        {**row.filled(), "challenge_id": id_of("challenge", row.number)}
    )
