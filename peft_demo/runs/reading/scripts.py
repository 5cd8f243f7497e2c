"""Statements in their order: what names stand for, and what becomes of objects once made."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from peft_demo.runs.reading.changes import Changes
from peft_demo.runs.reading.evaluating import bind
from peft_demo.runs.reading.making import Maker
from peft_demo.runs.reading.mentions import Mentions
from peft_demo.runs.reading.own_functions import OwnFunctions
from peft_demo.runs.reading.parsing import Unit
from peft_demo.runs.reading.values import (
    UNKNOWN,
    CannotKnowError,
    Made,
    Namespace,
    Scope,
    either,
)

_DEEPEST = 30
"""Statements within statements."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)

_MOST_PASSES = 16
"""Of a loop over known values."""


class Script:
    """Follows a script without running it: only what is plain to see is known."""

    def __init__(self) -> None:
        self._evaluator = Maker()
        self._changes = Changes(self._evaluator)
        self.mentions = Mentions(self._evaluator)
        """Training values and bases that it names."""
        self.settings: list[dict[str, Any]] = []
        """Dictionaries that stand by themselves and are no configuration of peft."""
        self._functions = OwnFunctions(self._evaluator, self._block)
        self._depth = 0
        self._branches = 0

    @property
    def found(self) -> list[Made]:
        """All objects of classes of settings that it makes."""
        return self._evaluator.found

    @property
    def is_exhausted(self) -> bool:
        """Whether it is too much to be followed to its end."""
        return self._evaluator.is_exhausted

    @property
    def aliases(self) -> dict[str, tuple[str, str]]:
        """Imported names: the module, and the name there."""
        return self._evaluator.aliases

    def follow(self, units: Iterable[Unit]) -> None:
        """Read all units, the bodies of functions after everything else."""
        for unit in units:
            self._evaluator.unit = unit
            self._block(unit.body)
        self._functions.follow_the_rest()

    # Statements

    def _block(self, statements: Iterable[ast.stmt]) -> None:
        if self._depth > _DEEPEST:
            return
        self._depth += 1
        for statement in statements:
            try:
                self._evaluator.step()
            except CannotKnowError:
                break
            _STATEMENTS.get(type(statement), Script._other)(self, statement)
            if self._functions.is_left:
                break
        self._depth -= 1

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        module = getattr(statement, "module", None) or ""
        for alias in statement.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.aliases[name] = (module or alias.name, alias.name)

    def _assign(self, statement: ast.Assign) -> None:
        self._look_into(statement.value)
        for target in statement.targets:
            self._give(target, statement.value)

    def _annotated(self, statement: ast.AnnAssign) -> None:
        if statement.value is not None:
            self._look_into(statement.value)
            self._give(statement.target, statement.value)

    def _augmented(self, statement: ast.AugAssign) -> None:
        self._look_into(statement.value)
        target = ast.copy_location(_loaded(statement.target), statement.target)
        both = ast.BinOp(target, statement.op, statement.value)
        self._give(statement.target, ast.copy_location(both, statement))

    def _give(self, target: ast.expr, node: ast.expr) -> None:
        """Let a target stand for an expression's value."""
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            self._changes.set(target, node)
            return
        known = self._evaluator.configuration(node)
        if isinstance(known, Made) and isinstance(target, ast.Name):
            known.name = known.name or target.id
        bind(self._evaluator.scope, target, known)

    def _expression(self, statement: ast.Expr) -> None:
        call = statement.value
        self._look_into(call)
        if isinstance(call, ast.Call):
            self._changes.follow(call)
        elif isinstance(call, (ast.Dict, ast.List, ast.Tuple)):
            known = self._evaluator.configuration(call)
            if isinstance(known, dict):
                self.settings.append(known)

    # Statements with statements in them

    def _if(self, statement: ast.If) -> None:
        self._look_into(statement.test)
        try:
            known = bool(self._evaluator.value(statement.test))
        except CannotKnowError:
            self._either(statement)
            return
        self._block(statement.body if known else statement.orelse)

    def _either(self, statement: ast.If) -> None:
        """Both branches; what a name stands for after them may be one of two values."""
        around = self._evaluator.scope
        sides = [self._aside(block) for block in (statement.body, statement.orelse)]
        unit = self._evaluator.unit
        condition = f"{unit.source(statement.test)} in {unit.place(statement.test)}"
        for name in dict.fromkeys([*sides[0].values, *sides[1].values]):
            values = []
            for side in sides:
                scope = side.find(name)
                values.append(scope.values[name] if scope else UNKNOWN)
            first, second = values
            if first is second or (type(first) is type(second) and first == second):
                around.values[name] = first
            elif UNKNOWN in (first, second):
                known = [value for value in values if isinstance(value, Made)]
                around.values[name] = known[0] if known else UNKNOWN
            else:
                try:
                    around.values[name] = either(condition, first, second)
                except CannotKnowError:
                    around.values[name] = UNKNOWN

    def _aside(self, block: list[ast.stmt]) -> Scope:
        """Follow statements of which nobody can know whether they run."""
        around, branch = self._evaluator.scope, self._evaluator.branch
        self._branches += 1
        self._evaluator.scope = side = Scope(around)
        self._evaluator.branch = (*branch, self._branches)
        self._block(block)
        self._evaluator.scope, self._evaluator.branch = around, branch
        return side

    def _with(self, statement: ast.With | ast.AsyncWith) -> None:
        for item in statement.items:
            self._look_into(item.context_expr)
            if item.optional_vars:
                bind(self._evaluator.scope, item.optional_vars, UNKNOWN)
        self._block(statement.body)

    def _try(self, statement: ast.Try) -> None:
        self._block(statement.body)
        for handler in statement.handlers:
            self._aside(handler.body)
        self._block([*statement.orelse, *statement.finalbody])

    def _for(self, statement: ast.For | ast.AsyncFor) -> None:
        self._look_into(statement.iter)
        evaluator = self._evaluator
        try:
            items = list(evaluator.value(statement.iter))
        except (CannotKnowError, TypeError):
            items = []
        leaves = any(isinstance(node, (ast.Break, ast.Continue)) for node in ast.walk(statement))
        if not 0 < len(items) <= _MOST_PASSES or leaves:
            bind(evaluator.scope, statement.target, UNKNOWN)
            self._once(statement)
            return
        around = evaluator.pass_
        for number, item in enumerate(items):
            if evaluator.is_exhausted:
                break
            evaluator.pass_ = (*around, number)
            bind(evaluator.scope, statement.target, item)
            self._block(statement.body)
        evaluator.pass_ = around
        self._block(statement.orelse)

    def _while(self, statement: ast.While) -> None:
        self._look_into(statement.test)
        self._once(statement)

    def _once(self, statement: ast.For | ast.AsyncFor | ast.While) -> None:
        """A loop's body, where what it assigns cannot be known from one pass to the next."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._evaluator.scope.values[node.id] = UNKNOWN
        self._block([*statement.body, *statement.orelse])

    def _function(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.define(statement)

    def _return(self, statement: ast.Return) -> None:
        if statement.value is not None:
            self._look_into(statement.value)
        self._functions.leave(statement.value)

    def _class(self, statement: ast.ClassDef) -> None:
        """Its settings; methods may use them as their first parameter's."""
        evaluator = self._evaluator
        around = evaluator.scope
        evaluator.scope = inner = Scope(around)
        methods = [
            part
            for part in statement.body
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        self._block(part for part in statement.body if part not in methods)
        evaluator.scope = around
        owner = Namespace(inner.values, is_assumed=bool(statement.decorator_list))
        around.values[statement.name] = owner
        for method in methods:
            self._functions.define(method, owner)

    def _other(self, statement: ast.stmt) -> None:
        """Any other: its expressions, and its statements as if they may run."""
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.expr):
                self._look_into(part)
            elif isinstance(part, ast.match_case):
                self._aside(part.body)

    def _look_into(self, expression: ast.expr) -> None:
        """Make the objects in it, and note what it mentions."""
        evaluator = self._evaluator
        waiting: deque[ast.AST] = deque([expression])
        while waiting:
            node = waiting.popleft()
            if isinstance(node, ast.Call):
                if evaluator.is_class(node.func):
                    made = evaluator.make(node)
                    if made.options or made.unknown:
                        continue
                self.mentions.look_at(node)
                if evaluator.own_function(node.func):
                    evaluator.known(node)
            elif isinstance(node, ast.Dict) and _is_configuration(node):
                evaluator.configuration(node)
            elif isinstance(node, _COMPREHENSIONS) and evaluator.known(node) is not UNKNOWN:
                continue
            waiting.extend(ast.iter_child_nodes(node))


def _is_configuration(node: ast.Dict) -> bool:
    return any(isinstance(key, ast.Constant) and key.value == "peft_type" for key in node.keys)


def _loaded(node: ast.expr) -> ast.expr:
    """The same expression, to be read instead of assigned."""
    match node:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=name):
            return ast.Attribute(value, name, ast.Load())
        case ast.Subscript(value=value, slice=part):
            return ast.Subscript(value, part, ast.Load())
    return node


_STATEMENTS: dict[type[ast.stmt], Callable[[Script, Any], None]] = {
    ast.AnnAssign: Script._annotated,
    ast.Assign: Script._assign,
    ast.AsyncFor: Script._for,
    ast.AsyncFunctionDef: Script._function,
    ast.AsyncWith: Script._with,
    ast.AugAssign: Script._augmented,
    ast.ClassDef: Script._class,
    ast.Expr: Script._expression,
    ast.For: Script._for,
    ast.FunctionDef: Script._function,
    ast.If: Script._if,
    ast.Import: Script._import,
    ast.ImportFrom: Script._import,
    ast.Return: Script._return,
    ast.Try: Script._try,
    ast.While: Script._while,
    ast.With: Script._with,
}
