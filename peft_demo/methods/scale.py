"""The scale of an update: what alpha and rank amount to together, by any method's row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peft_demo.fields import Field, Integer
from peft_demo.methods.method import Method


@dataclass(frozen=True)
class Scale:
    """What a low-rank update is multiplied by."""

    alpha: Field
    rank: Field
    is_rooted: bool
    """Whether alpha is divided by the rank's square root, as in rsLoRA."""
    value: float

    @property
    def formula(self) -> str:
        """Such as ``alpha / r``."""
        return "alpha / √r" if self.is_rooted else "alpha / r"


def scale_of(method: Method, values: Mapping[str, Any]) -> Scale | None:
    """The scale that a method's own values give; None if its updates have none.

    As peft does it for every method whose configuration has an alpha.
    """
    alpha = _named(method, "alpha")
    rank = _named(method, "r")
    if alpha is None or rank is None or not values.get(rank.name):
        return None
    always = method.peft_config.options if method.peft_config else {}
    is_rooted = bool(values.get("use_rslora", always.get("use_rslora", False)))
    divisor = math.sqrt(values[rank.name]) if is_rooted else values[rank.name]
    return Scale(alpha, rank, is_rooted, values[alpha.name] / divisor)


def _named(method: Method, ending: str) -> Field | None:
    """The row's first number of that name, whatever stands before it: ``lora_alpha``."""
    return next(
        (
            field
            for field in method.fields
            if isinstance(field, Integer) and field.name.rsplit("_", 1)[-1] == ending
        ),
        None,
    )
