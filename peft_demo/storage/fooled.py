"""Texts that fooled an adapter and no person: each person's own, a file of JSON lines."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pydantic

from peft_demo.errors import StoreError, refuse
from peft_demo.runs.results import Record

MOST = 1_000
"""Texts that are kept for one person."""


class FoolingText(Record):
    """A typed text, what it truly is, and which run said otherwise."""

    text: str
    label: str
    run_id: str


_lock = threading.Lock()


def fooling_texts(folder: Path, owner: str) -> list[FoolingText]:
    """Those of an owner, the oldest first; a line that is damaged is left out."""
    found = []
    try:
        lines = _path(folder, owner).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            found.append(FoolingText.model_validate_json(line))
        except pydantic.ValidationError:
            continue
    return found


def keep_fooling_text(folder: Path, owner: str, new: FoolingText) -> list[FoolingText]:
    """Keep one more, each text once; answers all of them.

    Raises:
        InvalidFieldsError: too many are kept.
        StoreError: the folder cannot be written.
    """
    with _lock:
        known = [each for each in fooling_texts(folder, owner) if each.text != new.text]
        if len(known) >= MOST:
            refuse("text", f"text must be one of at most {MOST:,} that are kept, got one more.")
        path = _path(folder, owner)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}")
            kept = [*known, new]
            part.write_text(
                "".join(f"{each.model_dump_json()}\n" for each in kept), encoding="utf-8"
            )
            part.replace(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}") from error
        return kept


def _path(folder: Path, owner: str) -> Path:
    # An owner's id is his secret, and may be any text.
    name = hashlib.sha256(owner.encode()).hexdigest()[:32]
    return folder / "fooling" / f"{name}.jsonl"
