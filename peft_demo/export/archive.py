"""All that a class made as one zip, which is written while it is sent: it may be of any size."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from peft_demo.export.csv import run_csv
from peft_demo.runs import Run
from peft_demo.storage import Store

KEPT = ("adapter_*", "README.md", "*_predictions.npz")
"""Of a run's folder: its adapter, its card, and what it made of each text."""

CHUNK = 1 << 20
"""Bytes that are read at a time."""


class _Sink(io.RawIOBase):
    """Keeps what was written until it is taken; a zip needs no going back in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._parts.append(bytes(data))  # type: ignore[call-overload]
        return len(self._parts[-1])

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def archive(store: Store, runs: Sequence[Run]) -> Iterator[bytes]:
    """``runs.csv`` of all runs, and of each a folder of its id with what is ``KEPT``."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as made:
        # By this byte order mark spreadsheets know UTF-8.
        made.writestr("runs.csv", "\ufeff" + run_csv(runs))
        for run in runs:
            for path in _files(store.folder_of(run.run_id)):
                yield from _added(made, sink, path, f"{run.run_id}/{path.name}")
    yield sink.take()


def _files(folder: Path) -> list[Path]:
    found = {path for pattern in KEPT for path in folder.glob(pattern)}
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _added(made: zipfile.ZipFile, sink: _Sink, path: Path, name: str) -> Iterator[bytes]:
    try:
        source = path.open("rb")
    except FileNotFoundError:  # the run was deleted for good meanwhile
        return
    with source, made.open(name, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            yield sink.take()
