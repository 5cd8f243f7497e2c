"""The database's rows as runs and groups, and the ids that people see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pydantic
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from peft_demo.errors import NotFoundError
from peft_demo.fields import shown
from peft_demo.runs import GroupKind, Run, RunGroup, RunStatus
from peft_demo.runs.history import PastConfig
from peft_demo.runs.results import Record
from peft_demo.storage.tables import EpochRow, GroupRow, RunRow

# SQLite limits how many values one question may name.
_CHUNK = 500

_UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)

_BLANK_RUN = {"owner": "", "status": RunStatus.INTERRUPTED, "created_at": _UNKNOWN_TIME}
"""Of what a run must have, where it cannot be read."""

_BLANK_GROUP = {"kind": GroupKind.SWEEP, "name": "", "owner": "", "created_at": _UNKNOWN_TIME}

_Any = TypeVar("_Any", bound=Record)


def run_id_of(number: int) -> str:
    """The public id of the run with this number."""
    return f"run-{number:06d}"


def group_id_of(number: int) -> str:
    """The public id of the group with this number."""
    return f"group-{number:06d}"


def number_in(public_id: str, kind: str) -> int | None:
    """The number in a public id of that kind, ``run`` or ``group``; None if it is no such id."""
    prefix, _, digits = str(public_id).partition("-")
    if prefix != kind or not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        return None
    return int(digits)


def run_of(row: RunRow, epochs: Sequence[dict[str, Any]] = (), position: int | None = None) -> Run:
    """A row as a run, with its epochs and its place in the queue; reads any row."""
    stored = {
        "run_id": run_id_of(row.number),
        "kind": row.kind,
        "config": row.config,
        "owner": row.owner,
        "status": row.status,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "progress": row.progress or {},
        "epochs": epochs,
        "error": row.error,
        "result": row.result,
        "range_test": row.range_test,
        "group_id": None if row.group is None else group_id_of(row.group),
        "tags": row.tags or (),
        "note": row.note,
        "is_starred": row.is_starred,
        "queue_position": position,
        "version": row.version,
    }
    run, unreadable = _leniently(Run, stored, _BLANK_RUN)
    if not unreadable:
        return run
    problem = f"This version cannot read what was stored as {' and '.join(unreadable)}."
    if run.problem:
        problem = f"{run.problem} {problem}"
    return run.model_copy(update={"config": PastConfig(run.config.flat(), problem)})


def group_of(row: GroupRow) -> RunGroup:
    """A row as a group; reads any row."""
    stored = {
        "group_id": group_id_of(row.number),
        "kind": row.kind,
        "name": row.name,
        "owner": row.owner,
        "created_at": row.created_at,
        "is_race": row.is_race,
        "axes": row.axes,
    }
    return _leniently(RunGroup, stored, _BLANK_GROUP)[0]


def _leniently(
    model: type[_Any], stored: Mapping[str, Any], blanks: Mapping[str, Any]
) -> tuple[_Any, list[str]]:
    """What could be read, and the names of what could not be."""
    try:
        return model.model_validate(stored), []
    except pydantic.ValidationError as error:
        unreadable = sorted({str(found["loc"][0]) for found in error.errors()})
    read = {name: value for name, value in stored.items() if name not in unreadable}
    filled = {name: value for name, value in blanks.items() if name in unreadable}
    return model.model_validate({**read, **filled}), unreadable


def chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many at once as one question may name."""
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))


def epochs_of(session: Session, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The epochs of many runs, asked for together: one question a run would be slow."""
    epochs: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
    found = select(EpochRow.run, EpochRow.metrics).where(EpochRow.run.in_(numbers))
    for number, metrics in session.execute(found.order_by(EpochRow.run, EpochRow.epoch)):
        epochs[number].append(metrics)
    return epochs


def places(session: Session) -> dict[int, int]:
    """The place of each waiting run, from 1."""
    waiting = select(RunRow.number).where(RunRow.status == RunStatus.QUEUED).order_by(RunRow.number)
    return {number: place for place, number in enumerate(session.scalars(waiting), start=1)}


def no_such_group(group_id: object) -> NotFoundError:
    """What to raise for an id that no group has."""
    return NotFoundError(
        f"group must be the id of a group, such as group-000001, got {shown(group_id)}."
    )


def no_such_run(run_id: object) -> NotFoundError:
    """The same for runs."""
    return NotFoundError(f"run must be the id of a run, such as run-000001, got {shown(run_id)}.")


def missing(session: Session, number: int) -> NotFoundError:
    """Why there is no such run: it was deleted, or never was."""
    # SQLite keeps the highest number that it ever gave.
    highest = session.scalar(
        text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": RunRow.__tablename__}
    )
    run_id = run_id_of(number)
    if 1 <= number <= (highest or 0):
        return NotFoundError(f"{run_id} was deleted for good.")
    return no_such_run(run_id)
