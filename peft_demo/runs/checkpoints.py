"""Where a training's checkpoints lie in its folder: each is there whole, and the last two are kept.

With early stopping that of the best epoch stays as well. What is in one,
``training/trainer.py`` says; the folders are called as transformers calls them.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

PREFIX = "checkpoint-"
"""Before the number of steps that were done."""

KEPT = 2
"""The newest may turn out to be damaged."""


def folder_of(files: Path) -> Path:
    """The folder of the checkpoints of a run whose files gather in ``files``."""
    return files / "checkpoints"


def part_of(files: Path) -> Path:
    """Where a checkpoint is written; ``keep`` puts it into its place."""
    return folder_of(files) / "part"


def keep(files: Path, step: int, best: int = 0) -> None:
    """Put what was written after this step into its place, and remove all but the last two.

    That of the step ``best`` stays as well.
    """
    name = f"{PREFIX}{step}"
    place = folder_of(files) / name
    # One that turned out to be damaged may be there.
    shutil.rmtree(place, ignore_errors=True)
    os.replace(part_of(files) / name, place)
    for old in _newest_first(files)[KEPT:]:
        if step_of(old) != best:
            shutil.rmtree(old, ignore_errors=True)


def mirror(files: Path, names: Sequence[str]) -> None:
    """Put those that were written elsewhere into their places, and remove all but those named."""
    for name in names:
        if (part_of(files) / name).is_dir():
            shutil.rmtree(folder_of(files) / name, ignore_errors=True)
            os.replace(part_of(files) / name, folder_of(files) / name)
    for old in _newest_first(files):
        if old.name not in names:
            shutil.rmtree(old, ignore_errors=True)


def latest(files: Path) -> Path | None:
    """The newest checkpoint that can be read, if there is any."""
    return next((found for found in _newest_first(files) if _is_whole(found)), None)


def at(files: Path, step: int) -> Path | None:
    """That of this step, if it can be read."""
    path = folder_of(files) / f"{PREFIX}{step}"
    return path if path.is_dir() and _is_whole(path) else None


def step_of(checkpoint: Path | None) -> int:
    """Optimiser steps that were done then; 0 where there is no checkpoint."""
    return int(checkpoint.name.removeprefix(PREFIX)) if checkpoint else 0


def drop_all(files: Path) -> None:
    """Remove them: the run is complete."""
    shutil.rmtree(folder_of(files), ignore_errors=True)


def drop_after(files: Path, step: int) -> None:
    """Remove those of epochs after this step: nobody recorded what these measured."""
    for path in _newest_first(files):
        if step_of(path) > step:
            shutil.rmtree(path, ignore_errors=True)


def drop_all_else(files: Path) -> None:
    """Leave nothing of a run's folder but its checkpoints, if there are any."""
    kept = _newest_first(files)
    if not kept:
        shutil.rmtree(files, ignore_errors=True)
        return
    for path in (*files.iterdir(), *folder_of(files).iterdir()):
        if path in kept or path == folder_of(files):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _newest_first(files: Path) -> list[Path]:
    found = [
        path
        for path in folder_of(files).glob(f"{PREFIX}*")
        if path.name.removeprefix(PREFIX).isdecimal()
    ]
    return sorted(found, key=step_of, reverse=True)


def _is_whole(checkpoint: Path) -> bool:
    """Whether nothing is missing or damaged: torch's files are zips, which have checksums."""
    try:
        for path in checkpoint.iterdir():
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    if archive.testzip() is not None:
                        return False
            else:  # else it is JSON, or was a zip
                json.loads(path.read_bytes())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return True
