"""Salvage: what can still be read of a damaged database, put into a new one in its place."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from peft_demo.storage.database import DATABASE, Database
from peft_demo.storage.tables import MigrationRow, Table

MOST_PROBED = 1_000_000
"""Rows of a table that are asked for one by one, where reading in order has stopped."""


def rebuild(folder: Path) -> tuple[Path, dict[str, int]]:
    """Replace a damaged database by what can be read of it.

    Args:
        folder: of the database, which no program has open.

    Returns:
        Where the damaged one is kept, and how many rows of each table were saved.

    Raises:
        OSError: the folder cannot be written.
    """
    damaged = folder / DATABASE
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = folder / f"{damaged.stem}-damaged-{moment}{damaged.suffix}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".doctor-") as scratch:
        fresh = Database(Path(scratch))
        fresh.close()
        saved = _copy_rows(damaged, Path(scratch) / DATABASE)
        for suffix in ("-wal", "-shm"):
            beside = damaged.with_name(damaged.name + suffix)
            if beside.exists():
                os.replace(beside, kept.with_name(kept.name + suffix))
        os.replace(damaged, kept)
        os.replace(Path(scratch) / DATABASE, damaged)
    return kept, saved


def _copy_rows(damaged: Path, fresh: Path) -> dict[str, int]:
    saved = {}
    with closing(sqlite3.connect(damaged)) as source, closing(sqlite3.connect(fresh)) as target:
        for table in Table.metadata.sorted_tables:
            if table.name != MigrationRow.__tablename__:
                rows = list(_rows(source, table.name, [column.name for column in table.columns]))
                saved[table.name] = _insert(target, table.name, rows)
        target.commit()
        # All is one file from here on, which is moved.
        target.execute("PRAGMA journal_mode=DELETE")
    return saved


def _insert(target: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> int:
    written = 0
    for row in rows:
        names, places = ", ".join(row), ", ".join("?" * len(row))
        # The names are those of our own tables.
        statement = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({places})"
        try:
            target.execute(statement, tuple(row.values()))
        except sqlite3.IntegrityError:
            continue  # what it must have is not there
        written += 1
    return written


def _rows(source: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """All rows that can be read: from the first on, from the last back, and between by number."""
    first, last = 0, 0
    for order in ("ASC", "DESC"):
        try:
            asked = source.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid {order}")
            names = [each[0] for each in asked.description][1:]
            for number, *values in asked:
                if order == "ASC":
                    first = number
                elif number <= first:
                    return
                else:
                    last = number
                row = dict(zip(names, values, strict=True))
                yield {name: row[name] for name in columns if name in row}
        except sqlite3.DatabaseError:
            continue
        if order == "ASC":
            return
    for number in range(first + 1, min(last, first + MOST_PROBED)):
        try:
            asked = source.execute(f"SELECT * FROM {table} WHERE rowid = ?", (number,))
            names = [each[0] for each in asked.description]
            for values in asked:
                row = dict(zip(names, values, strict=True))
                yield {name: row[name] for name in columns if name in row}
        except sqlite3.DatabaseError:
            continue
