"""A method's formula with its tensors in true proportions, each letter explained: HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peft_demo.methods import Method
from peft_demo.methods.peft_values import pattern_of
from peft_demo.methods.picture import LAYER_WEIGHT, Letter, Picture
from peft_demo.models import Shape
from peft_demo.ui.drawing.network import IN_PLACE, blocks_in_words
from peft_demo.ui.html import render

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Part, Tensor

_BREAKS = ("=", "+")
"""Signs before which a formula may be broken."""
_PATTERNS = {"rank_pattern": "r", "alpha_pattern": "lora_alpha"}
"""Fields that give some modules a value of their own of another field."""


@dataclass(frozen=True)
class Written:
    """A letter or a sign, as one place in a formula shows it."""

    text: str
    letter: Letter | None
    tensor: Tensor | None = None
    number: float | None = None

    @property
    def measures(self) -> tuple[float, float]:
        """Rows and columns that are drawn, in the units of the layer's weight."""
        if self.tensor is None:
            return 0, 0
        if self.letter and self.letter.is_loose:
            return (side := round(math.sqrt(math.prod(self.tensor.shape)), 2)), side
        rows, *columns = self.tensor.shape
        return rows, columns[0] if columns else 1


@dataclass(frozen=True)
class Drawn:
    """The formula at modules that look alike."""

    modules: list[str]
    lines: list[list[Written]]
    """Of the formula; between them it may be broken."""
    remark: list[Written]
    num_frozen: int
    num_trained: int
    """Parameters of one such module."""

    @property
    def rows(self) -> float:
        """Of its tallest tensor."""
        return max(each.measures[0] for line in self.lines for each in line)

    @property
    def columns(self) -> list[float]:
        """Of each line."""
        return [sum(each.measures[1] for each in line) for line in self.lines]


def draw_to_scale(
    method: Method, values: Mapping[str, Any], counts: ParameterCount, base: Shape
) -> str:
    """The picture of a method with these values, or nothing where its row has none.

    Args:
        method: its row.
        values: its fields' values, checked.
        counts: of a configuration with these values; all shapes and sums are taken from it.
        base: whose layers they are.
    """
    if method.picture is None:
        return ""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for part in counts.block:
        if part.module in base.architecture.linear:
            looks = _own_values(values, part.module), _tensors(part, base)
            alike.setdefault(looks, []).append(part.module)
    drawn = [
        _drawn(method.picture, {**values, **dict(own)}, modules, tensors, counts.shared)
        for (own, tensors), modules in (alike or {((), ()): []}).items()
    ]
    return render(
        "to_scale",
        label=method.label,
        drawn=drawn,
        blocks=blocks_in_words(counts),
        num_shared=_sums(counts.shared),
    )


def _own_values(values: Mapping[str, Any], module: str) -> tuple[tuple[str, int], ...]:
    """What patterns say of a module."""
    patterns = ((field, pattern_of(values.get(name, ""))) for name, field in _PATTERNS.items())
    return tuple((field, pattern[module]) for field, pattern in patterns if module in pattern)


def _tensors(part: Part, base: Shape) -> tuple[Tensor, ...]:
    """A module's tensors, and its own weight where that is frozen."""
    from peft_demo.adapters.parameter_count import Tensor

    if any(tensor.name == IN_PLACE[0] for tensor in part.tensors):
        return part.tensors
    inputs, outputs = base.features(part.module)
    return Tensor(LAYER_WEIGHT, (outputs, inputs), False), *part.tensors


def _drawn(
    picture: Picture,
    values: Mapping[str, Any],
    modules: list[str],
    tensors: tuple[Tensor, ...],
    shared: tuple[Tensor, ...],
) -> Drawn:
    named = {tensor.name: tensor for tensor in (*shared, *tensors)}
    letters = picture.letters

    def written(text: str) -> Written:
        letter = letters.get(text)
        if letter is None:
            return Written(text, None)
        number = letter.number and letter.number(values)
        return Written(text, letter, named.get(letter.tensor), number)

    lines: list[list[Written]] = [[]]
    for text in picture.formula.split():
        if text in _BREAKS:
            lines.append([])
        lines[-1].append(written(text))
    remark = [written(text) for text in picture.where.split()]
    return Drawn(modules, lines, remark, *_sums(tensors))


def _sums(tensors: Iterable[Tensor]) -> tuple[int, int]:
    """How many of their parameters are frozen, and how many are trained."""
    sums = {False: 0, True: 0}
    for tensor in tensors:
        sums[tensor.trained] += math.prod(tensor.shape)
    return sums[False], sums[True]
