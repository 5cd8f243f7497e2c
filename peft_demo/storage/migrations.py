"""Named migrations: what has to be done, in order, to make any earlier database today's.

A new one goes at the end of ``MIGRATIONS``; those that were ever landed stay as they are. An
empty database goes through all of them. A list of functions, because Alembic is far larger than
what it would do here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect

from peft_demo.errors import StoreError

Migration = Callable[[Connection], None]


def migrate(connection: Connection, database: Path) -> None:
    """Make what is missing, in one transaction, with a copy of the database kept beside before.

    Raises:
        StoreError: a newer version made this database.
    """
    if _schema_of(connection) < SCHEMA:
        connection.rollback()
        # Locked before looking again: two processes may open it at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    done = _schema_of(connection)
    if done > SCHEMA:
        raise StoreError(
            f"The run database {database} was made by a newer version of this program (schema "
            f"{done}; this one knows {SCHEMA}). Nothing was changed: use the newer version."
        )
    if done < SCHEMA and inspect(connection).has_table("run"):
        _copy(database, done)
    for number, (name, make) in enumerate(MIGRATIONS[done:], start=done + 1):
        make(connection)
        connection.exec_driver_sql(
            "INSERT INTO migration VALUES (?, ?, ?)",
            (number, name, datetime.now(UTC).isoformat()),
        )


def copy_of(database: Path, schema: int) -> Path:
    """Where the copy of a database of that schema is kept."""
    return database.with_name(f"{database.stem}-schema-{schema}{database.suffix}")


def _schema_of(connection: Connection) -> int:
    if not inspect(connection).has_table("migration"):
        return 0
    question = "SELECT coalesce(max(number), 0) FROM migration"
    return int(connection.exec_driver_sql(question).scalar_one())


def _copy(database: Path, schema: int) -> None:
    target = copy_of(database, schema)
    part = target.with_name(f".{target.name}.part")
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(part)) as copied,
    ):
        source.backup(copied)
    part.replace(target)


def _numbered(connection: Connection) -> None:
    """The tables that there were before schemas had numbers; some databases lack some of them."""
    connection.exec_driver_sql(
        "CREATE TABLE migration (number INTEGER NOT NULL, name VARCHAR NOT NULL, "
        "made_at VARCHAR NOT NULL, PRIMARY KEY (number))"
    )
    for statement in _FIRST_TABLES:
        connection.exec_driver_sql(statement)
    _add_columns(
        connection,
        "run",
        {
            "kind": "VARCHAR DEFAULT 'training' NOT NULL",
            "range_test": "JSON",
            "group_number": "INTEGER",
            "tags": "JSON",
            "note": "VARCHAR DEFAULT '' NOT NULL",
            "is_starred": "BOOLEAN DEFAULT 0 NOT NULL",
            "deleted_at": "VARCHAR",
        },
    )
    connection.exec_driver_sql(
        "CREATE INDEX IF NOT EXISTS ix_run_group_number ON run (group_number)"
    )
    connection.exec_driver_sql("INSERT OR IGNORE INTO version VALUES (1, 1)")


def _leases(connection: Connection) -> None:
    """Who works on a run says so again and again."""
    # The process's id in column `worker` stays there unused: SQLite < 3.35 cannot drop a column.
    _add_columns(connection, "run", {"heartbeat_at": "VARCHAR"})


def _evaluation_sets(connection: Connection) -> None:
    """What runs did on other evaluation sets than their test set."""
    connection.exec_driver_sql(
        "CREATE TABLE evaluation (run INTEGER NOT NULL, evaluation_set VARCHAR NOT NULL, "
        "fingerprint VARCHAR NOT NULL, num_texts INTEGER NOT NULL, accuracy DOUBLE NOT NULL, "
        "low DOUBLE NOT NULL, high DOUBLE NOT NULL, loss DOUBLE NOT NULL, "
        "PRIMARY KEY (run, evaluation_set), FOREIGN KEY(run) REFERENCES run (number))"
    )


MIGRATIONS: tuple[tuple[str, Migration], ...] = (
    ("numbered", _numbered),
    ("leases", _leases),
    ("evaluation_sets", _evaluation_sets),
)

SCHEMA = len(MIGRATIONS)
"""The number of today's schema."""


def _add_columns(connection: Connection, table: str, columns: Mapping[str, str]) -> None:
    """Add those that are not there."""
    known = {column["name"] for column in inspect(connection).get_columns(table)}
    for name, definition in columns.items():
        if name not in known:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {name} {definition}")


_FIRST_TABLES = (
    "CREATE TABLE IF NOT EXISTS version (id INTEGER NOT NULL, value INTEGER NOT NULL, "
    "PRIMARY KEY (id))",
    "CREATE TABLE IF NOT EXISTS run_group (number INTEGER NOT NULL, kind VARCHAR NOT NULL, "
    "name VARCHAR NOT NULL, owner VARCHAR NOT NULL, created_at VARCHAR NOT NULL, "
    "is_race BOOLEAN NOT NULL, axes JSON NOT NULL, PRIMARY KEY (number))",
    # AUTOINCREMENT: the number of a deleted run is never given again.
    "CREATE TABLE IF NOT EXISTS run (number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
    "config JSON NOT NULL, owner VARCHAR NOT NULL, status VARCHAR NOT NULL, "
    "created_at VARCHAR NOT NULL, started_at VARCHAR, finished_at VARCHAR, worker VARCHAR, "
    "stop_requested BOOLEAN NOT NULL, progress JSON NOT NULL, error VARCHAR, result JSON, "
    "version INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ix_run_status ON run (status)",
    "CREATE INDEX IF NOT EXISTS ix_run_version ON run (version)",
    "CREATE TABLE IF NOT EXISTS step (run INTEGER NOT NULL, step INTEGER NOT NULL, "
    "loss DOUBLE NOT NULL, learning_rate DOUBLE NOT NULL, PRIMARY KEY (run, step), "
    "FOREIGN KEY(run) REFERENCES run (number))",
    "CREATE TABLE IF NOT EXISTS epoch (run INTEGER NOT NULL, epoch INTEGER NOT NULL, "
    "metrics JSON NOT NULL, PRIMARY KEY (run, epoch), FOREIGN KEY(run) REFERENCES run (number))",
)
