"""What a script's names can stand for, how large that may become, and what may be computed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

from simpleeval import DEFAULT_OPERATORS, InvalidExpression

_LARGEST_BITS, _LARGEST, _DEEPEST = 1_000, 10_000, 40
"""Of a whole number; elements of a list with all that is in them; lists within lists."""


class CannotKnowError(InvalidExpression):
    """An expression's value would take running the code."""


class Opaque:
    """What is not known: nothing can be computed with it."""

    def _refuse(self, *_: object) -> Any:
        raise CannotKnowError

    __bool__ = __eq__ = __format__ = __str__ = _refuse
    __hash__ = object.__hash__


UNKNOWN = Opaque()
"""What a name stands for whose value would take running the code."""


class Alternatives(Opaque):
    """One of several values, by a condition that cannot be known."""

    def __init__(self, condition: str, *values: Any) -> None:
        self.condition = condition
        self.sides: list[Any] = []
        for value in values:
            self.sides += value.sides if isinstance(value, Alternatives) else [value]
        if len(self.sides) > 8:
            raise CannotKnowError


class Made(dict[str, Any]):
    """The options of an object that is made by calling a class, or written as a dictionary."""

    name, module = "", ""
    """What it is called in the script, and where the script says that its class comes from."""
    is_partial = is_used = False
    """It was given more, of which nothing is known; it went into another one."""

    def __init__(self, kind: str, line: int, branch: tuple[int, ...]) -> None:
        super().__init__()
        self.kind, self.line, self.branch = kind, line, branch
        self.sources: dict[str, str] = {}
        """What was given for each option, and where."""
        self.notes: list[str] = []


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else []


def holds_unknown(value: Any) -> bool:
    """Whether a value has a part that is not known."""
    return isinstance(value, Opaque) or any(map(holds_unknown, _parts(value)))


def size_of(value: Any) -> int:
    """Elements and hundreds of characters of a value; refused if no setting has as many."""
    waiting, count = [(value, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        count += 1 + (len(one) // 100 if isinstance(one, str) else 0)
        is_large = isinstance(one, int) and one.bit_length() > _LARGEST_BITS
        is_other = isinstance(one, (complex, bytes)) or one is ...
        if is_large or is_other or count > _LARGEST or depth > _DEEPEST:
            raise CannotKnowError
        if hasattr(one, "__len__") and not isinstance(one, str) and len(one) > _LARGEST:
            raise CannotKnowError  # before a copy is made of it
        waiting += [(part, depth + 1) for part in _parts(one)]
    return count


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and base.bit_length() * abs(exponent) > _LARGEST_BITS:
        raise CannotKnowError
    return base**exponent


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):  # a format, with widths that it may choose
        raise CannotKnowError
    return left % right


def _range(*limits: int) -> list[int]:
    if len(range(*limits)) > _LARGEST:
        raise CannotKnowError
    return list(range(*limits))


OPERATORS = {**DEFAULT_OPERATORS, ast.Mod: _remainder, ast.Pow: _power}
OPERATORS |= {ast.Is: operator.eq, ast.IsNot: operator.ne}

_BUILT_IN = (abs, all, any, bool, dict, float, int, len, list, max, min, set, sorted, str, sum)
FUNCTIONS: dict[str, Any] = {function.__name__: function for function in (*_BUILT_IN, tuple)}
FUNCTIONS |= {"range": _range, "SimpleNamespace": dict, "EasyDict": dict}
FUNCTIONS["get_peft_config"] = lambda options: options

METHODS: dict[type, set[str]] = {
    str: {"endswith", "lower", "split", "startswith", "strip", "upper"},
    dict: {"copy", "get", "pop", "update"},
    list: {"append", "copy", "extend", "insert", "remove"},
    set: {"add", "remove", "update"},
}
"""Those that take little time and memory, whatever they are given."""
