"""The database's tables, as ``migrations`` make them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from peft_demo.runs import RunKind


class Table(DeclarativeBase):
    """The tables of one database."""

    type_annotation_map = {dict[str, Any]: JSON}  # noqa: RUF012

    def filled(self) -> dict[str, Any]:
        """The row's values by their columns' names; what is empty is left out."""
        values = (
            (column.key, getattr(self, column.key)) for column in self.__mapper__.column_attrs
        )
        return {name: value for name, value in values if value is not None}


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
    search: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Of a search what is asked of it, and how far it is; see ``runs.search``."""


class RunRow(Table):
    """A run; deleted ones stay for a while."""

    __tablename__ = "run"
    __table_args__ = (
        # Whose turn it is, without reading what waits and what was ever done.
        Index("ix_run_turn", "status", "moved_first", "owner"),
        Index("ix_run_began", "owner", "started_at"),
        # AUTOINCREMENT: the number of a deleted run is never given again.
        {"sqlite_autoincrement": True},
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default=RunKind.TRAINING, server_default=RunKind.TRAINING)
    config: Mapped[dict[str, Any]]
    owner: Mapped[str]
    status: Mapped[str] = mapped_column(String, index=True)
    created_at: Mapped[str]
    started_at: Mapped[str | None]
    finished_at: Mapped[str | None]
    heartbeat_at: Mapped[str | None]
    """When who works on it last said so; see ``liveness``."""
    stop_requested: Mapped[bool] = mapped_column(default=False)
    keep_requested: Mapped[bool] = mapped_column(default=False, server_default="0")
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    before_training: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    probes: Mapped[list[str] | None] = mapped_column(JSON)
    error: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    range_test: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # No foreign key: SQLite cannot add one to a table that is there already.
    group: Mapped[int | None] = mapped_column("group_number", index=True)
    tags: Mapped[list[str] | None] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(default="", server_default="")
    is_starred: Mapped[bool] = mapped_column(default=False, server_default="0")
    deleted_at: Mapped[str | None]
    moved_first: Mapped[int] = mapped_column(default=0, server_default="0")
    """The version at which it was put before all that wait, or 0."""
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


class EvaluationRow(Table):
    """What a finished run's predictions on one evaluation set amount to; see ``evaluations``."""

    __tablename__ = "evaluation"
    run: Mapped[int] = mapped_column(ForeignKey("run.number"), primary_key=True)
    evaluation_set: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    num_texts: Mapped[int]
    accuracy: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    loss: Mapped[float]


class ChallengeRow(Table):
    """A challenge for a class; runs enter it by a tag with its id."""

    __tablename__ = "challenge"
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]
    created_at: Mapped[str]
    limits: Mapped[dict[str, Any]]


class DatasetRow(Table):
    """Texts that somebody added; their files lie in a folder called after what they hold."""

    __tablename__ = "dataset"
    dataset: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    num_bytes: Mapped[int]
    is_listed: Mapped[bool] = mapped_column(default=True, server_default="1")
    created_at: Mapped[str]
    deleted_at: Mapped[str | None]


class PersonRow(Table):
    """What an owner calls himself, what he watches, and whether his runs are challenged."""

    __tablename__ = "person"
    owner: Mapped[str] = mapped_column(primary_key=True)
    nickname: Mapped[str] = mapped_column(default="")
    probes: Mapped[list[str] | None] = mapped_column(JSON)
    challenges_since: Mapped[str | None]
    """Runs that were queued from then on are challenged once they have been tested."""


class ClassroomRow(Table):
    """What a teacher decided, in the only row; see ``runs.classroom``."""

    __tablename__ = "classroom"
    id: Mapped[int] = mapped_column(primary_key=True)
    decided: Mapped[dict[str, Any]]


class MigrationRow(Table):
    """A migration that was made."""

    __tablename__ = "migration"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    made_at: Mapped[str]
