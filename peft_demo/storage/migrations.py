"""Named migrations: what has to be done, in order, to make any earlier database today's.

What ``tables`` has and a database lacks is added to it. A migration does in addition what that
cannot, such as moving values; one that only adds has a name and nothing to do. A new one goes at
the end of ``MIGRATIONS``; those that were ever landed stay as they are. A list of functions,
because Alembic is far larger than what it would do here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, inspect, select
from sqlalchemy.schema import CreateColumn

from peft_demo.errors import StoreError
from peft_demo.storage.earlier_imports import keep_what_is_known
from peft_demo.storage.tables import MigrationRow, RunRow, Table, VersionRow

Migration = Callable[[Connection], None]

MIGRATIONS: tuple[tuple[str, Migration | None], ...] = (
    ("numbered", None),
    # Column `worker` of `run` stays where it is, unused: SQLite < 3.35 cannot drop a column.
    ("leases", None),
    ("evaluation_sets", None),
    ("imports", keep_what_is_known),
    ("challenges", None),
    ("people", None),
    ("classroom", None),
    ("kept_epochs", None),
    ("datasets", None),
    ("before_training", None),
    ("probes", None),
    ("challenges_after_training", None),
    ("searches", None),
    ("turns", None),
)

SCHEMA = len(MIGRATIONS)
"""The number of today's schema."""


def migrate(connection: Connection, database: Path) -> None:
    """Make what is missing, in one transaction, with a copy of the database kept beside before.

    Raises:
        StoreError: a newer version made this database.
    """
    if schema_of(connection) < SCHEMA:
        connection.rollback()
        # Locked before looking again: two processes may open it at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    done = schema_of(connection)
    if done > SCHEMA:
        raise StoreError(
            f"The run database {database} was made by a newer version of this program (schema "
            f"{done}; this one knows {SCHEMA}). Nothing was changed: use the newer version."
        )
    if done == SCHEMA:
        return
    if inspect(connection).has_table(RunRow.__tablename__):
        _copy(database, done)
        _add_what_is_missing(connection)
    else:
        Table.metadata.create_all(connection)
    connection.execute(insert(VersionRow).prefix_with("OR IGNORE").values(id=1, value=1))
    for number, (name, change) in enumerate(MIGRATIONS[done:], start=done + 1):
        if change is not None:
            change(connection)
        made_at = datetime.now(UTC).isoformat()
        connection.execute(insert(MigrationRow).values(number=number, name=name, made_at=made_at))


def copy_of(database: Path, schema: int) -> Path:
    """Where the copy of a database of that schema is kept."""
    return database.with_name(f"{database.stem}-schema-{schema}{database.suffix}")


def schema_of(connection: Connection) -> int:
    """The number of a database's schema; 0 of one without."""
    if not inspect(connection).has_table(MigrationRow.__tablename__):
        return 0
    return connection.scalar(select(func.max(MigrationRow.number))) or 0


def _copy(database: Path, schema: int) -> None:
    target = copy_of(database, schema)
    part = target.with_name(f".{target.name}.part")
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(part)) as copied,
    ):
        source.backup(copied)
    part.replace(target)


def _add_what_is_missing(connection: Connection) -> None:
    """Add tables, columns and indexes that are not there."""
    Table.metadata.create_all(connection)
    for table in Table.metadata.tables.values():
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                definition = CreateColumn(column).compile(connection)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
        for index in table.indexes:
            index.create(connection, checkfirst=True)
