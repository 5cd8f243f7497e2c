"""Whose turn it is: owners take turns, who began a run longest ago first; then the oldest run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from peft_demo.runs import RunStatus
from peft_demo.storage.tables import RunRow

WAITING = RunRow.status == RunStatus.QUEUED


def in_turn(waiting: Iterable[tuple[int, str]], began: Mapping[str, str]) -> list[int]:
    """The numbers of waiting runs in the order in which they begin, if nobody adds any.

    Nobody waits for more than one run of another: the second one stands behind one's first.

    Args:
        waiting: numbers and owners, oldest first.
        began: when each owner's latest run began, as texts that sort; who has none is left out.
    """
    rounds: Counter[str] = Counter()
    turns: dict[str, tuple[str, int]] = {}
    places = []
    for number, owner in waiting:
        rounds[owner] += 1
        turn = turns.setdefault(owner, (began.get(owner, ""), number))
        places.append((rounds[owner], turn, number))
    return [number for *_, number in sorted(places)]


def waiting_in_turn(session: Session) -> dict[int, str]:
    """The numbers of all waiting runs, in the order of ``in_turn``, and their owners."""
    asked = select(RunRow.number, RunRow.owner).where(WAITING).order_by(RunRow.number)
    waiting: dict[int, str] = dict(iter(session.execute(asked)))
    if not waiting:
        return {}
    owners = {*waiting.values()}
    latest = select(RunRow.owner, func.max(RunRow.started_at)).group_by(RunRow.owner)
    began = {owner: at for owner, at in session.execute(latest) if at and owner in owners}
    return {number: waiting[number] for number in in_turn(waiting.items(), began)}
