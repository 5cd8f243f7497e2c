"""A field that gives some modules a number of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields.field import Field, Value
from peft_demo.fields.kinds import module_names
from peft_demo.fields.words import must_be, shown_single
from peft_demo.formats import number
from peft_demo.languages import _


@dataclass(frozen=True)
class Pattern(Field):
    """A whole number for each of some modules, as one text: ``name: 16, other: 4``."""

    kind = "pattern"
    widget = "text"
    separator = ";"
    several = "patterns parted by semicolons"

    default: str
    choices: tuple[str, ...]
    minimum: int
    """Inclusive, of each number."""
    maximum: int
    """Inclusive, of each number."""
    read: Callable[[object], object] = module_names
    """See Modules."""

    @property
    def annotation(self) -> Any:
        return str

    @property
    def allowed(self) -> str:
        return _(
            "empty, or a whole number between %(low)s and %(high)s for some of %(choices)s "
            "(%(example)s)"
        ) % {
            "low": number(self.minimum),
            "high": number(self.maximum),
            "choices": ", ".join(self.choices),
            "example": self.example,
        }

    @property
    def example(self) -> str:
        return f"{self.choices[0]}: {max(1, self.minimum)}, {self.choices[-1]}: 4"

    def check(self, value: object) -> Value | None:
        """Also takes a mapping; the modules come in the network's order, each once."""
        if value is None and self.is_rare:
            return self.default
        numbers = self.numbers(value)
        if numbers is None:
            sentence = must_be(self.name, self.allowed, shown_single(value))
            raise InvalidFieldsError({self.name: sentence})
        return ", ".join(f"{module}: {number}" for module, number in numbers.items())

    def numbers(self, value: object) -> dict[str, int] | None:
        """The number of each module, in the network's order; None if a value is not allowed."""
        found: dict[str, int] = {}
        pairs = _pairs(value)
        if pairs is None:
            return None
        for name, given in pairs:
            modules, number = self.read(name), _whole(given)
            if not isinstance(modules, tuple) or not modules or {*modules} - {*self.choices}:
                return None
            if number is None or not self.minimum <= number <= self.maximum:
                return None
            found |= dict.fromkeys(modules, number)
        return {module: found[module] for module in self.choices if module in found}


def _pairs(value: object) -> list[tuple[str, object]] | None:
    """Names and what stands after their colons; None if it is neither a mapping nor such a text."""
    if isinstance(value, Mapping):
        return [(str(name), number) for name, number in value.items()]
    if not isinstance(value, str):
        return None
    parts = [part for part in re.split(r"[,;\n]", value.strip("{} \n")) if part.strip()]
    pairs = [re.split(r"[:=]", part) for part in parts]
    if any(len(pair) != 2 for pair in pairs):
        return None
    return [(pair[0].strip(" '\""), pair[1]) for pair in pairs]


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return _WHOLE.validate_python(value)
    except ValueError:
        return None


_WHOLE = pydantic.TypeAdapter(int)
