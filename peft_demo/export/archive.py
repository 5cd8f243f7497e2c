"""Runs as zips, which are written while they are sent: one run, or all that a class made."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from peft_demo.errors import ConflictError
from peft_demo.export.csv import run_csv
from peft_demo.export.model_card import THIS_FOLDER, model_card
from peft_demo.runs import Run, RunKind
from peft_demo.storage import Store

KEPT = ("adapter_*", "README.md", "*_predictions.npz")
"""Of a run's folder: its adapter, its card, and what it made of each text."""

WHOLE = (*KEPT, "model.safetensors", "config.json", "run.json")
"""The same of one run alone, with a fully trained network, and its configuration."""

CARD = "README.md"

RESULTS = "results.json"

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


def run_archive(store: Store, run: Run) -> Iterator[bytes]:
    """One finished run, as plain peft and the Hub take it, and its ``RESULTS``."""
    sink = _Sink()
    folder = store.folder_of(run.run_id)
    with zipfile.ZipFile(sink, "w") as made:
        for name, text in texts(store, run).items():
            made.writestr(name, text)
        for path in files_of(folder, WHOLE):
            if path.name not in (CARD, RESULTS):
                yield from _added(made, sink, path, path.name)
    yield sink.take()


def texts(store: Store, run: Run, place: str = THIS_FOLDER) -> dict[str, str]:
    """What is written anew as a run is taken home: its card and its results, by file.

    Of an import no card: nobody knows how it was made.

    Args:
        store: has the run's files.
        run: a finished one.
        place: where the card's code finds them.
    """
    told = {} if run.kind is RunKind.IMPORTED else {CARD: _card(store, run, place)}
    return {
        **told,
        RESULTS: f"{json.dumps(results(store, run), indent=1, ensure_ascii=False)}\n",
    }


def _card(store: Store, run: Run, place: str) -> str:
    return model_card(run, store.folder_of(run.run_id), place)


def results(store: Store, run: Run) -> dict[str, Any]:
    """All numbers of a run as plain data: configuration, epochs, steps, test and environment."""
    told: dict[str, Any] = json.loads(run.model_dump_json(exclude={"owner", "nickname", "version"}))
    steps = [metrics.model_dump() for metrics in store.steps(run.run_id)]
    return {**told, "config": run.config.flat(), "steps": steps}


def require_adapter(run: Run) -> None:
    """Refuse a run that left nothing to take home.

    Raises:
        ConflictError: it is not finished, or left no adapter.
    """
    if not run.can_predict or run.result is None:
        raise ConflictError(f"{run.run_id} is {run.status} and left no adapter to take home.")


def archive(store: Store, runs: Sequence[Run]) -> Iterator[bytes]:
    """``runs.csv`` of all runs, and of each a folder of its id with what is ``KEPT``."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as made:
        # By this byte order mark spreadsheets know UTF-8.
        made.writestr("runs.csv", "\ufeff" + run_csv(runs))
        for run in runs:
            for path in files_of(store.folder_of(run.run_id), KEPT):
                yield from _added(made, sink, path, f"{run.run_id}/{path.name}")
    yield sink.take()


def files_of(folder: Path, patterns: Sequence[str] = WHOLE) -> list[Path]:
    """Of a run's folder what is taken along, by name."""
    found = {path for pattern in patterns for path in folder.glob(pattern)}
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
