"""Values that fields have otherwise than peft's options of the same name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peft_demo.models import Shape


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


def to_peft(name: str, value: Any, base: Shape | None = None, *, alone: bool = False) -> Any:
    """A field's value as peft's option has it; lists are new, because peft appends to its own.

    Args:
        name: of field and option.
        value: the field's.
        base: whose modules the names in it are.
        alone: whether each name must mean one module by itself.
    """
    spelling = _SPELLINGS.get(name)
    if spelling:
        value = spelling.to_peft(value)
        if base and isinstance(value, dict):
            return {_key(module, base): number for module, number in value.items()}
        return value
    if base and name.endswith("_modules"):
        return base.for_peft(value, alone=alone)
    return [*value] if isinstance(value, (list, tuple)) else value


def _key(module: str, base: Shape) -> str:
    """A module's name as the pattern that peft looks for at the end of a path."""
    (name, *_) = base.for_peft([module], alone=True)
    return name if name == module else rf"\d+\.{base.architecture.within}{module}"


def from_peft(name: str, value: Any) -> Any:
    """A value of peft's option as the field has it; what neither of them knows stays."""
    spelling = _SPELLINGS.get(name)
    return spelling.from_peft(value) if spelling else value
