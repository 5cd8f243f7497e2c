"""The database's tables, what is asked of them, and their rows as runs and groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peft_demo.errors import NotFoundError
from peft_demo.fields import shown
from peft_demo.runs import GroupKind, Run, RunGroup, RunKind, RunStatus

# SQLite limits how many values one question may name.
_CHUNK = 500


class Table(DeclarativeBase):
    """The tables of one database."""

    type_annotation_map = {dict[str, Any]: JSON}  # noqa: RUF012


class VersionRow(Table):
    """The store's version, in the only row."""

    __tablename__ = "version"
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


class GroupRow(Table):
    """A group of runs."""

    # "group" is a word of SQL.
    __tablename__ = "run_group"
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    owner: Mapped[str]
    created_at: Mapped[str]
    is_race: Mapped[bool] = mapped_column(default=False)
    axes: Mapped[dict[str, Any]] = mapped_column(default=dict)


class RunRow(Table):
    """A run; deleted ones stay for a while."""

    __tablename__ = "run"
    # AUTOINCREMENT: the number of a deleted run is never given again.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default=RunKind.TRAINING, server_default=RunKind.TRAINING)
    config: Mapped[dict[str, Any]]
    owner: Mapped[str]
    status: Mapped[str] = mapped_column(String, index=True)
    created_at: Mapped[str]
    started_at: Mapped[str | None]
    finished_at: Mapped[str | None]
    worker: Mapped[str | None]
    stop_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    range_test: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # No foreign key: SQLite cannot add one to a table that is there already.
    group: Mapped[int | None] = mapped_column("group_number", index=True)
    tags: Mapped[list[str] | None] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(default="", server_default="")
    is_starred: Mapped[bool] = mapped_column(default=False, server_default="0")
    deleted_at: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=0, index=True)


class StepRow(Table):
    """The metrics of one step."""

    __tablename__ = "step"
    run: Mapped[int] = mapped_column(ForeignKey("run.number"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    loss: Mapped[float]
    learning_rate: Mapped[float]


class EpochRow(Table):
    """The metrics of one epoch."""

    __tablename__ = "epoch"
    run: Mapped[int] = mapped_column(ForeignKey("run.number"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    metrics: Mapped[dict[str, Any]]


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


def run_of(row: RunRow, epochs: Sequence[dict[str, Any]], position: int | None) -> Run:
    """A row as a run, with its epochs and its place in the queue."""
    return Run.model_validate(
        {
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
    )


def group_of(row: GroupRow) -> RunGroup:
    """A row as a group."""
    return RunGroup(
        group_id=group_id_of(row.number),
        kind=GroupKind(row.kind),
        name=row.name,
        owner=row.owner,
        created_at=datetime.fromisoformat(row.created_at),
        is_race=row.is_race,
        axes=row.axes,
    )


def undeleted(question: Any) -> Any:
    """Only of runs that are not deleted."""
    return question.where(RunRow.deleted_at.is_(None))


def stamped() -> Any:
    """Asks for number and version of runs that are not deleted."""
    return undeleted(select(RunRow.number, RunRow.version))


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
