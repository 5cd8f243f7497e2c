"""Database: one SQLite file in the runs' folder, opened, migrated and asked in transactions."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session

from peft_demo.errors import StoreError
from peft_demo.storage import journal, space
from peft_demo.storage.migrations import SCHEMA, migrate, schema_of
from peft_demo.storage.tables import RunRow, VersionRow

LOCK_SECONDS = 5.0
"""How long a write waits for another process to let go of the database."""

DATABASE = "runs.sqlite3"

_DAMAGED = ("malformed", "not a database", "no such table", "no such column")
"""Of what SQLite says where a file is not what it was."""


class Database:
    """The database in a folder; opening never fails, ``problem`` says what is wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_open = False
        self.problem: str | None = None
        """Why the folder cannot be used, or None."""
        self._reader: Engine | None = None
        """Where it can only be read."""
        self._engine = create_engine(
            f"sqlite:///{folder / DATABASE}",
            connect_args={"timeout": LOCK_SECONDS},
            json_deserializer=_read_json,
        )
        event.listen(self._engine, "connect", lambda made, _: journal.prepare(made, folder))
        with suppress(StoreError):
            self._open()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @property
    def version(self) -> int:
        """Moves whenever anything in the database changes; 0 while it cannot be used."""
        if not self._is_open:
            return 0
        # Without a transaction: each step of one may wait for whoever computes in Python.
        with self._told(), (self._reader or self._engine).connect() as connection:
            return connection.scalar(select(VersionRow.value)) or 0

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[Session]:
        """All that is done inside happens, or none of it.

        Raises:
            StoreError: the database cannot be used, or stayed locked; names it.
        """
        self._open(write=write)
        engine = self._reader or self._engine
        with self._told(), Session(engine) as session, session.begin():
            # The lock is taken at once: a read that later turns into a write could not wait.
            session.connection().exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
            yield session

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong inside is told of the database."""
        try:
            yield
        except (IntegrityError, ProgrammingError):
            raise  # defects of ours
        except (DatabaseError, OSError) as error:
            raise self._unusable(error) from error

    def _open(self, *, write: bool = False) -> None:
        """Make folder and tables if they are not there yet."""
        if self._is_open and not (write and self._reader):
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._engine.connect() as connection:
                migrate(connection, self.folder / DATABASE)
                connection.commit()
                _leave_numbers_of_files(connection, self.folder)
                connection.commit()
        except (OSError, SQLAlchemyError, sqlite3.Error, StoreError) as error:
            unusable = error if isinstance(error, StoreError) else self._unusable(error)
            self.problem = str(unusable)
            self._reader = self._reader or self._made_reader()
            self._is_open = self._reader is not None
            if write or not self._is_open:
                raise unusable from error
            return
        self._is_open = True
        self.problem = self._reader = None
        space.keep_reserve(self.folder)

    def _made_reader(self) -> Engine | None:
        """What can be had of a database on a disk that is full, or cannot be written to."""
        # Without a file of those who have it open SQLite believes that nobody has.
        for how in ("mode=ro", "mode=ro&immutable=1"):
            url = f"sqlite:///file:{quote(str(self.folder / DATABASE))}?{how}&uri=true"
            reader = create_engine(url, poolclass=NullPool, json_deserializer=_read_json)
            with suppress(SQLAlchemyError, sqlite3.Error), reader.connect() as connection:
                if schema_of(connection) == SCHEMA:
                    return reader
        return None

    def _unusable(self, error: Exception) -> StoreError:
        reason = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
        if "locked" in reason:
            return StoreError(
                f"The run database {self.folder / DATABASE} is locked by another process; "
                f"waited {LOCK_SECONDS:g} seconds. Nothing was changed: try again."
            )
        if any(words in reason for words in _DAMAGED):
            return StoreError(
                f"The run database {self.folder / DATABASE} is damaged ({reason}). Nothing was "
                "changed: end the program, and `python -m peft_demo doctor --mend` saves what can "
                "be read."
            )
        return unusable(self.folder, reason)


def _leave_numbers_of_files(connection: Connection, folder: Path) -> None:
    """Give no run a number that files of one have, though a lost database knows nothing of it."""
    found = (
        re.fullmatch(r"(?:\.partial-)?run-([0-9]{6,12})", path.name) for path in folder.iterdir()
    )
    highest = max((int(match[1]) for match in found if match), default=0)
    given = text("SELECT seq FROM sqlite_sequence WHERE name = 'run'")
    if highest <= (connection.scalar(given) or 0):
        return
    connection.commit()
    # Locked before looking again, as ``migrate`` does.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if highest > (connection.scalar(given) or 0):
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'run'"))
        connection.execute(
            text("INSERT INTO sqlite_sequence VALUES ('run', :highest)"), {"highest": highest}
        )


def unusable(folder: Path, reason: str | None) -> StoreError:
    """What to raise where the folder that everything is written into cannot be used."""
    return StoreError(
        f"PEFT_DEMO_HOME must be a folder with free space that can be written to, "
        f"got {folder} ({reason})."
    )


def touch(session: Session, *rows: RunRow) -> None:
    """Move the store's version, and mark these runs with it."""
    session.execute(update(VersionRow).values(value=VersionRow.value + 1))
    version = session.scalar(select(VersionRow.value)) or 0
    for row in rows:
        row.version = version


def now() -> str:
    """The time, as it is stored: all in UTC and of one form, so that texts are in their order."""
    return ago(0)


def ago(seconds: float) -> str:
    """The time so long ago, as it is stored."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def _read_json(stored: str) -> Any:
    """A column's JSON; what is damaged stays text, and whoever reads the row says so."""
    try:
        return json.loads(stored)
    except ValueError:
        return stored
