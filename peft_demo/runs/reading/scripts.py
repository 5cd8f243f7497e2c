"""Statements in the order of the text: what names stand for, what becomes of objects.

Nothing is run. A function's body is read where it stands, with the defaults of its parameters; a
loop's is read once, with its variable unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from copy import copy
from typing import Any

from peft_demo.fields import cut
from peft_demo.runs.reading.evaluating import Evaluator
from peft_demo.runs.reading.parsing import place_of, source_of
from peft_demo.runs.reading.values import (
    METHODS,
    UNKNOWN,
    Alternatives,
    CannotKnowError,
    Made,
    Opaque,
)

_DEEPEST = 30
"""Statements within statements."""

_METHODS = set().union(*METHODS.values())


class Script(Evaluator):
    """Follows statements, and notes the calls in them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[ast.Call, dict[str, Any]]] = []
        """All calls, with those of their arguments that have a name, as far as they are known."""
        self.settings: list[dict[str, Any]] = []
        """Dictionaries that stand by themselves and are no configuration of peft."""
        self._branches = self._deep = 0

    def follow(self, statements: Iterable[ast.stmt]) -> None:
        """Read statements in their order."""
        self._deep += 1
        for statement in statements if self._deep < _DEEPEST else ():
            self.steps += 1
            if not self.is_exhausted:
                self._follow(statement)
        self._deep -= 1

    def _follow(self, statement: ast.stmt) -> None:
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, (ast.expr, ast.withitem)):
                self._look_into(part)
        match statement:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                module = getattr(statement, "module", None)
                for alias in names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self.aliases[name] = (module or alias.name, alias.name)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._give(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._give(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self._give(target, ast.copy_location(ast.BinOp(target, op, value), statement))
            case ast.Expr(value=value):
                self._expression(value)
            case ast.If(test=test, body=body, orelse=orelse):
                known = self.known(test)
                if isinstance(known, Opaque):
                    self._either(f"{source_of(test)} in {place_of(test)}", body, orelse)
                else:
                    self.follow(body if known else orelse)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(statement)
            case ast.ClassDef(body=body, name=name):
                around, self.names = self.names, dict(self.names)
                self.follow(body)
                settings = {
                    one: value
                    for one, value in self.names.items()
                    if one not in around or value is not around[one]
                }
                self.names = {**around, name: settings}
            case _:
                if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
                    for node in ast.walk(statement):
                        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                            self.names[node.id] = UNKNOWN
                self.follow(getattr(statement, "body", []))
                for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
                    self._either(f"what happens in {place_of(statement)}", part.body, [])
                self.follow(getattr(statement, "orelse", []))
                self.follow(getattr(statement, "finalbody", []))

    def _function(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        around, parameters, names = self.names, self.parameters, statement.args
        positional = [*names.posonlyargs, *names.args]
        pairs = [*zip(reversed(positional), reversed(names.defaults), strict=False)]
        given = {name.arg: self.known(default) for name, default in pairs}
        for name, default in zip(names.kwonlyargs, names.kw_defaults, strict=True):
            given[name.arg] = self.known(default) if default else UNKNOWN
        others = filter(None, [*positional, names.vararg, names.kwarg])
        unknown = {name.arg: UNKNOWN for name in others}
        around[statement.name] = UNKNOWN
        self.names, self.parameters = {**around, **unknown, **given}, set(given)
        self.follow(statement.body)
        # What is no Python may end its body before its time: its own names stay.
        own = {
            name: value for name, value in self.names.items() if name not in {**unknown, **given}
        }
        self.names, self.parameters = {**own, **around}, parameters

    def _either(self, condition: str, *blocks: list[ast.stmt]) -> None:
        """Both branches; what a name stands for after them may be one of two values."""
        around, branch, sides = self.names, self.branch, []
        for block in blocks:
            self._branches += 1
            self.branch = (*branch, self._branches)
            changing = {
                name: copy(value) for name, value in around.items() if type(value) in (dict, list)
            }
            self.steps += len(around) + sum(map(len, changing.values()))
            self.names = {**around, **changing}
            self.follow(block)
            sides.append(self.names)
        self.names, self.branch = around, branch
        for name in dict.fromkeys(name for side in sides for name in side):
            first, second = (side.get(name, UNKNOWN) for side in sides)
            made = [value for value in (first, second) if isinstance(value, Made)]
            try:
                if first is second or (type(first) is type(second) and first == second):
                    around[name] = first
                elif first is UNKNOWN or second is UNKNOWN:
                    around[name] = made[0] if made else UNKNOWN
                else:
                    around[name] = Alternatives(condition, first, second)
            except CannotKnowError:
                around[name] = UNKNOWN

    def _look_into(self, expression: ast.AST) -> None:
        """Make the objects in an expression, and note its calls."""
        for node in ast.walk(expression):
            if self.is_exhausted:
                break
            if isinstance(node, ast.Call) and self.is_class(node.func):
                self.make(node)
            elif isinstance(node, ast.Call):
                words = [word for word in node.keywords if word.arg]
                named = {str(word.arg): self.known(word.value) for word in words}
                self.calls.append((node, named))
            elif isinstance(node, ast.Dict) and any(
                isinstance(key, ast.Constant) and key.value == "peft_type" for key in node.keys
            ):
                self.known(node)

    def _give(self, target: ast.expr, node: ast.expr) -> None:
        """Let a target stand for an expression's value."""
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            self._set(target, node)
            return
        known = self.known(node)
        if isinstance(known, Made) and isinstance(target, ast.Name):
            known.name = known.name or target.id
        self._bind(target, known)

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            self.parameters = self.parameters - {target.id}
        elif isinstance(target, (ast.Tuple, ast.List)):
            is_known = isinstance(value, (list, tuple)) and len(value) == len(target.elts)
            for number, part in enumerate(target.elts):
                self._bind(part, value[number] if is_known else UNKNOWN)

    def _set(self, target: ast.Attribute | ast.Subscript, node: ast.expr) -> None:
        """An attribute or an element: of an object that is known, or of no interest."""
        owner = self.known(target.value)
        option = target.attr if isinstance(target, ast.Attribute) else self.known(target.slice)
        if not isinstance(option, (str, int)):
            return
        if isinstance(owner, Made) and owner.branch[: len(self.branch)] != self.branch:
            owner.notes.append(
                f"{cut(str(option))}={source_of(node)} in {place_of(node)} depends on a condition "
                "that cannot be known without running the code, and is left out."
            )
        elif isinstance(owner, Made):
            self.give(owner, str(option), node)
        elif isinstance(owner, dict):
            owner[option] = self.known(node)
        elif isinstance(owner, list) and option in range(len(owner)):
            owner[int(option)] = self.known(node)

    def _expression(self, value: ast.expr) -> None:
        """One that stands by itself, and may change what it is called on."""
        match value:
            case ast.Dict():
                known = self.known(value)
                if type(known) is dict:
                    self.settings.append(known)
            case ast.Call(func=ast.Name(id="setattr"), args=[owner, option, given]):
                self._set(ast.copy_location(ast.Subscript(owner, option), value), given)
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _METHODS:
                if self.known(value) is UNKNOWN and isinstance(owner, ast.Name):
                    self.names[owner.id] = UNKNOWN
