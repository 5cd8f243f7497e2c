"""Where a lesson's figures draw what runs show: places in per cent of their width and height."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from peft_demo.lessons.outcomes import Bar
from peft_demo.statistics import Interval

SLOT = 2.5
"""Per cent of the width in which dots are stacked."""


class _Axis:
    """A line that holds some values, with room at its ends."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values)
        room = (high - low) * 0.06 or 0.01
        self._low, self._span = low - room, high - low + 2 * room

    def at(self, value: float) -> float:
        return round(100 * (value - self._low) / self._span, 2)


def chart(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    """Each bar with the left end, the width and the dot of its interval."""
    ends = [end for bar in bars for end in (bar.accuracy.low, bar.accuracy.high)]
    axis = _Axis(ends or [0.0])
    return [
        {
            "bar": bar,
            "left": axis.at(bar.accuracy.low),
            "width": round(axis.at(bar.accuracy.high) - axis.at(bar.accuracy.low), 2),
            "dot": axis.at(bar.accuracy.value),
        }
        for bar in bars
    ]


def dot_plot(values: Mapping[str, float], mean: Interval | None) -> dict[str, Any]:
    """Dots, stacked where values are about equal (Wilkinson 1999), over the mean's interval."""
    axis = _Axis([*values.values(), *((mean.low, mean.high) if mean else ())])
    slots = {run_id: round(axis.at(value) / SLOT) for run_id, value in values.items()}
    height = min(12.0, 84 / max(Counter(slots.values()).values()))
    stacked: Counter[int] = Counter()
    dots = []
    for run_id, slot in slots.items():
        bottom = round(12 + height * stacked[slot], 1)
        dots.append({"run_id": run_id, "left": slot * SLOT, "bottom": bottom})
        stacked[slot] += 1
    ends = mean and {"left": axis.at(mean.low), "width": axis.at(mean.high) - axis.at(mean.low)}
    marks = [(value, axis.at(value)) for value in (min(values.values()), max(values.values()))]
    return {"dots": dots, "mean": ends, "marks": dict(marks)}
