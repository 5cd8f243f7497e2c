"""What kind of text it is, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peft_demo.errors import refuse
from peft_demo.runs.matching import plain
from peft_demo.runs.reading.code import Code, read_code
from peft_demo.runs.reading.configurations import Configuration
from peft_demo.runs.reading.json_text import read_json
from peft_demo.runs.reading.other_files import what_else
from peft_demo.runs.reading.pieces import (
    LONGEST,
    Piece,
    cells_of,
    fenced,
    is_notebook,
    without_fences,
)
from peft_demo.runs.reading.training import Training
from peft_demo.runs.run_fields import fields_of


@dataclass(frozen=True)
class Contents:
    """What a text holds."""

    configurations: tuple[Configuration, ...] = ()
    """Of peft."""
    training: Training | None = None
    """What a script says of the training."""
    flat: Mapping[str, Any] | None = None
    """Our own settings, where it is these instead."""
    notes: tuple[str, ...] = ()


def contents_of(text: str, base: object) -> Contents:
    """What a text holds.

    Args:
        text: not empty.
        base: the base in use.

    Raises:
        InvalidFieldsError: nothing that can be used, at ``config``.
    """
    is_object = text.lstrip().startswith("{")
    values, reason = read_json(text.strip()) if is_object else (None, "")
    if isinstance(values, Mapping):
        if is_notebook(values):
            return _of_code(read_code(cells_of(values, LONGEST), base))
        return _of_object(plain(values))
    if len(text) > LONGEST:
        refuse("config", f"config must be valid JSON, got: {reason or 'something else'}.")
    code = _read(text, base)
    if is_object and not code.configurations:
        if code.settings:
            return _of_object(plain(code.settings[0]))
        refuse("config", f"config must be valid JSON, got: {reason}.")
    return _of_code(code)


def _read(text: str, base: object) -> Code:
    """The code in a text's fences, or in all of it where these hold no configuration."""
    within = fenced(text)
    code = read_code([Piece(within)], base) if within else None
    if code is None or not code.configurations:
        return read_code([Piece(without_fences(text))], base)
    return code


def _of_code(code: Code) -> Contents:
    if not code.configurations and not code.training.values:
        code.refuse()
    return Contents(tuple(code.configurations), code.training, None, tuple(code.notes))


def _of_object(values: dict[str, Any]) -> Contents:
    """Of a JSON object, or of a dictionary as it is printed."""
    if "peft_type" in values:
        return Contents((Configuration(values["peft_type"], values),))
    other = what_else(values)
    if other:
        refuse("config", f"config must be the configuration of an adapter, got {other}.")
    inner = {name: one for name, one in values.items() if isinstance(one, dict)}
    several = [
        Configuration(one["peft_type"], one, title=name[:60])
        for name, one in inner.items()
        if "peft_type" in one
    ]
    if several:
        return Contents(tuple(several))
    if "method" in inner.get("config", {}):
        return Contents(flat=inner["config"])  # a run as it is exported
    if _is_lora(values):
        note = "peft_type is not given; lora_alpha says that it is LORA."
        return Contents((Configuration("LORA", values, notes=(note,)),))
    return Contents(flat=values)


def _is_lora(values: Mapping[str, Any]) -> bool:
    """Whether they are options of peft's LoRA, of a file that has lost its peft_type."""
    ours = {field.name for field in fields_of("lora") if not field.is_rare}
    return "lora_alpha" in values and "method" not in values and not set(values) <= ours
