"""A run's peft configuration as code."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig
from peft_demo.runs.matching import plain

if TYPE_CHECKING:
    from peft_demo.libraries import peft


def peft_call(config: RunConfig) -> str:
    """The expression that builds the run's peft configuration: ``LoraConfig(r=8, …)``.

    Empty for full fine-tuning, which has none.
    """
    method = METHODS[config.method]
    if method.peft_config is None:
        return ""
    rare = method.rare_defaults.keys()  # they are named only if they are not peft's defaults
    built = method.peft_config(config.method_values, config.setting)
    return _call(type(built).__name__, _arguments(built, config.method_values.keys() - rare))


def peft_call_of(given: Mapping[str, Any], chosen: Iterable[str]) -> str:
    """The same for a configuration as adapter_config.json has it.

    Args:
        given: with its ``peft_type``; only what peft's class knows.
        chosen: options that are written even where they are peft's defaults.
    """
    from peft_demo.libraries import peft

    found = peft.mapping.PEFT_TYPE_TO_CONFIG_MAPPING[given["peft_type"]]
    arguments = {
        field.name: given[field.name]
        for field in fields(found)
        if field.name in given
        and field.name not in (*_SET_BY_PEFT, "base_model_name_or_path")
        and (field.name in chosen or given[field.name] != plain(_default(field)))
    }
    return _call(found.__name__, arguments)


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    lines = [f"    {argument}={_literal(value)}," for argument, value in arguments.items()]
    return "\n".join([f"{name}(", *lines, ")"])


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
    if isinstance(value, Mapping):
        items = (f"{_literal(key)}: {_literal(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)
