"""What becomes of objects once they are made: attributes set, lists and dictionaries changed."""

from __future__ import annotations

import ast
from typing import Any

from peft_demo.runs.reading.making import Maker
from peft_demo.runs.reading.values import UNKNOWN, CannotKnowError, Made, Namespace

_CHANGES = {"append", "extend", "insert", "remove", "add", "update"}
"""Methods that change what they belong to."""


class Changes:
    """Follows them."""

    def __init__(self, maker: Maker) -> None:
        """Change what this one has made."""
        self._maker = maker

    def follow(self, call: ast.Call) -> None:
        """A call that stands by itself, and may change what it is called on."""
        if isinstance(call.func, ast.Attribute):
            if call.func.attr in _CHANGES:
                self._change(call, call.func)
            elif call.func.attr == "add_argument":
                self._argument(call, call.func)
        elif self._maker.kind_of(call.func) == "setattr" and len(call.args) == 3:
            target = ast.copy_location(ast.Subscript(call.args[0], call.args[1]), call)
            self.set(target, call.args[2])

    def set(self, target: ast.Attribute | ast.Subscript, node: ast.expr) -> None:
        """An attribute or an element: of an object that is known, or of no interest."""
        try:
            base = self._maker.value(target.value)
            option = (
                target.attr
                if isinstance(target, ast.Attribute)
                else self._maker.value(target.slice)
            )
        except CannotKnowError:
            return
        if isinstance(base, Made) and isinstance(option, str):
            self._set_option(base, option, node)
            return
        known = self._maker.configuration(node)
        if isinstance(base, Namespace):
            base.values[str(option)] = known
        elif isinstance(base, dict):
            self._replace(target.value, {**base, option: known})
        elif (
            isinstance(base, list) and isinstance(option, int) and -len(base) <= option < len(base)
        ):
            changed = list(base)
            changed[option] = known
            self._replace(target.value, changed)

    def _set_option(self, made: Made, option: str, node: ast.expr) -> None:
        branch = self._maker.branch
        if made.branch[: len(branch)] == branch:
            self._maker.give(made, option, node)
        else:
            unit = self._maker.unit
            made.notes.append(
                f"{option[:60]}={unit.source(node)} in {unit.place(node)} depends on a condition "
                "that cannot be known without running the code, and is left out."
            )

    def _replace(self, target: ast.expr, value: Any) -> None:
        """Let what was changed in place stand for its new value."""
        self._maker.count(value)
        if isinstance(target, ast.Name):
            self._maker.scope.values[target.id] = value
            return
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            try:
                base = self._maker.value(target.value)
                option = (
                    target.attr
                    if isinstance(target, ast.Attribute)
                    else self._maker.value(target.slice)
                )
            except CannotKnowError:
                return
            if isinstance(base, Made):
                base.set(str(option), value)
            elif isinstance(base, (Namespace, dict)):
                (base.values if isinstance(base, Namespace) else base)[option] = value

    def _change(self, call: ast.Call, func: ast.Attribute) -> None:
        """``targets.append("lin1")``, ``kwargs.update(r=8)`` and the like."""
        try:
            base = self._maker.value(func.value)
        except CannotKnowError:
            return
        if isinstance(base, (Made, dict)) and func.attr == "update":
            self._update(base, func.value, call)
            return
        if not isinstance(base, (list, set)):
            return
        changed: Any = base.copy()
        try:
            getattr(changed, func.attr)(*(self._maker.value(given) for given in call.args))
        except (
            CannotKnowError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ):
            changed = UNKNOWN
        self._replace(func.value, changed)

    def _update(self, base: Made | dict[Any, Any], target: ast.expr, call: ast.Call) -> None:
        keywords = [keyword for keyword in call.keywords if keyword.arg]
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                for key, given in zip(argument.keys, argument.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        keywords.append(ast.keyword(key.value, given))
        if isinstance(base, Made):
            for keyword in keywords:
                self._set_option(base, str(keyword.arg), keyword.value)
            return
        changed = dict(base)
        for keyword in keywords:
            changed[str(keyword.arg)] = self._maker.configuration(keyword.value)
        if any(not isinstance(argument, ast.Dict) for argument in call.args):
            self._replace(target, UNKNOWN)
        else:
            self._replace(target, changed)

    def _argument(self, call: ast.Call, func: ast.Attribute) -> None:
        """``parser.add_argument("--rank", default=8)``."""
        if not isinstance(func.value, ast.Name) or not call.args:
            return
        scope = self._maker.scope
        parser = scope.values.get(func.value.id)
        if not isinstance(parser, Namespace):
            parser = scope.values[func.value.id] = Namespace({}, is_assumed=True)
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        flags = _texts(named.get("dest"), *call.args)
        if flags and "default" in named:
            name = flags[0]
            if "dest" not in named:
                name = next((flag for flag in flags if flag.startswith("--")), name)
            parser.values[name.lstrip("-").replace("-", "_")] = self._maker.configuration(
                named["default"]
            )


def _texts(*nodes: ast.expr | None) -> list[str]:
    """Those that are texts as they stand."""
    found = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in found if isinstance(value, str)]
