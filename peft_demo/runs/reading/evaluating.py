"""Expressions as values, as far as these are known without running anything."""

from __future__ import annotations

import ast
import re
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression

from peft_demo.fields import cut
from peft_demo.runs.reading.parsing import place_of, source_of
from peft_demo.runs.reading.values import (
    FUNCTIONS,
    METHODS,
    OPERATORS,
    UNKNOWN,
    Alternatives,
    CannotKnowError,
    Made,
    Opaque,
    holds_unknown,
    size_of,
)

_DEEPEST, _MOST_STEPS = 40, 300_000
"""Expressions within expressions; expressions of a text, and elements of their values."""

_ENUMERATION = re.compile(r"\w*(?:Type|Init|Strategy)$")
"""How classes of enumerations are called: TaskType, PeftType, PromptTuningInit."""

_ERRORS: tuple[type[Exception], ...] = (InvalidExpression, ArithmeticError, AttributeError)
_ERRORS += (LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a computation may raise: that is left to those who run the code."""


class Evaluator(EvalWithCompoundTypes):
    """Knows what names stand for, and makes each object of a class of settings once."""

    def __init__(self) -> None:
        super().__init__(OPERATORS, dict(FUNCTIONS), {})
        self.names: dict[str, Any] = {"true": True, "false": False, "null": None}
        self.names["__name__"] = "__main__"
        self.aliases: dict[str, tuple[str, str]] = {}
        """Imported names: the module, and the name there."""
        self.parameters: set[str] = set()
        """Names that stand for the default of a function's parameter."""
        self.branch: tuple[int, ...] = ()
        """The conditions that nobody can know, under which the text stands."""
        self.found: dict[ast.AST, Made] = {}
        """All objects of classes of settings, by what makes them."""
        self._assumed: list[str] = []
        self._depth = self.steps = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing more is followed."""
        return self.steps > _MOST_STEPS

    def known(self, node: ast.expr) -> Any:
        """What an expression is; UNKNOWN if it would take running the code, or too much."""
        try:
            return self._eval(node)
        except _ERRORS:
            return UNKNOWN

    def kind_of(self, func: ast.expr) -> str:
        """The name of what is called, as its own module has it; empty if it has none."""
        if isinstance(func, ast.Name):
            return self.aliases.get(func.id, ("", func.id))[1]
        return func.attr if isinstance(func, ast.Attribute) else ""

    def module_of(self, func: ast.expr) -> str:
        """The module that it comes from, or nothing if the text does not say so."""
        while isinstance(func, ast.Attribute):
            func = func.value
        return self.aliases.get(func.id, ("", ""))[0] if isinstance(func, ast.Name) else ""

    def is_class(self, func: ast.expr) -> bool:
        """Whether it is a class, not of the script's own, whose arguments are settings."""
        is_named_so = self.kind_of(func).endswith(("Config", "TrainingArguments"))
        return is_named_so and not self._is_own(func)

    def _is_own(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.names

    # Objects

    def make(self, call: ast.Call) -> Made:
        """The object that a call of a class makes; the same for the same call."""
        if call in self.found:
            return self.found[call]
        made = self.found[call] = Made(self.kind_of(call.func), call.lineno, self.branch)
        made.module = self.module_of(call.func)
        for given in call.args:
            if not (isinstance(given, ast.Constant) and given.value is ...):
                made.notes.append(
                    f"{source_of(given)} in {place_of(given)} is given without a name in "
                    f"{cut(made.kind)}, and is left out."
                )
        for word in call.keywords:
            if word.arg is None:
                self._spread(made, word.value)
            else:
                if word.arg in made:
                    made.notes.append(f"{cut(word.arg)} is repeated; the last one counts.")
                self.give(made, word.arg, word.value)
        return made

    def _spread(self, made: Made, node: ast.expr) -> None:
        given, source = self.known(node), f"**{source_of(node)} in {place_of(node)}"
        if isinstance(given, Made):
            given.is_used = True
            made.notes += given.notes
            made.is_partial = made.is_partial or given.is_partial
        if isinstance(given, dict) and all(isinstance(name, str) for name in given):
            made.update(given)
            made.sources |= {name: f"{cut(name)} of {source}" for name in given}
        else:
            made.is_partial = True
            made.notes.append(
                f"{source} cannot be known without running the code; ours stays where nothing else "
                "is given."
            )

    def give(self, made: Made, option: str, node: ast.expr) -> None:
        """Give an object an option, whether its value is known or not."""
        self._assumed, name, place = [], cut(option), place_of(node)
        given = made[option] = self.known(node)
        made.sources[option] = f"{name}={source_of(node)} in {place}"
        if self._assumed:
            made.notes.append(
                f"{name} in {place} is the default of the parameter {self._assumed[0]}, which may "
                "be another when the code runs."
            )
        if isinstance(node, ast.IfExp) and not holds_unknown(given):
            made.notes.append(
                f"{name} in {place} depends on {source_of(node.test)}; {cut(repr(given))} is what "
                "it is there."
            )

    # How simpleeval evaluates each kind of expression, where it is otherwise here

    def _eval(self, node: ast.AST) -> Any:
        self.steps += 1
        if self.is_exhausted or self._depth > _DEEPEST:
            raise CannotKnowError
        self._depth += 1
        try:
            known = super()._eval(node)
        finally:
            self._depth -= 1
        if known is UNKNOWN:
            raise CannotKnowError
        size = size_of(known)
        self.steps += size // 2 if isinstance(node, ast.Name) else size
        return known

    def _check_disallowed_items(self, item: object) -> None:
        """Names never stand for functions or modules here."""

    def _eval_name(self, node: ast.Name) -> Any:
        if node.id in self.parameters:
            self._assumed.append(cut(node.id))
        return self.names[node.id]

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        kind = "" if self._is_own(node.value) else self.kind_of(node.value)
        if _ENUMERATION.match(kind) and node.attr.isupper():
            return node.attr
        owner = self._eval(node.value)
        is_member = isinstance(owner, str) and node.attr in ("value", "name")
        return owner if is_member else owner[node.attr]

    def _eval_dict(self, node: ast.Dict) -> dict[Any, Any]:
        known: dict[Any, Any] = {}
        for key, given in zip(node.keys, node.values, strict=True):
            if key is None:
                known |= self._eval(given)
                continue
            name = self._eval(key)
            known[name] = self.known(given)
            if isinstance(known[name], Made):
                known[name].name = known[name].name or str(name)
        if not isinstance(known.get("peft_type"), str):
            return known
        if node not in self.found:
            made = self.found[node] = Made("", node.lineno, self.branch)
            made.update({str(name): value for name, value in known.items()})
            made.sources = {name: f"{cut(name)} of {place_of(node)}" for name in made}
        return self.found[node]

    def _eval_ifexp(self, node: ast.IfExp) -> Any:
        test = self.known(node.test)
        if isinstance(test, Opaque):
            where = f"{source_of(node.test)} in {place_of(node)}"
            return Alternatives(where, self._eval(node.body), self._eval(node.orelse))
        return self._eval(node.body if test else node.orelse)

    def _eval_formattedvalue(self, node: ast.FormattedValue) -> str:
        if node.format_spec or node.conversion != -1:  # with widths that it may choose
            raise CannotKnowError
        return format(self._eval(node.value))

    def _eval_call(self, node: ast.Call) -> Any:
        """An object, or what one of few functions and methods gives."""
        kind = self.kind_of(node.func)
        if self.is_class(node.func):
            return self.make(node)
        if isinstance(node.func, ast.Attribute):
            owner = self._eval(node.func.value)
            if not any(isinstance(owner, one) and kind in METHODS[one] for one in METHODS):
                raise CannotKnowError
            function = getattr(owner, kind)
        elif self._is_own(node.func):
            raise CannotKnowError
        else:
            function = self.functions[kind]
        arguments = [self._eval(argument) for argument in node.args]
        named: dict[str, Any] = {}
        for word in node.keywords:
            given = self.known(word.value) if function is dict else self._eval(word.value)
            named |= {word.arg: given} if word.arg else given
        if function is not dict and holds_unknown(arguments):
            raise CannotKnowError
        return function(*arguments, **named)
