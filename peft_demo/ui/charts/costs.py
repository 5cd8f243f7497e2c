"""Quality against cost: each run at two of its measures, and where values stand on such axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peft_demo.comparison.facts import Pareto
from peft_demo.formats import score
from peft_demo.ui.charts.figure import Figure, Point, drawn
from peft_demo.ui.formats import FILTERS

MOST_REASONS = 4

_WRITERS = {"share": "percent", "bytes": "size", "parameters": "whole", "seconds": "seconds"}
_FACTORS = {"bytes": ((1e6, ""),), "parameters": ((1e6, " M"), (1e3, " k"))}


@dataclass(frozen=True)
class CostAxis:
    """The ends of an axis, and how Plotly draws it."""

    low: float
    high: float
    look: dict[str, Any]
    zero: float | None = None
    """Where zero stands on an axis of logarithms."""

    def place(self, value: float) -> float:
        """Where a value stands."""
        if self.zero is None:
            return value
        return math.log10(value) if value > 0 else self.zero

    def share(self, value: float) -> float:
        """At which share of the axis that is."""
        return (self.place(value) - self.low) / (self.high - self.low or 1)


def costs(
    points: Sequence[Point], pareto: Pareto, across: str, up: str, is_log: bool
) -> tuple[Figure, str]:
    """The figure over two measures, by their keys, and why some points are not in it."""
    known = {measure.key: measure for measure in pareto.measures}
    x, y = both = [known.get(key, pareto.measures[0]) for key in (across, up)]
    # A pair of measures is kept in their order.
    pair = sorted((x.key, y.key), key=list(known).index)
    reasons = list(dict.fromkeys([*x.missing.values(), *y.missing.values()]))
    more = f" … and {len(reasons) - MOST_REASONS} more." if reasons[MOST_REASONS:] else ""
    told = f"Not drawn: {' '.join(reasons[:MOST_REASONS])}{more}" if reasons else ""
    facts: dict[str, Any] = {
        "x": x,
        "y": y,
        "shown": [point for point in points if point.key in x.values and point.key in y.values],
        "frontier": pareto.frontiers["|".join(pair)],
        "written": measured,
    }
    if facts["shown"]:
        keys = [point.key for point in facts["shown"]]
        facts["axes"] = px, py = [
            axis_for([of.values[key].value for key in keys], of.unit, is_log) for of in both
        ]
        facts["corners"] = sorted(
            (px.place(x.values[key].value), py.place(y.values[key].value))
            for key in facts["frontier"]
        )
    return drawn("costs", zoom=f"{x.key} {y.key} {is_log}", **facts), told


def axis_for(values: Sequence[float], unit: str, is_log: bool) -> CostAxis:
    """An axis that holds these values; only costs that reach far stand by their logarithm."""
    room = (max(values) - min(values) or max(values) or 1) * 0.15
    low, high = min(values) - room, max(values) + room
    if unit in ("share", "nats"):
        close = ".1%" if max(values) - min(values) < 0.04 else ".0%"
        return CostAxis(low, high, {"tickformat": ".2f" if unit == "nats" else close, "nticks": 7})
    positive = [value for value in values if value > 0]
    if is_log and positive and max(positive) >= 4 * min(positive):
        return _logarithmic(min(positive), max(positive), len(positive) < len(values), unit)
    size = 10 ** math.floor(math.log10(high / 2))
    step = next(part * size for part in (1, 2, 5, 10) if high / (part * size) <= 6 or part == 10)
    marks = [step * place for place in range(int(high / step) + 1)]
    return _with_ticks(min(low, 0), high, marks, unit)


def _logarithmic(lowest: float, highest: float, has_zero: bool, unit: str) -> CostAxis:
    zero = math.log10(lowest) - 0.6
    powers = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    digits = (1, 3) if highest / lowest > 50 else (1, 2, 5)
    marks = [0.0] * has_zero + [digit * 10.0**power for power in powers for digit in digits]
    low = (zero if has_zero else math.log10(lowest)) - 0.15
    return _with_ticks(low, math.log10(highest) + 0.15, marks, unit, zero)


def _with_ticks(
    low: float, high: float, marks: list[float], unit: str, zero: float | None = None
) -> CostAxis:
    bare = CostAxis(low, high, {}, zero)
    bare.look.update(
        range=[low, high],
        tickmode="array",
        tickvals=[bare.place(mark) for mark in marks],
        ticktext=[tick(mark, unit) for mark in marks],
    )
    return bare


def tick(value: float, unit: str) -> str:
    """A value at an axis, whose title names the unit; with two digits, and never an exponent."""
    factors = _FACTORS.get(unit, ())
    factor, name = next((f for f in factors if value >= f[0] or not f[1]), (1, ""))
    return f"{float(f'{value / factor:.2g}'):.12f}".rstrip("0").rstrip(".") + name


def measured(value: float, unit: str) -> str:
    """A value with its unit."""
    if unit == "nats":
        return f"{score(value)}\u00a0nats"
    return str(FILTERS[_WRITERS.get(unit, "milliseconds")](value))
