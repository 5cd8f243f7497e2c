"""Charts for a page that stands alone: scales and curves that a template draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

COLOURS = (
    "#325dff",
    "#b4481a",
    "#197757",
    "#e91a92",
    "#ce7b0f",
    "#7c70d8",
    "#2994a6",
    "#939752",
)
"""Of the runs on the page, in their order."""
DASHES = ("", "7 3", "2 3", "9 3 2 3")
"""What else tells neighbours apart, in print too."""

WIDTH, HEIGHT = 660, 230
LEFT, RIGHT, TOP, BOTTOM = 52.0, WIDTH - 14.0, 8.0, HEIGHT - 36.0
"""The frame that curves are drawn in."""


@dataclass(frozen=True)
class Scale:
    """From values to places."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> Scale:
        """One on which all these values have a place, with some room at its ends."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        room = 0.05 * (high - low) or 0.5
        return cls(low - room, high + room, start, end)

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[float]:
        """Some round values between its ends."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(step * number, 10) for number in range(first, last + 1)]


class Curve(NamedTuple):
    """Values of one run, and its place among the runs."""

    number: int
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """Some runs' curves over the same axis."""

    title: str
    across: str
    curves: Sequence[Curve]
    rules: Mapping[str, float] = field(default_factory=dict)
    """Values to compare with, drawn from side to side, with their names."""
    is_share: bool = False
    width = WIDTH
    height = HEIGHT
    left, right, top, bottom = LEFT, RIGHT, TOP, BOTTOM

    @property
    def x(self) -> Scale:
        """From left to right."""
        values = [x for curve in self.curves for x, _ in curve.points]
        return Scale.around(values, LEFT, RIGHT)

    @property
    def y(self) -> Scale:
        """From the bottom up."""
        values = [y for curve in self.curves for _, y in curve.points]
        return Scale.around([*values, *self.rules.values()], BOTTOM, TOP)


def curve(number: int, xs: Iterable[float | None], ys: Iterable[float | None]) -> Curve:
    """The points whose values are known and finite."""
    pairs = zip(xs, ys, strict=True)
    return Curve(
        number,
        [(x, y) for x, y in pairs if x is not None and y is not None and math.isfinite(y)],
    )
