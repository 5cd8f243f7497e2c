"""Values that a sweep's field offers, written as people write them."""

from __future__ import annotations

from typing import Any

from peft_demo import formats
from peft_demo.fields import Blocks, Choice, Field, Modules, Pattern, Switch
from peft_demo.languages import _
from peft_demo.methods import METHODS
from peft_demo.runs import LEARNING_RATE, METHOD

MOST = 9

_RATES = ("1e-5", "3e-5", "1e-4", "3e-4", "1e-3", "3e-3", "1e-2")
_NUMBERS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_DOUBLED = tuple(2**power for power in range(10))
_ROUND = (100, 200, 400, 1_000, 2_000, 4_000, 10_000, 20_000)


def suggested(field: Field) -> list[tuple[str, str]]:
    """Each value's name and what the field reads; some of the many that a number may have."""
    if field.name == METHOD.name:
        return [(_(row.label), row.id) for row in METHODS.values()]
    return [(value, value) for value in _values(field)]


def chip(value: Any) -> str:
    """A value as a chip holds it, which its field reads."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(chip, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else formats.typed(value)


def _values(field: Field) -> list[str]:
    match field:
        case Choice():
            return list(field.choices)
        case Switch():
            return ["no", "yes"]
        case Modules():
            return [*field.choices, ", ".join(field.choices)]
        case Blocks() | Pattern():
            return [part.strip() for part in field.example.split(field.separator)]
    if field.name == LEARNING_RATE.name:
        return list(_RATES)
    least, most = getattr(field, "minimum", 0), getattr(field, "maximum", 0)
    series = _ROUND if most > 5_000 else _DOUBLED if most > 1 else _NUMBERS
    return [formats.typed(value) for value in series if least <= value <= most][:MOST]
