"""Doctor: what is wrong with a folder of runs, and what of it can be mended."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import psutil

from peft_demo.adapters.files import CONFIG, WEIGHTS
from peft_demo.formats import whole
from peft_demo.runs.results import Record
from peft_demo.storage import space, unrecorded
from peft_demo.storage.database import DATABASE
from peft_demo.storage.salvage import rebuild
from peft_demo.storage.store import Store
from peft_demo.storage.unrecorded import Unrecorded

LEAST_FREE = 1_000_000_000
"""Bytes that a folder of runs should have free: full fine-tuning keeps two checkpoints with the
optimiser's state beside its weights.
"""

LEFT_SECONDS = 24 * 3600.0
"""After how long a leftover of an import belongs to nobody any more."""


class Finding(Record):
    """One thing that was looked at."""

    subject: str
    state: Literal["good", "bad", "mended"]
    words: str
    """What was found, and what to do where it is bad."""


def examine(folder: Path, *, mend: bool = False) -> Iterator[Finding]:
    """Look at a folder of runs; reading it changes nothing, unless it is to be mended.

    Args:
        folder: PEFT_DEMO_HOME.
        mend: put right what can be; what is removed or replaced is kept as a copy.
    """
    yield from _disk(folder)
    is_sound = True
    for finding in _database(folder, mend):
        is_sound = finding.state != "bad"
        yield finding
    if is_sound and (folder / DATABASE).exists():
        with closing(Store(folder)) as store:
            yield from _rows(store)
            yield from _damaged_adapters(store)
    if is_sound:
        for found in unrecorded_in(folder):
            yield _bad(found.name, _words(folder / found.name, found))
    yield from _leftovers(folder, mend)


def unrecorded_in(folder: Path) -> list[Unrecorded]:
    """Folders of runs that the database knows nothing of.

    Raises:
        StoreError: the database cannot be read.
    """
    known: set[int] = set()
    if (folder / DATABASE).exists():
        with closing(Store(folder)) as store:
            known = store.numbers()
    return unrecorded.find(folder, known)


def _words(path: Path, found: Unrecorded) -> str:
    if found.can_be_adopted:
        return f"{path} has an adapter that no record knows of. doctor --mend brings it in."
    return (
        f"{path} is of a run that no record knows of, and has no whole adapter "
        f"({CONFIG} is {found.config}, {WEIGHTS} is {found.weights}): take from it what you need, "
        "and remove it."
    )


def _disk(folder: Path) -> Iterator[Finding]:
    free = space.free_bytes(folder)
    words = f"{folder} has {free / 1e9:.1f} GB free."
    if free < LEAST_FREE:
        yield _bad("disk", f"{words} A run may take {LEAST_FREE / 1e9:.1f} GB: make room.")
    else:
        yield _good("disk", words)


def _database(folder: Path, mend: bool) -> Iterator[Finding]:
    path = folder / DATABASE
    if not path.exists():
        yield _good("database", f"{path} is not there yet: the first run makes it.")
        return
    reason = _damage_of(path)
    if reason is None:
        yield _good("database", f"{path} is whole.")
    elif not mend:
        yield _bad(
            "database",
            f"{path} is damaged ({reason}). End the program; doctor --mend keeps a copy of it and "
            "saves what can be read.",
        )
    elif user := _user_of(path):
        yield _bad("database", f"{path} is open in process {user}: end it, and mend it then.")
    else:
        kept, saved = rebuild(folder)
        rows = ", ".join(f"{name} {whole(count)}" for name, count in saved.items() if count)
        words = f"{path} was damaged ({reason}) and is kept as {kept.name}."
        yield _mended("database", f"{words} Rows saved: {rows or 'none'}.")


def _damage_of(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            first = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            connection.execute("SELECT count(*) FROM run")
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if first == "ok" else str(first).splitlines()[-1]


def _user_of(path: Path) -> int | None:
    """The process that has a file open, as far as this user may see."""
    for process in psutil.process_iter():
        try:
            if any(Path(opened.path) == path for opened in process.open_files()):
                return int(process.pid)
        except (psutil.Error, OSError):
            continue
    return None


def _rows(store: Store) -> Iterator[Finding]:
    runs = store.runs()
    unreadable = [run for run in runs if run.problem]
    for run in unreadable:
        yield _bad(run.run_id, f"{run.problem} It is shown as far as it can be read.")
    if not unreadable:
        yield _good("runs", f"Runs that can be read: all {whole(len(runs))}.")


def _damaged_adapters(store: Store) -> Iterator[Finding]:
    from safetensors import SafetensorError, safe_open

    for run in store.runs():
        if not run.can_predict:
            continue
        folder = store.folder_of(run.run_id)
        try:
            for path in [*folder.glob("*.safetensors")] or [folder / "adapter_model.safetensors"]:
                with safe_open(path, framework="np"):
                    pass
        except (OSError, SafetensorError) as error:
            words = f"the adapter of {run.run_id} is missing or damaged ({error})."
            yield _bad(run.run_id, f"{words} It cannot predict; its measurements stay.")


def _leftovers(folder: Path, mend: bool) -> Iterator[Finding]:
    if not folder.is_dir():
        return
    old = [
        path
        for pattern in (".import-*", ".doctor-*")
        for path in folder.glob(pattern)
        if time.time() - path.stat().st_mtime > LEFT_SECONDS
    ]
    if not old:
        yield _good("leftovers", "Nothing was left behind.")
    elif mend:
        for path in old:
            shutil.rmtree(path, ignore_errors=True)
        yield _mended("leftovers", f"Folders of cut imports that went: {len(old)}.")
    else:
        yield _bad("leftovers", f"Folders of cut imports: {len(old)}. doctor --mend removes them.")


def _said(state: Literal["good", "bad", "mended"]) -> Callable[[str, str], Finding]:
    return lambda subject, words: Finding(subject=subject, state=state, words=words)


_good, _bad, _mended = _said("good"), _said("bad"), _said("mended")
