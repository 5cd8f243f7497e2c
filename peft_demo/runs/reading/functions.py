"""The functions, methods and operators whose results are known without running anything."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from peft_demo.runs.reading.values import LARGEST, LARGEST_BITS, CannotKnowError

_MOST_RANGE = 1_000


def _range(*limits: int) -> list[int]:
    found = range(*limits)
    if len(found) > _MOST_RANGE:
        raise CannotKnowError
    return list(found)


def _round(number: float, digits: int = 0) -> float:
    if not -30 <= digits <= 30:
        raise CannotKnowError
    return round(number, digits) if digits else round(number)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "dict": dict,
    "enumerate": lambda items: list(enumerate(items)),
    "float": float,
    "frozenset": frozenset,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "range": _range,
    "round": _round,
    "set": set,
    "sorted": sorted,
    "str": str,
    "sum": sum,
    "tuple": tuple,
    "zip": lambda *several: list(zip(*several, strict=False)),
}


def _replace(text: str, old: str, new: str) -> str:
    if (text.count(old) + 1) * len(new) > LARGEST:
        raise CannotKnowError
    return text.replace(old, new)


METHODS: dict[tuple[type, str], Callable[..., Any]] = {
    (str, "endswith"): str.endswith,
    (str, "join"): lambda text, parts: _joined(text, list(parts)),
    (str, "lower"): str.lower,
    (str, "replace"): _replace,
    (str, "split"): str.split,
    (str, "startswith"): str.startswith,
    (str, "strip"): str.strip,
    (str, "upper"): str.upper,
    (dict, "copy"): dict.copy,
    (dict, "get"): dict.get,
    (dict, "items"): lambda mapping: list(mapping.items()),
    (dict, "keys"): list,
    (dict, "values"): lambda mapping: list(mapping.values()),
    (list, "copy"): list.copy,
}


def _joined(text: str, parts: list[str]) -> str:
    if len(text) * len(parts) > LARGEST:
        raise CannotKnowError
    return text.join(parts)


def _product(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (str, list, tuple)) and (
            not isinstance(other, int) or len(one) * other > LARGEST
        ):
            raise CannotKnowError
    return left * right


def _power(base: float, exponent: float) -> float:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and int(base).bit_length() * abs(exponent) > LARGEST_BITS:
        raise CannotKnowError
    return base**exponent


def _shifted(number: int, bits: int) -> int:
    if not 0 <= bits <= LARGEST_BITS:
        raise CannotKnowError
    return number << bits


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):  # a format, with widths that it may choose
        raise CannotKnowError
    return left % right


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) > LARGEST:
        raise CannotKnowError
    return left + right


BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _sum,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: _shifted,
    ast.Mod: _remainder,
    ast.Mult: _product,
    ast.Pow: _power,
    ast.Sub: operator.sub,
}

UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.Is: lambda left, right: left is right if right is None else left == right,
    ast.IsNot: lambda left, right: left is not right if right is None else left != right,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.NotEq: operator.ne,
    ast.NotIn: lambda item, items: item not in items,
}
