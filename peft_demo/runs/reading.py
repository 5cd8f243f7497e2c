"""Pasted text as a configuration: a peft call, an adapter_config.json, our JSON."""

from __future__ import annotations

import ast
import json
from collections import deque
from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.runs.config import RunConfig
from peft_demo.runs.matching import Imported, from_flat, from_peft, plain, type_of

LONGEST = 100_000
"""Characters of a pasted text."""

_LARGEST_BITS = 1_000
"""Of a whole number: Python refuses to write very large ones out, also in a sentence."""


def read(text: str, current: Mapping[str, object] | None = None) -> Imported:
    """Turn somebody's text into a flat configuration; nothing in it is executed.

    Args:
        text: a peft call with Python around it, an adapter_config.json, or our flat JSON.
        current: the flat configuration whose other settings stay, so that values are checked
            beside them; the defaults if it is not given or not valid.

    Raises:
        InvalidFieldsError: it is none of the three kinds, contradicts itself, or holds what is
            unknown or not allowed; at the field, or at ``config``.
    """
    text = (text or "").strip("\ufeff\r\n")
    length = len(text.strip())
    if not 0 < length <= LONGEST:
        came = f"{length:,} characters" if length else "nothing"
        refuse("config", f"config must be 1 to {LONGEST:,} characters, got {came}.")
    try:
        return _read(dedent(text).strip(), _valid(current))
    except (RecursionError, MemoryError):
        refuse("config", "config must be less deeply nested to be read.")


def _read(text: str, rest: Mapping[str, Any]) -> Imported:
    if not text.startswith("{"):
        name, options = _read_call(text)
        return from_peft(type_of(name), options, rest)
    values = _read_json(text)
    if "peft_type" in values:
        return from_peft(values["peft_type"], values, rest)
    return from_flat(values, rest)


# Reading text


def _read_json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, object_pairs_hook=_without_repeats)
    except ValueError as error:
        refuse("config", f"config must be valid JSON, got: {_reason(error)}.")
    return plain(values)  # the text begins with a brace, so it is an object


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{shown(name)} is there twice")
        values[name] = value
    return values


def _read_call(text: str) -> tuple[str, dict[str, Any]]:
    """Class name and arguments of the one configuration that a piece of Python builds."""
    try:
        return _arguments(_configurations(ast.parse(text)))
    except (SyntaxError, ValueError) as error:
        refuse("config", f"config must be JSON or valid Python, got: {_reason(error)}.")


def _configurations(tree: ast.AST) -> list[ast.Call]:
    """Calls whose name ends in Config, but not those inside of another one."""
    found: list[ast.Call] = []
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        if isinstance(node, ast.Call) and _name(node.func).endswith("Config"):
            found.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _arguments(calls: list[ast.Call]) -> tuple[str, dict[str, Any]]:
    if len(calls) != 1:
        found = " and ".join(_name(call.func)[:60] for call in calls[:5]) or "none"
        refuse("config", f"config must hold one call of a peft configuration, got {found}.")
    call = calls[0]
    name = _name(call.func)
    if call.args:
        refuse(
            "config",
            f"config must give every argument by name, got {_source(call.args[0])} in {name}.",
        )
    options: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            refuse(
                "config", f"config must spell its arguments out, got **{_source(keyword.value)}."
            )
        if keyword.arg in options:
            refuse("config", f"config must give {keyword.arg} once; it is repeated.")
        options[keyword.arg] = _literal(keyword.arg, keyword.value)
    return name, options


def _literal(name: str, node: ast.expr) -> Any:
    node = _Enumerations().visit(node)
    for part in ast.walk(node):
        match part:
            case ast.Constant(value=int() as value) if value.bit_length() > _LARGEST_BITS:
                refuse(
                    "config",
                    f"{name} must be a number of reasonable size, got one of "
                    f"{value.bit_length():,} bits.",
                )
    try:
        return plain(ast.literal_eval(node))
    except (ValueError, TypeError):
        refuse(
            "config",
            f"{name} must be a plain value, got {_source(node)}: nothing is executed here.",
        )


class _Enumerations(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """A member as its name: ``TaskType.SEQ_CLS``; ``args.rank`` is a variable."""
        is_member = node.attr.isupper() and isinstance(node.value, (ast.Name, ast.Attribute))
        return ast.Constant(node.attr) if is_member else node


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _source(node: ast.AST) -> str:
    return ast.unparse(node)[:60]


def _reason(error: SyntaxError | ValueError) -> str:
    reason = error.msg if isinstance(error, (SyntaxError, json.JSONDecodeError)) else str(error)
    line = getattr(error, "lineno", None)
    place = f" in line {line}" if line else ""
    return reason.partition("\n")[0].partition("; use sys.")[0][:120].rstrip(".") + place


# Checking beside the settings that stay


def _valid(current: Mapping[str, object] | None) -> dict[str, Any]:
    try:
        return RunConfig(current).flat() if current else {}
    except InvalidFieldsError:
        return {}  # its form says so already
