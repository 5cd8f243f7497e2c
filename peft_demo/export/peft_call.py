"""A run's peft configuration as code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig

if TYPE_CHECKING:
    from peft_demo.libraries import peft


def peft_call(config: RunConfig) -> str:
    """The expression that builds the run's peft configuration: ``LoraConfig(r=8, …)``.

    Empty for full fine-tuning, which has none.
    """
    method = METHODS[config.method]
    if method.peft_config is None:
        return ""
    built = method.peft_config(config.method_values, config.setting)
    lines = [
        f"    {name}={_literal(value)},"
        for name, value in _arguments(built, config.method_values).items()
    ]
    return "\n".join([f"{type(built).__name__}(", *lines, ")"])


def _arguments(built: peft.PeftConfig, chosen: Iterable[str]) -> dict[str, Any]:
    """The arguments that make ``built``: those that are not defaults, and those ``chosen``."""
    return {
        field.name: getattr(built, field.name)
        for field in fields(built)
        if field.name in chosen
        or (field.name not in _SET_BY_PEFT and getattr(built, field.name) != _default(field))
    }


_SET_BY_PEFT = ("peft_type", "peft_version")


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _literal(value: object) -> str:
    """A plain value as Python writes it, with the quotes of formatted code."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
