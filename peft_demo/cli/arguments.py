"""What several commands are given: their options, and what becomes of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from peft_demo import settings
from peft_demo.data.own import Source
from peft_demo.errors import StoreError, refuse
from peft_demo.fields import shown
from peft_demo.runs import RunConfig, presets
from peft_demo.storage import Store

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
FromPreset = Annotated[str | None, typer.Option("--preset", help="Start from this preset.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set one field; may be repeated."),
]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id, such as run-000001.")]


def open_store() -> Store:
    """Open the store that app and command line share; what only reads changes no run in it."""
    return Store(settings.home(), settings.ADAPTERS)


def open_to_change() -> Store:
    """The same for what changes runs: those whose programs died can be, without a server."""
    store = open_store()
    with suppress(StoreError):
        store.interrupt_orphans()
    return store


def configuration(preset: str | None, changes: list[str] | None) -> RunConfig:
    """Build a configuration from a preset, or the defaults, with some fields changed."""
    values = field_values(changes or [])
    return presets.preset(preset).config(**values) if preset else RunConfig(values)


def field_values(changes: list[str], option: str = "set") -> dict[str, object]:
    """Take ``FIELD=VALUE`` arguments of an option apart; raises ``InvalidFieldsError``."""
    values: dict[str, object] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            refuse(option, f"--{option} must be FIELD=VALUE, got {shown(change)}.")
        values[name.strip()] = value
    return values


def source_of(path: Path, field: str) -> Source:
    """A file that an argument names; raises ``InvalidFieldsError``."""
    try:
        return Source(path.name, path.read_bytes())
    except OSError as error:
        refuse(field, f"{field} must be a file, got {shown(str(path))}: {error.strerror}.")
