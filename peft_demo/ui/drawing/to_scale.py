"""A method's formula with its tensors in true proportions, each letter explained: HTML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peft_demo.methods import Method
from peft_demo.methods.peft_values import pattern_of
from peft_demo.methods.picture import LAYER_WEIGHT, Layout, Letter, Picture
from peft_demo.methods.scale import scale_of
from peft_demo.models import Shape
from peft_demo.ui.drawing.network import IN_PLACE, blocks_in_words
from peft_demo.ui.html import render

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Part, Tensor

_BREAKS = ("=", "+", "−", "⊙", "⊗")
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
    def measures(self) -> Layout:
        """Rows and columns that are drawn, in the units of the layer's weight, and blocks."""
        if self.tensor is None or self.letter is None:
            return 0, 0, 1
        return self.letter.laid_out(self.tensor.shape)


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
    linear = [part for part in counts.block if part.module in base.architecture.linear]
    parts = linear or counts.block
    for place, part in enumerate(parts):
        looks = (
            _own_values(values, part.module),
            _tensors(part, base),
            _shared_with(place, len(parts), counts.shared),
        )
        alike.setdefault(looks, []).append(part.module)
    drawn = [
        _drawn(method, {**values, **dict(own)}, modules, tensors, shared)
        for (own, tensors, shared), modules in (alike or {((), (), counts.shared): []}).items()
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


def _shared_with(place: int, num_parts: int, shared: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What a module shares with others: of as many tensors of a name as modules, its own."""
    often = Counter(tensor.name for tensor in shared)
    each = iter(range(len(shared)))
    return tuple(
        tensor
        for tensor in shared
        if often[tensor.name] != num_parts or next(each) % num_parts == place
    )


def _tensors(part: Part, base: Shape) -> tuple[Tensor, ...]:
    """A module's tensors, and its own weight where that is frozen."""
    from peft_demo.adapters.parameter_count import Tensor

    if any(tensor.name == IN_PLACE[0] for tensor in part.tensors):
        return part.tensors
    inputs, outputs = base.features(part.module)
    return Tensor(LAYER_WEIGHT, (outputs, inputs), False), *part.tensors


def _drawn(
    method: Method,
    values: Mapping[str, Any],
    modules: list[str],
    tensors: tuple[Tensor, ...],
    shared: tuple[Tensor, ...],
) -> Drawn:
    named = {tensor.name: tensor for tensor in (*shared, *tensors)}
    picture = method.picture or Picture("")
    scale = scale_of(method, values)
    numbers = {**values, "scale": scale and scale.value}

    def written(text: str) -> Written:
        letter = picture.letters.get(text)
        if letter is None:
            return Written(text, None)
        number = numbers[letter.number] if letter.number else None
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
