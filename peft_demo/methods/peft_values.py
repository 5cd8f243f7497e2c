"""Values that fields have otherwise than peft's options of the same name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Spelling:
    """How a value is written by peft, and how by a field."""

    to_peft: Callable[[Any], Any]
    from_peft: Callable[[Any], Any]


def _blocks_from_peft(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


def pattern_of(text: str) -> dict[str, int]:
    """What a pattern's text says: the number of each module."""
    pairs = (part.split(": ") for part in text.split(", ") if part)
    return {module: int(number) for module, number in pairs}


_PATTERN = _Spelling(pattern_of, lambda value: {} if value is None else value)

_SPELLINGS = {
    "rank_pattern": _PATTERN,
    "alpha_pattern": _PATTERN,
    "layers_to_transform": _Spelling(lambda blocks: [*blocks] or None, _blocks_from_peft),
    "init_lora_weights": _Spelling(
        lambda start: True if start == "default" else start,
        lambda value: "default" if value is True else value,
    ),
}


def to_peft(name: str, value: Any) -> Any:
    """A field's value as peft's option has it; lists are new, because peft appends to its own."""
    spelling = _SPELLINGS.get(name)
    if spelling:
        return spelling.to_peft(value)
    return [*value] if isinstance(value, (list, tuple)) else value


def from_peft(name: str, value: Any) -> Any:
    """A value of peft's option as the field has it; what neither of them knows stays."""
    spelling = _SPELLINGS.get(name)
    return spelling.from_peft(value) if spelling else value
