"""Picture: a method's formula whose letters are explained, and whose tensors are drawn to scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LAYER_WEIGHT = "the layer's own weight"
"""In place of a tensor's name: what stands frozen in the base."""


@dataclass(frozen=True)
class Letter:
    """What one letter of a formula is."""

    meaning: str
    """A clause without a period; shape, number and state are added to it."""
    tensor: str = ""
    """The tensor that it stands for, as ParameterCount names it, or ``LAYER_WEIGHT``."""
    number: Callable[[Mapping[str, Any]], float] | None = None
    """Its value, from the method's fields."""
    is_loose: bool = False
    """Whether its numbers have no rows and columns: they are drawn as a square of their area."""


H = Letter("what flows out of the layer")
X = Letter("what flows into the layer")
W = Letter("the layer's own weight, as it was pretrained", LAYER_WEIGHT)


@dataclass(frozen=True, eq=False)
class Picture:
    """A formula as a row of letters and signs, with a space between any two."""

    formula: str
    """Letters of tensors are drawn in it."""
    more: Mapping[str, Letter] = field(default_factory=dict)
    """The method's own letters, beside h, W and x."""
    where: str = ""
    """What else is to be said, in the same letters and signs; nothing is drawn in it."""

    @property
    def letters(self) -> dict[str, Letter]:
        """All letters by what is written for them."""
        return {"h": H, "W": W, "x": X, **self.more}


def of_field(meaning: str, name: str) -> Letter:
    """A letter for the value of one of the method's fields."""
    return Letter(meaning, number=lambda values: values[name])


DELTA = Letter("the change of the weight; it is never stored as a whole")
RANK = of_field("the rank: how many directions the change may use", "r")


def low_rank(
    formula: str = "h = W x + s · B A x",
    more: Mapping[str, Letter] | None = None,
    *,
    is_rooted: Callable[[Mapping[str, Any]], bool] = lambda values: values.get("use_rslora", False),
    where: str = "ΔW = s · B A , s = α / r",
) -> Picture:
    """The picture of a method with LoRA's two strips.

    Args:
        formula: in which they are A and B.
        more: letters that others of the family lack, or have otherwise.
        is_rooted: whether the update is divided by √r.
        where: see Picture.
    """
    return Picture(
        formula,
        {
            "ΔW": DELTA,
            "A": Letter("gathers the layer's inputs in r numbers", "lora_A"),
            "B": Letter("spreads these r numbers over the layer's outputs", "lora_B"),
            "s": Letter(
                "the scale of the change",
                number=lambda values: (
                    values["lora_alpha"] / values["r"] ** (0.5 if is_rooted(values) else 1)
                ),
            ),
            "α": of_field("alpha, which sets the scale", "lora_alpha"),
            "r": RANK,
            **(more or {}),
        },
        where,
    )
