"""Stored configurations are history: read leniently, every value kept, and never trained again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic import BaseModel, PrivateAttr

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.methods import Setting
from peft_demo.runs.config import RunConfig


class PastConfig(RunConfig):
    """What a run was configured with, in words that today's rules refuse: to be shown only.

    ``flat()`` gives back all that was stored. An attribute whose value is of another type than
    today's is 1 or the value's text.
    """

    _stored: dict[str, Any] = PrivateAttr()
    _problem: str = PrivateAttr()

    def __init__(self, stored: Mapping[str, Any], problem: str) -> None:
        BaseModel.__init__(self, **_attributes(stored))
        # Browsers cannot read a JSON that has numbers which are none.
        self._stored = {
            name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in stored.items()
        }
        self._problem = problem

    def flat(self) -> dict[str, Any]:
        """All that was stored."""
        always = ("name", "base_model", "dataset", "method")
        return {**self._stored, **{name: getattr(self, name) for name in always}}

    @property
    def problem(self) -> str:
        """Why it is only shown."""
        return self._problem

    def require_valid(self) -> None:
        """Refuse it."""
        refuse("config", self._problem)

    @property
    def setting(self) -> Setting:
        """Nothing is built from it."""
        refuse("config", self._problem)


def read_config(stored: object) -> RunConfig:
    """A stored configuration: as it is where today's rules allow it, else as history."""
    if not isinstance(stored, Mapping):
        return PastConfig({}, f"config must map fields to values, got {shown(stored)}.")
    try:
        return RunConfig(stored)
    except InvalidFieldsError as error:
        gone: dict[str, str] = {
            name: f"{name} {shown(stored.get(name))} is no longer offered."
            for name in ("method", "base_model", "dataset")
            if name in error.problems
        }
        return PastConfig(stored, " ".join((error.problems | gone).values()))


def _attributes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each of RunConfig's attributes, as near to what was stored as its type allows."""
    usual = RunConfig({})
    values = {
        name: _as_type(field.annotation, stored.get(name, getattr(usual, name)))
        for name, field in RunConfig.model_fields.items()
        if name != "method_values"
    }
    values["method_values"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name not in RunConfig.model_fields
    }
    values["name"] = str(stored.get("name") or values["method"])
    return values


def _as_type(annotation: Any, value: object) -> Any:
    try:
        typed = pydantic.TypeAdapter(annotation).validate_python(value)
    except ValueError:
        return str(value) if annotation is str else 1
    # Others divide by counts.
    return max(1, typed) if annotation is int else typed
