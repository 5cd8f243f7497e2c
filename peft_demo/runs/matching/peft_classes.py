"""Peft's configuration classes, and the rows of METHODS that they configure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from enum import Enum
from typing import TYPE_CHECKING, Any

from peft_demo.errors import refuse
from peft_demo.fields import cut, shown
from peft_demo.methods import METHODS, UNSUPPORTED, Method

if TYPE_CHECKING:
    from peft_demo.libraries import peft


def type_of(class_name: str) -> str:
    """The PeftType of peft's configuration class of that name."""
    for peft_type, found in _classes().items():
        if found.__name__ == class_name:
            return peft_type
    refuse(
        "config",
        f"config must build the configuration of one of peft's methods, got {cut(class_name)}.",
    )


def class_of(peft_type: object) -> tuple[str, type[peft.PeftConfig]]:
    """A PeftType, however it is written (``PeftType.LORA``, ``lora``), and its class."""
    name = str(peft_type).rpartition(".")[2].strip().upper()
    found = _classes().get(name)
    if found is None:
        refuse("peft_type", f"peft_type must be one that peft has, got {shown(peft_type)}.")
    return name, found


def _classes() -> dict[str, type[peft.PeftConfig]]:
    """Peft's configuration classes by their PeftType."""
    from peft_demo.libraries import peft

    return {
        str(kind.value): found for kind, found in peft.mapping.PEFT_TYPE_TO_CONFIG_MAPPING.items()
    }


def rows_of(found: type[peft.PeftConfig], peft_type: str) -> list[Method]:
    """The methods that a class configures."""
    rows = [
        method
        for method in METHODS.values()
        if method.peft_config and method.peft_config.name == found.__name__
    ]
    if not rows:
        other = next((row for row in UNSUPPORTED if row.peft_type == peft_type), None)
        told = f"{other.label} is not offered here: {other.reason}" if other else ""
        refuse("peft_type", told or f"{peft_type} is not offered here.")
    return rows


def row_among(
    rows: Sequence[Method],
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
    accepts: Callable[[Method, str, Any], bool],
) -> Method:
    """The row that explains most of the options by which rows of one class differ.

    Args:
        rows: of one class, the plain one first.
        given: the options.
        usual: peft's defaults.
        accepts: whether a value is allowed for a row's field.
    """
    came = {**usual, **{name: value for name, value in given.items() if value is not None}}
    start = came.get("init_lora_weights")
    if isinstance(start, str) and start.startswith("pissa_niter_"):
        came["init_lora_weights"] = "pissa"  # the same start, computed faster
    fixed = {row.id: row.peft_config.options for row in rows if row.peft_config}
    odd = [
        name
        for name in {name for options in fixed.values() for name in options}
        if came[name] != usual[name]
    ]
    fitting = [row for row in rows if all(came[n] == v for n, v in fixed[row.id].items())]

    def explained(row: Method) -> int:
        return sum(name in fixed[row.id] or accepts(row, name, came[name]) for name in odd)

    return max(fitting or rows, key=explained)


def options_of(config: peft.PeftConfig) -> dict[str, Any]:
    """All options of a configuration."""
    return {field.name: plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def defaults_of(found: type[peft.PeftConfig]) -> dict[str, Any]:
    """What peft takes for options that are not given."""
    defaults = {}
    for field in dataclasses.fields(found):
        value = field.default
        if value is MISSING:
            value = field.default_factory() if field.default_factory is not MISSING else None
        defaults[field.name] = plain(value)
    return defaults


def plain(value: Any) -> Any:
    """A value whose equals are equal: JSON has neither sets, nor tuples, nor enumerations."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # half a surrogate is no text
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return value
