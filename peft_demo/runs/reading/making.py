"""The objects that a script makes of classes of settings, and of dictionaries."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from peft_demo.fields import cut
from peft_demo.runs.reading.calling import Caller
from peft_demo.runs.reading.values import (
    Alternatives,
    CannotKnowError,
    Function,
    Made,
    Namespace,
    holds_unknown,
)

_COST = 20
"""Steps that an object counts for."""


class Maker(Caller):
    """Makes each object once, and keeps them all."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Made] = []
        """All objects, in the order in which they are made."""
        self._made: dict[tuple[ast.AST, tuple[int, ...]], Made] = {}

    def make(self, call: ast.Call) -> Made:
        """The object that a call of a class makes; the same for the same call."""
        key = (call, self.pass_)
        if key not in self._made:
            made = Made(self.kind_of(call.func), self.unit.place(call), branch=self.branch)
            made.module = self.module_of(call.func)
            self._made[key] = made
            self.found.append(made)
            self._steps += _COST
            self._fill(made, call)
        return self._made[key]

    def made_of(self, options: dict[str, Any], node: ast.AST) -> Made:
        """The same for a dictionary that is a configuration."""
        key = (node, self.pass_)
        if key not in self._made:
            made = Made("", self.unit.place(node), branch=self.branch)
            self._take(made, options, str(made.place))
            self._made[key] = made
            self.found.append(made)
        return self._made[key]

    def copied(self, made: Made, call: ast.Call) -> Made:
        """A copy of an object; the same for the same call."""
        key = (call, self.pass_)
        if key not in self._made:
            copy = replace(
                made,
                options=dict(made.options),
                unknown=dict(made.unknown),
                notes=list(made.notes),
                place=self.unit.place(call),
                name="",
                branch=self.branch,
            )
            self._made[key] = copy
            self.found.append(copy)
            self._steps += _COST
        return self._made[key]

    def _fill(self, made: Made, call: ast.Call) -> None:
        for given in call.args:
            if not (isinstance(given, ast.Constant) and given.value is ...):
                made.notes.append(
                    f"{self.unit.source(given)} in {self.unit.place(given)} is given without a "
                    f"name in {cut(made.kind)}, and is left out."
                )
        for keyword in call.keywords:
            if keyword.arg is None:
                self._spread(made, keyword.value)
            elif keyword.arg in made.options or keyword.arg in made.unknown:
                made.faults.append(f"config must give {cut(keyword.arg)} once; it is repeated.")
            else:
                self.give(made, keyword.arg, keyword.value)

    def _spread(self, made: Made, node: ast.expr) -> None:
        try:
            given = self.value(node)
        except CannotKnowError:
            given = None
        if isinstance(given, Namespace):
            given = given.values
        if isinstance(given, Made):
            given.is_used = True
            made.unknown |= given.unknown
            made.notes += given.notes
            made.is_partial = made.is_partial or given.is_partial
            given = given.options
        if isinstance(given, dict) and all(isinstance(name, str) for name in given):
            self._take(made, given, f"**{self.unit.source(node)} in {self.unit.place(node)}")
        else:
            made.is_partial = True
            made.notes.append(
                f"**{self.unit.source(node)} in {self.unit.place(node)} cannot be known without "
                "running the code; ours stays where nothing else is given."
            )

    def _take(self, made: Made, options: dict[str, Any], source: str) -> None:
        """Give an object what is in a dictionary, as far as it is known."""
        for option, value in options.items():
            if holds_unknown(value):
                made.forget(option, f"{cut(option)} of {source}")
            else:
                made.set(option, value)

    def give(self, made: Made, option: str, node: ast.expr) -> None:
        """Give an object an option, or note that its value cannot be known."""
        self._assumed = []
        where = f"in {self.unit.place(node)}"
        try:
            given = self.value(node)
            if isinstance(given, (Namespace, Function)) or holds_unknown(given):
                raise CannotKnowError
        except CannotKnowError:
            made.forget(option, f"{cut(option)}={self.unit.source(node)} {where}")
            return
        made.set(option, given)
        if self._assumed:
            made.notes.append(
                f"{option} {where} is the default of {self._assumed[0]}, which may be another when "
                "the code runs."
            )
        if isinstance(node, ast.IfExp) and not isinstance(given, Alternatives):
            made.notes.append(
                f"{option} {where} depends on {self.unit.source(node.test)}; "
                f"{_written(given)} is what it is there."
            )

    def configuration(self, node: ast.expr) -> Any:
        """An expression's value, where a dictionary with a peft_type is an object."""
        return self._objects(self.known(node), node)

    def _objects(self, known: Any, node: ast.AST, name: str = "") -> Any:
        if not isinstance(known, dict):
            return known
        if isinstance(known.get("peft_type"), str) and all(isinstance(key, str) for key in known):
            made = self.made_of(known, node)
            made.name = made.name or name
            return made
        parts = dict(zip(_nodes(known, node), known, strict=True))
        for part, key in parts.items():
            if isinstance(known[key], (dict, Made)) and not name:
                known[key] = self._objects(known[key], part, str(key))
                if isinstance(known[key], Made):
                    known[key].name = known[key].name or str(key)
        return known


def _nodes(known: dict[Any, Any], node: ast.AST) -> list[ast.AST]:
    """For each element of a dictionary, where it is written; the whole if that is not known."""
    if isinstance(node, ast.Dict) and len(node.values) == len(known):
        return list(node.values)
    return [ast.Constant(str(key), lineno=getattr(node, "lineno", 1)) for key in known]


def _written(value: Any) -> str:
    text = repr(value)
    return cut(text)
