"""What a script's names can stand for, and how large that may become."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from peft_demo.runs.reading.parsing import Unit
from peft_demo.runs.reading.places import Place

LARGEST_BITS = 1_000
"""Of a whole number: Python refuses to write very large ones out, also in a sentence."""

LARGEST = 10_000
"""Elements of a list with all that is in them, and characters of a text that is put together."""


class CannotKnowError(Exception):
    """An expression's value would take running the code."""


UNKNOWN = object()
"""What a name stands for that was assigned such an expression."""


@dataclass(eq=False)
class Made:
    """An object that the script makes by calling a class, or by writing a configuration's dict."""

    kind: str
    """The class, by its own name; empty for a dictionary."""
    place: Place
    options: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """What was given and cannot be known, with its source and place."""
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Why Python itself would not make it."""
    module: str = ""
    """Where its class comes from, if the script says so."""
    name: str = ""
    """What it is called in the script."""
    branch: tuple[int, ...] = ()
    """The conditions that nobody can know, under which it is made."""
    is_partial: bool = False
    """It was given more, of which nothing is known."""
    is_used: bool = False
    """It went into another one."""

    def set(self, option: str, value: Any) -> None:
        """Give it an option, again perhaps."""
        self.unknown.pop(option, None)
        self.options[option] = value

    def forget(self, option: str, source: str) -> None:
        """Note that an option is given whose value cannot be known."""
        self.options.pop(option, None)
        self.unknown[option] = source


@dataclass(eq=False)
class Namespace:
    """A class of plain settings, its instance, or parsed arguments."""

    values: dict[str, Any]
    is_assumed: bool = False
    """Its values are defaults, which whoever runs the code may change."""


@dataclass(eq=False, frozen=True)
class Alternatives:
    """One of two values, by a condition that cannot be known."""

    condition: str
    """Its source."""
    first: Any
    second: Any

    def sides(self) -> Iterator[Any]:
        """Every value that it can be."""
        for side in (self.first, self.second):
            yield from side.sides() if isinstance(side, Alternatives) else [side]


_MOST_SIDES = 8


def either(condition: str, first: Any, second: Any) -> Alternatives:
    """One of two values.

    Raises:
        CannotKnowError: it could be one of too many.
    """
    sides = sum(
        len(list(side.sides())) if isinstance(side, Alternatives) else 1 for side in (first, second)
    )
    if sides > _MOST_SIDES:
        raise CannotKnowError
    return Alternatives(condition, first, second)


@dataclass(eq=False)
class Function:
    """One of the script's own."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    unit: Unit
    """Where it stands."""
    scope: Scope
    """The names around it."""
    owner: Namespace | None = None
    """Its class, of which its first parameter is an instance."""
    is_called: bool = False


class Scope:
    """Names and what they stand for, within those around it."""

    def __init__(self, around: Scope | None = None, *, is_assumed: bool = False) -> None:
        self.values: dict[str, Any] = {}
        self.around = around
        self.is_assumed = is_assumed
        """Its values are defaults of parameters."""

    def find(self, name: str) -> Scope | None:
        """The innermost scope that has the name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.values:
            scope = scope.around
        return scope


def weight(value: Any, most: int = LARGEST) -> int:
    """How many elements a value has with all that is in them, counted up to ``most``."""
    count, waiting = 0, [value]
    while waiting and count <= most:
        one = waiting.pop()
        count += 1
        if isinstance(one, Mapping):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting.extend(one)
    return count


def reasonable(value: Any) -> Any:
    """The value, if it is of a kind and size that a setting can have.

    Raises:
        CannotKnowError: it is not.
    """
    if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
        raise CannotKnowError
    if isinstance(value, (list, tuple, set, frozenset, dict)) and weight(value) > LARGEST:
        raise CannotKnowError
    if isinstance(value, (complex, bytes)) or value is ...:
        raise CannotKnowError
    return value


def is_plain(values: Iterable[Any]) -> bool:
    """Whether nothing of them is an object of the script."""
    return not any(isinstance(value, (Made, Namespace, Alternatives, Function)) for value in values)


def holds_unknown(value: Any) -> bool:
    """Whether a value has a part that cannot be known."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is UNKNOWN:
            return True
        if isinstance(one, Mapping):
            waiting.extend(one.values())
        elif isinstance(one, (list, tuple)):
            waiting.extend(one)
    return False
