"""Expressions as values, as far as these are known without running anything."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from peft_demo.fields import cut
from peft_demo.runs.reading.functions import BINARY, COMPARISONS, UNARY
from peft_demo.runs.reading.parsing import Unit
from peft_demo.runs.reading.values import (
    LARGEST,
    UNKNOWN,
    CannotKnowError,
    Made,
    Namespace,
    Scope,
    either,
    is_plain,
    reasonable,
    weight,
)

_DEEPEST = 50
"""Expressions within expressions."""

_MOST_STEPS = 300_000
"""Of all expressions of a text."""

_REFERENCES = (ast.Name, ast.Attribute, ast.Subscript)
"""Expressions that make nothing new."""

_FORMAT = re.compile(r"[<>^]?\d{0,2}(\.\d{1,2})?[dfgeFGE%sx]?")

_ENUMERATION = re.compile(r"\w*(?:Type|Init|Strategy)$")
"""How classes of enumerations are called: TaskType, PeftType, PromptTuningInit."""

_GIVEN: dict[str, Any] = {"true": True, "false": False, "null": None, "__name__": "__main__"}
_GIVEN |= {"NaN": math.nan, "nan": math.nan, "Infinity": math.inf, "inf": math.inf}
"""Names that JSON, ``print`` and Python itself have for values."""


class Evaluator:
    """Knows what names stand for, and makes the objects of a script."""

    def __init__(self) -> None:
        self.scope = Scope()
        self.unit = Unit([], [])
        """What is being read."""
        self.branch: tuple[int, ...] = ()
        """The conditions that cannot be known, under which it stands."""
        self.pass_: tuple[int, ...] = ()
        """Which pass of which loop it is."""
        self.aliases: dict[str, tuple[str, str]] = {}
        """Imported names: the module, and the name there."""
        self._assumed: list[str] = []
        self._depth = 0
        self._steps = 0

    def value(self, node: ast.expr) -> Any:
        """What an expression is.

        Raises:
            CannotKnowError: it would take running the code, or more than is reasonable.
        """
        self.step()
        if self._depth > _DEEPEST:
            raise CannotKnowError
        self._depth += 1
        try:
            known = _KINDS[type(node)](self, node)
            if known is UNKNOWN:
                raise CannotKnowError
            if not isinstance(node, _REFERENCES):
                known = reasonable(known)
                if isinstance(known, (list, tuple, set, dict)):
                    self.step(weight(known))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CannotKnowError from error
        else:
            return known
        finally:
            self._depth -= 1

    def step(self, cost: int = 1) -> None:
        """Count what is done.

        Raises:
            CannotKnowError: it is more than is reasonable.
        """
        self._steps += cost
        if self.is_exhausted:
            raise CannotKnowError

    def count(self, value: Any) -> None:
        """Count what copying a value takes."""
        self._steps += len(value) if isinstance(value, (list, set, dict)) else 1

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing more is followed."""
        return self._steps > _MOST_STEPS

    def kind_of(self, func: ast.expr) -> str:
        """The name of what is called, as its own module has it; empty if it has none."""
        match func:
            case ast.Name(id=name):
                return self.aliases[name][1] if name in self.aliases else name
            case ast.Attribute(attr=name):
                return name
        return ""

    def module_of(self, func: ast.expr) -> str:
        """The module that it comes from, or nothing if the text does not say so."""
        while isinstance(func, ast.Attribute):
            func = func.value
        return (
            self.aliases[func.id][0]
            if isinstance(func, ast.Name) and func.id in self.aliases
            else ""
        )

    # Kinds of expressions

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        scope = self.scope.find(node.id)
        if scope is None:
            if node.id in _GIVEN:
                return _GIVEN[node.id]
            raise CannotKnowError
        if scope.is_assumed:
            self._assumed.append(f"the parameter {cut(node.id)}")
        return scope.values[node.id]

    def _named(self, node: ast.NamedExpr) -> Any:
        known = self.value(node.value)
        bind(self.scope, node.target, known)
        return known

    def _attribute(self, node: ast.Attribute) -> Any:
        if self.is_member(node.value) and node.attr.isupper():
            return node.attr
        base = self.value(node.value)
        if isinstance(base, str) and node.attr in ("value", "name"):
            return base  # of an enumeration's member
        if isinstance(base, Namespace) and base.is_assumed:
            self._assumed.append(f"the setting {cut(node.attr)}")
        return options_of(base)[node.attr]

    def is_member(self, node: ast.expr) -> bool:
        """Whether it is a class of enumerations: their members stand for their names."""
        kind = self.kind_of(node)
        known = isinstance(node, ast.Name) and self.scope.find(node.id) is not None
        return not known and _ENUMERATION.match(kind) is not None

    def _subscript(self, node: ast.Subscript) -> Any:
        if self.is_member(node.value):
            return self.value(node.slice)
        base = self.value(node.value)
        if isinstance(base, (Made, Namespace)):
            base = options_of(base)
        if isinstance(node.slice, ast.Slice):
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            return base[slice(*(part and self.value(part) for part in parts))]
        return base[self.value(node.slice)]

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        items = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                items.extend(self._items(element.value))
            else:
                items.append(self.value(element))
        return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](items)

    def _items(self, node: ast.expr) -> list[Any]:
        items = self.value(node)
        if not isinstance(items, (list, tuple, set, frozenset, dict, str)):
            raise CannotKnowError
        return list(items)

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        known: dict[Any, Any] = {}
        for key, given in zip(node.keys, node.values, strict=True):
            if key is None:
                known |= options_of(self.value(given))
            else:
                known[self.value(key)] = self.known(given)
        return known

    def known(self, node: ast.expr) -> Any:
        """The same as ``value``, but UNKNOWN where that raises."""
        try:
            return self.value(node)
        except CannotKnowError:
            return UNKNOWN

    def _unary(self, node: ast.UnaryOp) -> Any:
        operand = self.value(node.operand)
        if isinstance(operand, bool) and not isinstance(node.op, ast.Not):
            raise CannotKnowError
        return UNARY[type(node.op)](*self.plain([operand]))

    def _binary(self, node: ast.BinOp) -> Any:
        both = self.plain([self.value(node.left), self.value(node.right)])
        return BINARY[type(node.op)](*both)

    def _boolean(self, node: ast.BoolOp) -> Any:
        known = None
        for operand in node.values:
            (known,) = self.plain([self.value(operand)])
            if bool(known) is isinstance(node.op, ast.Or):
                break
        return known

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for operator, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other)
            if not COMPARISONS[type(operator)](*self.plain([left, right])):
                return False
            left = right
        return True

    def plain(self, values: list[Any]) -> list[Any]:
        """The values, if none of them is an object of the script."""
        if not is_plain(values):
            raise CannotKnowError
        return values

    def _conditional(self, node: ast.IfExp) -> Any:
        try:
            (known,) = self.plain([self.value(node.test)])
        except CannotKnowError:
            first, second = self.value(node.body), self.value(node.orelse)
            where = f"{self.unit.source(node.test)} in {self.unit.place(node.test)}"
            return either(where, first, second)
        return self.value(node.body if known else node.orelse)

    def _text(self, node: ast.JoinedStr) -> str:
        parts = [self.value(part) for part in node.values]
        if sum(map(len, parts)) > LARGEST:
            raise CannotKnowError
        return "".join(parts)

    def _formatted(self, node: ast.FormattedValue) -> str:
        spec = self.value(node.format_spec) if node.format_spec else ""
        (known,) = self.plain([self.value(node.value)])
        if not _FORMAT.fullmatch(spec) or node.conversion not in (-1, ord("s")):
            raise CannotKnowError
        return format(known, spec)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Any:
        (part,) = node.generators
        around, pass_, found = self.scope, self.pass_, []
        items = self._items(part.iter)
        try:
            for number, item in enumerate(items):
                self.scope, self.pass_ = Scope(around), (*pass_, number)
                bind(self.scope, part.target, item)
                if all(self.value(test) for test in part.ifs):
                    found.append(self.value(node.elt))
        finally:
            self.scope, self.pass_ = around, pass_
        return set(found) if isinstance(node, ast.SetComp) else found

    def call(self, node: ast.Call) -> Any:
        """What a call gives."""
        raise NotImplementedError


def bind(scope: Scope, target: ast.expr, value: Any) -> None:
    """Let the names in ``target`` stand for a value, or for its elements."""
    if isinstance(target, ast.Name):
        scope.values[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        items: Iterable[Any] = value if isinstance(value, (list, tuple)) else ()
        items = list(items)
        if len(items) != len(target.elts) or any(isinstance(t, ast.Starred) for t in target.elts):
            items = [UNKNOWN] * len(target.elts)
        for part, item in zip(target.elts, items, strict=True):
            bind(scope, part, item)
    elif isinstance(target, ast.Starred):
        bind(scope, target.value, UNKNOWN)


def options_of(value: Any) -> dict[str, Any]:
    """What an object or a dictionary holds, by name."""
    if isinstance(value, Made):
        return value.options
    if isinstance(value, Namespace):
        return value.values
    if isinstance(value, dict):
        return value
    raise CannotKnowError


_KINDS: dict[type[ast.AST], Callable[[Evaluator, Any], Any]] = {
    ast.Attribute: Evaluator._attribute,
    ast.BinOp: Evaluator._binary,
    ast.BoolOp: Evaluator._boolean,
    ast.Call: lambda evaluator, node: evaluator.call(node),
    ast.Compare: Evaluator._compare,
    ast.Constant: Evaluator._constant,
    ast.Dict: Evaluator._dict,
    ast.FormattedValue: Evaluator._formatted,
    ast.GeneratorExp: Evaluator._comprehension,
    ast.IfExp: Evaluator._conditional,
    ast.JoinedStr: Evaluator._text,
    ast.List: Evaluator._sequence,
    ast.ListComp: Evaluator._comprehension,
    ast.Name: Evaluator._name,
    ast.NamedExpr: Evaluator._named,
    ast.Set: Evaluator._sequence,
    ast.SetComp: Evaluator._comprehension,
    ast.Subscript: Evaluator._subscript,
    ast.Tuple: Evaluator._sequence,
    ast.UnaryOp: Evaluator._unary,
}
