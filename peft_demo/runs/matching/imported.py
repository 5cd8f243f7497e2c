"""Imported: what was read, as values that fit together beside the settings that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Modules
from peft_demo.methods.targets import read_names
from peft_demo.models import BASES
from peft_demo.runs.config import RunConfig
from peft_demo.runs.matching.notes import about_names
from peft_demo.runs.run_fields import METHOD, NAME, run_fields


@dataclass(frozen=True)
class Imported:
    """What was read."""

    values: dict[str, Any]
    """A flat mapping for RunConfig: the method, what the text says, and what peft would take for
    the method's fields that it leaves out."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that cannot be honoured, or became another."""


def complete(values: Mapping[str, Any], rest: Mapping[str, Any]) -> RunConfig:
    """The values, and of the rest what their method has too; its name is made anew."""
    method = values.get(METHOD.name, rest.get(METHOD.name, METHOD.default))
    of_any = {field.name for field in run_fields()}
    is_same = method == rest.get(METHOD.name)
    kept = {n: v for n, v in rest.items() if n in of_any or (is_same and n != NAME.name)}
    return RunConfig({**kept, **values})


def from_flat(values: dict[str, Any], rest: Mapping[str, Any]) -> Imported:
    """Our own flat mapping, beside the settings that stay."""
    if not values:
        refuse("config", "config must hold settings, got an empty object.")
    try:
        config = complete(values, rest)
    except InvalidFieldsError as error:
        raise with_origin(error, values) from error
    flat = config.flat()
    if config.name == config.summary:
        values = {name: value for name, value in values.items() if name != NAME.name}
    told = {METHOD.name: "", **values}
    return Imported({name: flat[name] for name in told}, _notes(config, values))


def _notes(config: RunConfig, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What the names of other networks became."""
    base = BASES[config.base_model]
    notes: list[str] = []
    for field in config.fields:
        if isinstance(field, Modules) and field.name in values:
            found = read_names(field, values[field.name], base.shape)
            notes += about_names(field.name, found, base) if found else []
    return tuple(notes)


def with_origin(error: InvalidFieldsError, said: Mapping[str, Any]) -> InvalidFieldsError:
    """The same problems, saying which fields are not in the text at all."""
    return InvalidFieldsError(
        {
            name: sentence if name in said else f"{name} is not given, and does not fit: {sentence}"
            for name, sentence in error.problems.items()
        }
    )
