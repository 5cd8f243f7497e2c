"""Quality against cost: each run at two of its measures, and where values stand on such axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from peft_demo.comparison.facts import Pareto
from peft_demo.ui.charts.figure import Figure, Point, drawn


@dataclass(frozen=True)
class CostAxis:
    """The ends of an axis, and what is marked on it; without marks Plotly chooses them."""

    low: float
    high: float
    marks: Sequence[float] = ()
    zero: float | None = None
    """Where zero stands, if all others stand by their logarithm."""

    def place(self, value: float) -> float:
        """Where a value stands."""
        if self.zero is None:
            return value
        return math.log10(value) if value > 0 else self.zero

    def share(self, value: float) -> float:
        """At which share of the axis that is."""
        return (self.place(value) - self.low) / (self.high - self.low or 1)


def costs(
    points: Sequence[Point],
    pareto: Pareto,
    across: str,
    up: str,
    is_log: bool,
    earlier: Sequence[Pareto] = (),
) -> Figure:
    """The figure over two measures by their keys, over the first for one that there is not.

    Args:
        earlier: as it was before some of the points came.
    """
    known = {measure.key: measure for measure in pareto.measures}
    x, y = both = [known.get(key, pareto.measures[0]) for key in (across, up)]
    # A pair of measures is kept in their order.
    first, second = sorted(both, key=pareto.measures.index)
    pair = f"{first.key}|{second.key}"
    frontier = pareto.frontiers[pair]
    shown = [point for point in points if point.key in x.values and point.key in y.values]
    axes = None
    lines: list[list[tuple[float, float]]] = []
    if shown:
        axes = px, py = [
            axis_for([of.values[point.key].value for point in shown], of.unit, is_log)
            for of in both
        ]
        lines = [
            sorted((px.place(x.values[key].value), py.place(y.values[key].value)) for key in keys)
            for keys in dict.fromkeys(one.frontiers[pair] for one in (*earlier, pareto))
        ]
    facts = {"shown": shown, "frontier": frontier, "axes": axes, "steps": lines}
    return drawn("costs", x=x, y=y, is_log=is_log, **facts)


def axis_for(values: Sequence[float], unit: str, is_log: bool) -> CostAxis:
    """An axis that holds these values; only costs that reach far stand by their logarithm."""
    alone = 0.4 if unit == "share" else max(values) or 1
    room = (max(values) - min(values) or alone) * 0.15
    low, high = min(values) - room, max(values) + room
    if unit in ("share", "nats"):
        return CostAxis(low, high)
    positive = [value for value in values if value > 0]
    if is_log and positive and max(positive) >= 4 * min(positive):
        start, end = math.log10(min(positive)), math.log10(max(positive))
        zeros = [0.0] if len(positive) < len(values) else []
        digits = (1, 3) if end - start > math.log10(50) else (1, 2, 5)
        powers = range(math.floor(start), math.ceil(end) + 1)
        marks = zeros + [digit * 10.0**power for power in powers for digit in digits]
        return CostAxis(start - (0.75 if zeros else 0.15), end + 0.15, marks, start - 0.6)
    size = 10 ** math.floor(math.log10(high / 2))
    step = next(part * size for part in (1, 2, 5, 10) if high / (part * size) <= 6 or part == 10)
    return CostAxis(min(low, 0), high, [step * place for place in range(int(high / step) + 1)])
