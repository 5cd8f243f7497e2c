"""Pictures: methods' formulas whose letters are explained, and whose tensors are drawn to scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

import yaml

LAYER_WEIGHT = "the layer's own weight"
"""In place of a tensor's name: what stands frozen in the base."""

Layout: TypeAlias = tuple[float, float, int]
"""Rows and columns that are drawn, and how many blocks on the diagonal are all that is there."""


def by_rows(shape: tuple[int, ...]) -> Layout:
    """A matrix as it is, a vector upright, and matrices below each other."""
    *rows, columns = shape if len(shape) > 1 else (*shape, 1)
    return math.prod(rows), columns, 1


def by_columns(shape: tuple[int, ...]) -> Layout:
    """The same, transposed."""
    rows, columns, _ = by_rows(shape)
    return columns, rows, 1


def as_area(shape: tuple[int, ...]) -> Layout:
    """A square of as many numbers, for those that have no rows and columns."""
    side = round(math.sqrt(math.prod(shape)), 2)
    return side, side, 1


def joined(shape: tuple[int, ...]) -> Layout:
    """Matrices beside each other, of which the first index tells the row."""
    return shape[0], math.prod(shape[1:]), 1


def on_diagonal(shape: tuple[int, ...]) -> Layout:
    """Matrices, stored transposed, whose rows and columns follow each other."""
    *_, blocks, columns, rows = shape
    return blocks * rows, blocks * columns, blocks


def rotations(shape: tuple[int, ...]) -> Layout:
    """Squares on the diagonal, of which the numbers above their own diagonals are stored."""
    *blocks, numbers = shape
    size = round((1 + math.sqrt(1 + 8 * numbers)) / 2)
    side = math.prod(blocks) * size
    return side, side, math.prod(blocks)


_LAYOUTS = {
    layout.__name__: layout
    for layout in (by_rows, by_columns, as_area, joined, on_diagonal, rotations)
}


@dataclass(frozen=True)
class Letter:
    """What one letter of a formula is."""

    meaning: str
    """A clause without a period; shape, number and state are added to it."""
    tensor: str = ""
    """The tensor that it stands for, as ParameterCount names it, or ``LAYER_WEIGHT``."""
    layout: str = "by_rows"
    """How the tensor is drawn: a function of this module."""
    number: str = ""
    """The field whose value it is, or ``scale``."""

    def laid_out(self, shape: tuple[int, ...]) -> Layout:
        """How a tensor of that shape is drawn."""
        return _LAYOUTS[self.layout](shape)


@dataclass(frozen=True, eq=False)
class Picture:
    """A formula as a row of letters and signs, with a space between any two."""

    formula: str
    """Letters of tensors are drawn in it."""
    letters: Mapping[str, Letter] = field(default_factory=dict)
    """All letters by what is written for them."""
    where: str = ""
    """What else is to be said, in the same letters and signs; nothing is drawn in it."""


@cache
def pictures() -> dict[str, Picture]:
    """The rows of ``pictures.yaml`` by method; each has the common letters that it does not give.

    Raises:
        TypeError: a row has what no picture has.
    """
    text = Path(__file__).with_name("pictures.yaml").read_text(encoding="utf-8")
    rows = yaml.safe_load(text)
    common = rows.pop("common")
    return {
        method: Picture(
            letters={
                written: Letter(**letter)
                for written, letter in {**common, **row.pop("letters", {})}.items()
            },
            **row,
        )
        for method, row in rows.items()
    }
