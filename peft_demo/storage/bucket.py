"""A copy of a store in a folder that outlives the machine, such as a Space's mounted bucket.

Such mounts lock badly and rename slowly, so nothing is worked on there. The live database is on a
local disk; after a change each finished run and data set goes there as one file, then the database
as a whole (``VACUUM INTO``). A file gets its name once all of it is there: whoever is killed in the
middle leaves what was there before. One program at a time writes into a bucket.
"""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from peft_demo.storage.database import DATABASE
from peft_demo.storage.store import Store

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""Between two copies, at least: a training changes the database twice a second."""

KEPT_SNAPSHOTS = 2
"""So that one which turns out to be damaged has another behind it."""

_SNAPSHOT = re.compile(r"database-(\d{12})\.sqlite3")

_RUN = re.compile(r"run-(\d{6,12})")

_FOLDERS = ("", "datasets")
"""Of the home, whose folders go there as a file each: runs, and own data sets."""

_LOOSE = ("*.json", "*.key")
"""Files in the home that go there as they are: own bases, and what signs cookies."""


def restore(home: Path, bucket: Path) -> bool:
    """Fill a home that has no database from a bucket; whether it did.

    The database comes last: whoever is killed before begins again.

    Raises:
        OSError: one of the two cannot be used.
    """
    if (home / DATABASE).exists() or not bucket.is_dir():
        return False
    snapshot = next(filter(_is_whole, _snapshots(bucket)), None)
    if snapshot is None:
        return False
    home.mkdir(parents=True, exist_ok=True)
    for inside in _FOLDERS:
        for packed in sorted((bucket / inside).glob("*.zip")):
            target = home / inside / packed.stem
            if not target.exists():
                _unpack(packed, target)
    for pattern in _LOOSE:
        for path in bucket.glob(pattern):
            _copy(path, home / path.name)
    _copy(snapshot, home / DATABASE)
    return True


class Keeper:
    """Copies a store into a bucket whenever it has changed, in a thread of its own."""

    def __init__(self, store: Store, bucket: Path) -> None:
        self._store, self._bucket = store, bucket
        self._saved = -1
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Copy what is not there yet, and end."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def save(self) -> bool:
        """Copy what has changed; whether anything had.

        Raises:
            OSError: the bucket cannot be written.
            StoreError: the store cannot be read.
        """
        version = self._store.version
        if version in (0, self._saved):
            return False
        self._bucket.mkdir(parents=True, exist_ok=True)
        home = self._store.folder
        # Before the database: it never names a run whose files are not there.
        for inside in _FOLDERS:
            self._save_folders(home / inside, self._bucket / inside)
        for pattern in _LOOSE:
            for path in home.glob(pattern):
                _copy(path, self._bucket / path.name)
        self._snapshot(version)
        self._forget()
        self._saved = version
        return True

    def _work(self) -> None:
        while not self._closing.wait(PAUSE_SECONDS):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            self.save()
        except Exception as error:  # the next change is a new try
            logger.warning("PEFT_DEMO_BUCKET %s could not be written: %s", self._bucket, error)

    def _save_folders(self, source: Path, target: Path) -> None:
        for folder in _packed_folders(source, is_home=source == self._store.folder):
            packed = target / f"{folder.name}.zip"
            if not packed.exists() or packed.stat().st_mtime < _changed(folder):
                target.mkdir(parents=True, exist_ok=True)
                _pack(folder, packed)

    def _snapshot(self, version: int) -> None:
        local = self._store.folder / ".snapshot"
        local.unlink(missing_ok=True)  # of who was killed in the middle
        try:
            with closing(sqlite3.connect(self._store.folder / DATABASE)) as database:
                database.execute("VACUUM INTO ?", (str(local),))
            number = max((_number(path) for path in _snapshots(self._bucket)), default=0) + 1
            _copy(local, self._bucket / f"database-{number:012d}.sqlite3")
        finally:
            local.unlink(missing_ok=True)
        for old in _snapshots(self._bucket)[KEPT_SNAPSHOTS:]:
            old.unlink(missing_ok=True)

    def _forget(self) -> None:
        """Remove runs that the database does not know any more, data sets that are gone, leftovers.

        A lost folder alone removes no run: its copy may be the last.
        """
        known = self._store.numbers()
        for packed in self._bucket.glob("run-*.zip"):
            match = _RUN.fullmatch(packed.stem)
            if match and int(match[1]) not in known:
                packed.unlink(missing_ok=True)
        for packed in (self._bucket / "datasets").glob("*.zip"):
            if not (self._store.folder / "datasets" / packed.stem).exists():
                packed.unlink(missing_ok=True)
        for part in self._bucket.rglob("*.part"):
            part.unlink(missing_ok=True)


def _packed_folders(source: Path, *, is_home: bool) -> Iterator[Path]:
    if source.is_dir():
        for folder in sorted(source.iterdir()):
            is_wanted = _RUN.fullmatch(folder.name) if is_home else folder.name[0] != "."
            if is_wanted and folder.is_dir():
                yield folder


def _changed(folder: Path) -> float:
    """When a folder or a file in it was last written."""
    with suppress(FileNotFoundError):
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    return 0.0


def _pack(folder: Path, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                packed.write(path, path.relative_to(folder).as_posix())
    part.replace(target)


def _unpack(packed: Path, target: Path) -> None:
    part = target.with_name(f".restored-{target.name}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(part)
    except zipfile.BadZipFile as error:
        logger.warning("%s cannot be read: %s", packed, error)
        shutil.rmtree(part, ignore_errors=True)
        return
    part.replace(target)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    if source.suffix == ".key":
        part.chmod(0o600)
    part.replace(target)


def _snapshots(bucket: Path) -> list[Path]:
    """The newest first."""
    found = (path for path in bucket.iterdir() if _SNAPSHOT.fullmatch(path.name))
    return sorted(found, reverse=True)


def _number(path: Path) -> int:
    match = _SNAPSHOT.fullmatch(path.name)
    return int(match[1]) if match else 0


def _is_whole(snapshot: Path) -> bool:
    with suppress(sqlite3.Error):
        address = f"{snapshot.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute("PRAGMA quick_check").fetchone() == ("ok",)
    return False
