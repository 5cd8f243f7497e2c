"""Whose turn it is: owners take turns, who began a run longest ago first; then the oldest run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from peft_demo.runs import RunStatus
from peft_demo.storage.tables import RunRow

WAITING = RunRow.status == RunStatus.QUEUED


def in_turn(
    waiting: Iterable[tuple[int, str]], began: Mapping[str, str], first: Sequence[int] = ()
) -> list[int]:
    """The numbers of waiting runs in the order in which they begin, if nobody adds any.

    Nobody waits for more than one run of another: the second one stands behind one's first.

    Args:
        waiting: numbers and owners, oldest first.
        began: when each owner's latest run began, as texts that sort; who has none is left out.
        first: those that a teacher put before all others, in their order.
    """
    owners = dict(waiting)
    # Whose run was put first has had his turn then: "~" sorts behind all times.
    began = {**began, **{owners.pop(n): f"~{place:09}" for place, n in enumerate(first)}}
    rounds: Counter[str] = Counter()
    turns: dict[str, tuple[str, int]] = {}
    places = []
    for number, owner in owners.items():
        rounds[owner] += 1
        turn = turns.setdefault(owner, (began.get(owner, ""), number))
        places.append((rounds[owner], turn, number))
    return [*first, *(number for *_, number in sorted(places))]


def first_in_turn(session: Session) -> int | None:
    """The head of ``waiting_in_turn``, which for a long queue takes much longer."""
    moved = select(RunRow.number).where(WAITING, RunRow.moved_first > 0)
    put_first = session.scalar(moved.order_by(RunRow.moved_first.desc(), RunRow.number).limit(1))
    if put_first is not None:
        return put_first
    theirs = aliased(RunRow)
    latest = select(func.max(theirs.started_at)).where(theirs.owner == RunRow.owner)
    oldest = (
        select(func.min(RunRow.number), latest.scalar_subquery())
        .where(WAITING, RunRow.moved_first == 0)  # as all are; the index begins with both
        .group_by(RunRow.owner)
    )
    turns = ((began or "", number) for number, began in session.execute(oldest))
    first = min(turns, default=None)
    return first[1] if first else None


def waiting_in_turn(session: Session) -> dict[int, str]:
    """The numbers of all waiting runs, in the order of ``in_turn``, and their owners."""
    asked = select(RunRow.number, RunRow.owner, RunRow.moved_first).where(WAITING)
    found = session.execute(asked.order_by(RunRow.number)).all()
    if not found:
        return {}
    waiting = {number: owner for number, owner, _ in found}
    moved = [(-version, number) for number, _, version in found if version]
    latest = select(RunRow.owner, func.max(RunRow.started_at)).group_by(RunRow.owner)
    owners = {*waiting.values()}
    began = {owner: at for owner, at in session.execute(latest) if at and owner in owners}
    first = [number for _, number in sorted(moved)]
    return {number: waiting[number] for number in in_turn(waiting.items(), began, first)}
