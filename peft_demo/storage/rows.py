"""The database's rows as runs and groups, and the ids that people see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pydantic
from sqlalchemy import text
from sqlalchemy.orm import Session

from peft_demo.errors import NotFoundError
from peft_demo.fields import shown
from peft_demo.folders import without_paths
from peft_demo.runs import GroupKind, KnownConfig, Run, RunGroup, RunStatus
from peft_demo.runs.classroom import Classroom
from peft_demo.runs.history import PastConfig
from peft_demo.runs.results import Record
from peft_demo.storage.tables import ClassroomRow, GroupRow, PersonRow, RunRow

_UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)

_BLANK_RUN = {"owner": "", "status": RunStatus.INTERRUPTED, "created_at": _UNKNOWN_TIME}
"""Of what a run must have, where it cannot be read."""

_BLANK_GROUP = {"kind": GroupKind.SWEEP, "name": "", "owner": "", "created_at": _UNKNOWN_TIME}

_Any = TypeVar("_Any", bound=Record)


def id_of(kind: str, number: int) -> str:
    """The public id of the ``run`` or ``group`` with this number."""
    return f"{kind}-{number:06d}"


def number_in(public_id: object, kind: str) -> int:
    """The number in the public id of a ``run`` or ``group``.

    Raises:
        NotFoundError: it is no such id.
    """
    found = re.fullmatch(rf"{kind}-([0-9]{{1,12}})", str(public_id))
    if found is None:
        raise not_found(public_id, kind)
    return int(found[1])


def run_of(
    row: RunRow,
    epochs: Sequence[dict[str, Any]] = (),
    nickname: str = "",
    config: KnownConfig | None = None,
) -> Run:
    """A row as a run, with its epochs, its place in the queue and its owner's name; reads any.

    ``config`` is the row's own, where that has been read already.
    """
    stored = {
        **row.filled(),
        "run_id": id_of("run", row.number),
        "config": config or row.config,
        "error": row.error and without_paths(row.error),
        "whole_error": row.error,
        "epochs": epochs,
        "group_id": None if row.group is None else id_of("group", row.group),
        "nickname": nickname,
    }
    run, unreadable = _leniently(Run, stored, _BLANK_RUN)
    if not unreadable:
        return run
    problem = f"This version cannot read what was stored as {' and '.join(unreadable)}."
    if run.problem:
        problem = f"{run.problem} {problem}"
    return run.model_copy(update={"config": PastConfig(run.config.flat(), problem)})


def classroom_in(session: Session) -> Classroom:
    """What a teacher decided; reads any row."""
    row = session.get(ClassroomRow, 1)
    return _leniently(Classroom, row.decided, {})[0] if row else Classroom()


def probes_of(session: Session, owner: str) -> list[str] | None:
    """What an owner watches; None of who never did."""
    row = session.get(PersonRow, owner)
    return row.probes if row else None


def group_of(row: GroupRow, nickname: str = "") -> RunGroup:
    """A row as a group; reads any row."""
    stored = {**row.filled(), "nickname": nickname, "group_id": id_of("group", row.number)}
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
    return model.model_validate({**blanks, **read}), unreadable


def not_found(public_id: object, kind: str) -> NotFoundError:
    """What to raise for an id that no ``run`` or ``group`` has."""
    return NotFoundError(
        f"{kind} must be the id of a {kind}, such as {id_of(kind, 1)}, got {shown(public_id)}."
    )


def missing_run(session: Session, number: int) -> NotFoundError:
    """Why there is no such run: it was deleted, or never was."""
    # SQLite keeps the highest number that it ever gave.
    highest = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'run'"))
    run_id = id_of("run", number)
    if 1 <= number <= (highest or 0):
        return NotFoundError(f"{run_id} was deleted for good.")
    return not_found(run_id, "run")
