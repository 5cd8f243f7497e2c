"""Runs' folders that no record knows of, as after a lost database: found, brought in, put back."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pydantic

from peft_demo.adapters.files import CONFIG, WEIGHTS
from peft_demo.languages import gettext_noop
from peft_demo.runs import ImportedConfig, Run, RunResult
from peft_demo.runs.results import Record
from peft_demo.storage.database import unusable
from peft_demo.storage.runs import RESULT

_NAME = re.compile(r"run-([0-9]{6,12})")

_ASIDE = re.compile(r"\.adopted-(run-[0-9]{6,12})-as-(run-[0-9]{6,12})")

State = Literal["whole", "damaged", "missing"]

CALLED: dict[State, str] = {
    "whole": gettext_noop("whole"),
    "damaged": gettext_noop("damaged"),
    "missing": gettext_noop("missing"),
}
"""What people read."""


class Unrecorded(Record):
    """A run's folder that no record knows of, and what is whole in it."""

    name: str
    config: State
    """Of peft's configuration of its adapter."""
    weights: State
    """Of the adapter's tensors, by their file's head."""
    peft_type: str = ""
    """As its configuration says, such as LORA."""
    test_accuracy: float | None = None
    """As its result says, where that is whole; an adoption tests it again."""

    @property
    def can_be_adopted(self) -> bool:
        """Whether there is an adapter to test; a fully trained model has none."""
        return self.config == self.weights == "whole"


def find(folder: Path, known: Iterable[int]) -> list[Unrecorded]:
    """Those in a folder of runs, by name.

    Args:
        folder: PEFT_DEMO_HOME.
        known: the numbers of all runs in its database.
    """
    numbers = {*known}
    return [
        _examined(path)
        for path in sorted(folder.glob("run-*"))
        if (named := _NAME.fullmatch(path.name)) and int(named[1]) not in numbers and path.is_dir()
    ]


def _examined(folder: Path) -> Unrecorded:
    result, config, adapter = None, _state_of(folder / CONFIG), None
    with suppress(OSError, ValueError):
        result = RunResult.model_validate_json((folder / RESULT).read_bytes())
    if config == "whole":
        try:
            adapter = _Adapter.model_validate_json((folder / CONFIG).read_bytes())
        except (OSError, ValueError):
            config = "damaged"
    return Unrecorded(
        name=folder.name,
        config=config,
        weights=_state_of(folder / WEIGHTS, _read_head),
        peft_type=adapter.peft_type if adapter else "",
        test_accuracy=result.test_accuracy if result else None,
    )


class _Adapter(Record):
    """What is read of a configuration for being shown; an import reads all of it."""

    peft_type: str = pydantic.Field(max_length=40)


def _state_of(path: Path, read: Callable[[Path], object] = Path.stat) -> State:
    if not path.is_file():
        return "missing"
    try:
        read(path)
    except Exception:  # safetensors raises its own, numpy others
        return "damaged"
    return "whole"


def _read_head(path: Path) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="np"):
        pass


def bring_in(folder: Path, submit: Callable[[ImportedConfig, Path], Run]) -> Run:
    """Queue what is in such a folder for its test, as an adapter from elsewhere.

    The folder itself is set aside; see ``put_back``.

    Args:
        folder: one that was found.
        submit: queues a run with its files.

    Raises:
        PeftDemoError: there is no adapter that can be tested, or the run cannot be queued.
    """
    from peft_demo.adapters import importing

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".import-") as scratch:
        files, config = importing.bring(folder, Path(scratch))
        run = submit(config, files)
    aside = folder.with_name(f".adopted-{folder.name}-as-{run.run_id}")
    _move(folder, aside)
    return run


def set_aside(folder: Path) -> dict[str, Path]:
    """The folders that were brought in and not dropped since, by the ids of their runs."""
    found = ((_ASIDE.fullmatch(path.name), path) for path in folder.glob(".adopted-*"))
    return {named[2]: path for named, path in found if named}


def put_back(aside: Path) -> None:
    """Let a folder that was set aside be as it was.

    Raises:
        StoreError: it cannot be moved.
    """
    if named := _ASIDE.fullmatch(aside.name):
        _move(aside, aside.with_name(named[1]))


def _move(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except OSError as error:
        raise unusable(source.parent, error.strerror) from error
