"""Calls as values: of classes of settings, of the script's functions, of a few built-in ones."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from peft_demo.runs.reading.evaluating import Evaluator, options_of
from peft_demo.runs.reading.functions import FUNCTIONS, METHODS
from peft_demo.runs.reading.values import UNKNOWN, CannotKnowError, Function, Made, Namespace

_SETTINGS = {"SimpleNamespace", "Namespace", "EasyDict", "edict", "AttrDict", "DotDict", "Munch"}
"""Classes that only hold what they are given."""

_SAME = ("get_peft_config", "asdict", "vars")
"""Functions that give the options that they are given."""

_COPIES = ("copy", "deepcopy", "replace")
"""Functions that copy an object, one of them with other options."""


class Caller(Evaluator):
    """Knows what calls give."""

    run: Callable[[Function, ast.Call], Any]
    """Runs one of the script's functions, as far as it is known."""

    def make(self, call: ast.Call) -> Made:
        """The object that a call of a class makes; the same for the same call."""
        raise NotImplementedError

    def copied(self, made: Made, call: ast.Call) -> Made:
        """A copy of an object; the same for the same call."""
        raise NotImplementedError

    def give(self, made: Made, option: str, node: ast.expr) -> None:
        """Give an object an option, or note that its value cannot be known."""
        raise NotImplementedError

    def call(self, node: ast.Call) -> Any:
        """What a call gives: an object, what the script's function returns, a built-in's value."""
        kind = self.kind_of(node.func)
        if self.is_class(node.func):
            return self.make(node)
        own = self.own_function(node.func)
        if own is not None:
            return self.run(own, node)
        if kind in (*_SAME, *_COPIES) and len(node.args) == 1:
            return self._passed(kind, node)
        if self.is_member(node.func) and len(node.args) == 1:
            return self.value(node.args[0])
        if kind in ("field", "Field"):
            return self._default(node)
        if kind in _SETTINGS or self._is_settings(node.func):
            return self._settings(node)
        known = self._known(node, kind)
        arguments = [self.value(argument) for argument in node.args]
        named = {}
        for keyword in node.keywords:
            given = self.known(keyword.value)
            if given is UNKNOWN and (kind != "dict" or not keyword.arg):
                raise CannotKnowError
            named.update({keyword.arg: given} if keyword.arg else options_of(given))
        if kind != "dict" or isinstance(node.func, ast.Attribute):
            self.plain([*arguments, *named.values()])
        elif arguments and isinstance(arguments[0], (Made, Namespace)):
            arguments[0] = options_of(arguments[0])
        return known(*arguments, **named)

    def _known(self, node: ast.Call, kind: str) -> Callable[..., Any]:
        if isinstance(node.func, ast.Name):
            if self.scope.find(node.func.id):
                raise CannotKnowError
            return FUNCTIONS[kind]
        if not isinstance(node.func, ast.Attribute):
            raise CannotKnowError
        base = self.value(node.func.value)
        if kind in ("parse_args", "to_dict") and isinstance(base, (Made, Namespace)):
            return lambda *_: base
        method = METHODS[type(base), kind]
        return lambda *arguments: method(base, *arguments)

    def _passed(self, kind: str, node: ast.Call) -> Any:
        """What such a function is given: as it is, or as a copy with other options."""
        given = self.value(node.args[0])
        if not isinstance(given, Made) or kind in _SAME:
            return given
        copied = self.copied(given, node)
        for keyword in node.keywords:
            if keyword.arg:
                self.give(copied, keyword.arg, keyword.value)
        return copied

    def _default(self, node: ast.Call) -> Any:
        """Of a dataclass's ``field``."""
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        made = named.get("default_factory")
        return self.value(made.body if isinstance(made, ast.Lambda) else named["default"])

    def is_class(self, func: ast.expr) -> bool:
        """Whether it is a class, not of the script's own, whose arguments are settings."""
        is_named_so = self.kind_of(func).endswith(("Config", "TrainingArguments"))
        return is_named_so and not self._is_settings(func)

    def own_function(self, func: ast.expr) -> Function | None:
        """The script's own function of that name."""
        known = self._own(func)
        return known if isinstance(known, Function) else None

    def _own(self, func: ast.expr) -> Any:
        if not isinstance(func, ast.Name):
            return None
        scope = self.scope.find(func.id)
        return scope.values[func.id] if scope else None

    def _is_settings(self, func: ast.expr) -> bool:
        return isinstance(self._own(func), Namespace)

    def _settings(self, node: ast.Call) -> Namespace:
        """An instance of a class of settings: its defaults, and what it is given instead."""
        start = self.value(node.func) if self._is_settings(node.func) else Namespace({})
        values = dict(start.values)
        for argument in node.args:
            values |= options_of(self.value(argument))
        for keyword in node.keywords:
            given = self.value(keyword.value)
            values |= {keyword.arg: given} if keyword.arg else options_of(given)
        return Namespace(values, start.is_assumed and not node.keywords)
