"""The functions that a script defines: what they return, and what is made in them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from peft_demo.runs.reading.making import Maker
from peft_demo.runs.reading.values import (
    UNKNOWN,
    CannotKnowError,
    Function,
    Namespace,
    Scope,
    holds_unknown,
)

_MOST_ACTIVE = 6
"""Functions that call each other."""


@dataclass
class _Call:
    """A function that is being followed."""

    branch: tuple[int, ...]
    result: Any = None
    is_over: bool = False
    perhaps: list[Any] = field(default_factory=list)
    """What it returns under conditions that cannot be known."""


class OwnFunctions:
    """Follows each where it is called; those that are not called, in the end."""

    def __init__(self, maker: Maker, follow: Callable[[Iterable[ast.stmt]], None]) -> None:
        """Keep the functions of a script.

        Args:
            maker: makes its objects.
            follow: follows statements.
        """
        self._maker = maker
        self._follow = follow
        self._all: list[Function] = []
        self._active: list[_Call] = []
        self._results: dict[tuple[ast.Call, tuple[int, ...]], Any] = {}
        maker.run = self._run

    @property
    def is_left(self) -> bool:
        """Whether the function that is being followed has returned."""
        return bool(self._active) and self._active[-1].is_over

    def define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: Namespace | None = None
    ) -> None:
        """Let a function's name stand for it; that of a method is its class's."""
        maker = self._maker
        function = Function(node, maker.unit, maker.scope, owner)
        self._all.append(function)
        if owner is None:
            maker.scope.values[node.name] = function

    def leave(self, value: ast.expr | None) -> None:
        """Return from the function that is being followed."""
        if not self._active:
            return
        call = self._active[-1]
        result = self._maker.configuration(value) if value is not None else None
        if self._maker.branch == call.branch:
            call.result, call.is_over = result, True
        else:
            call.perhaps.append(result)

    def follow_the_rest(self) -> None:
        """Follow the functions that nothing has called, with the defaults of their parameters."""
        for function in self._all:  # which grows while inner ones are found
            if not function.is_called:
                self._within(function, self._parameters(function, None), ())

    def _run(self, function: Function, call: ast.Call) -> Any:
        maker = self._maker
        key = (call, maker.pass_)
        if key not in self._results:
            if len(self._active) >= _MOST_ACTIVE:
                raise CannotKnowError
            function.is_called = True
            self._results[key] = UNKNOWN  # for a function that calls itself
            scope = self._parameters(function, call)
            pass_ = (*maker.pass_, -1 - len(self._results))
            self._results[key] = self._within(function, scope, pass_)
        return self._results[key]

    def _within(self, function: Function, scope: Scope, pass_: tuple[int, ...]) -> Any:
        """Follow a function's body; what it returns."""
        maker = self._maker
        before = maker.unit, maker.scope, maker.pass_
        maker.unit, maker.scope, maker.pass_ = function.unit, scope, pass_
        call = _Call(maker.branch)
        self._active.append(call)
        try:
            self._follow(function.node.body)
        finally:
            self._active.pop()
            maker.unit, maker.scope, maker.pass_ = before
        others = [value for value in call.perhaps if value is not None]
        if call.result is None and len(others) == 1:
            return others[0]
        return call.result if not others else UNKNOWN

    def _parameters(self, function: Function, call: ast.Call | None) -> Scope:
        """A function's scope: its parameters as a call gives them, or their defaults."""
        signature = function.node.args
        named = [*signature.posonlyargs, *signature.args]
        given = Scope(function.scope)
        for parameter in (*named, *signature.kwonlyargs, signature.vararg, signature.kwarg):
            if parameter:
                given.values[parameter.arg] = UNKNOWN
        usual = Scope(given, is_assumed=call is None)
        if call is None or not _is_spread(call):
            usual.values |= self._defaults(signature, named)
        if function.owner is not None and named:
            given.values[named[0].arg] = function.owner
        elif call is not None:
            arguments = zip((parameter.arg for parameter in named), call.args, strict=False)
            for name, node in (*arguments, *((word.arg, word.value) for word in call.keywords)):
                if name:
                    usual.values[name] = self._maker.configuration(node)
        return Scope(usual)

    def _defaults(self, signature: ast.arguments, named: list[ast.arg]) -> dict[str, Any]:
        pairs: list[tuple[ast.arg, ast.expr | None]] = list(
            zip(reversed(named), reversed(signature.defaults), strict=False)
        )
        pairs += zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
        known = {name.arg: self._maker.known(default) for name, default in pairs if default}
        return {name: value for name, value in known.items() if not holds_unknown(value)}


def _is_spread(call: ast.Call) -> bool:
    """Whether it gives arguments that are not told one by one."""
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return starred or any(keyword.arg is None for keyword in call.keywords)
