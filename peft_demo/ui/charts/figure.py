"""A figure for Plotly as plain data: what a template of ``templates/charts/`` makes of facts.

It holds by name what only the browser knows: ``{"$css": …}`` is a variable of the page's styles,
``{"$colour": …}`` and ``{"$marker": …}`` are those of the run with that id. Where nothing can be
drawn it has a ``sentence`` instead; its ``label`` says it to who cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from peft_demo.comparison.facts import Axis, Baseline, Cell
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF
from peft_demo.export.charts import COLOURS
from peft_demo.statistics import Estimate
from peft_demo.ui.formats import FILTERS, percent
from peft_demo.ui.html import data

Figure: TypeAlias = dict[str, Any]

_SHORT = {TFIDF: "TF-IDF", MAJORITY: "Guessing"}
_DASHES = {MAJORITY: "dot", TFIDF: "dash", "Head only": "dashdot"}


class Point(NamedTuple):
    """A run, or repeats as one, and its accuracy."""

    key: str
    name: str
    run_id: str
    """Whose look it has."""
    estimate: Estimate | None


class Line(NamedTuple):
    """A baseline to beat, as it is drawn and called across a chart."""

    accuracy: float
    label: str
    dash: str


def lines_to_beat(baselines: Sequence[Baseline]) -> list[Line]:
    """In the same order; those of one name are told apart."""
    names = [line.name for line in baselines]
    found = []
    for name, detail, accuracy in ((line.name, line.detail, line.accuracy) for line in baselines):
        which = f" ({detail.partition(' of ')[0]})" if detail and names.count(name) > 1 else ""
        label = f"{_SHORT.get(name, name)}{which} {percent(accuracy)}"
        found.append(Line(accuracy, label, _DASHES.get(name, "longdash")))
    return found


def drawn(name: str, **facts: Any) -> Figure:
    """The figure that a template makes of these facts."""
    return data(f"charts/{name}", colour=COLOURS[0], bars=bars, reach=reach, said=said, **facts)


def accuracy_of(axes: Sequence[Axis], cells: Sequence[Cell], lines: Sequence[Line]) -> Figure:
    """Mean accuracies of configurations over one swept field, or two."""
    shown = [cell for cell in cells if cell.accuracy]
    found = [cell.accuracy for cell in shown if cell.accuracy]
    if len(axes) > 1:
        at = {tuple(cell.values[axis.field] for axis in axes[:2]): cell.accuracy for cell in cells}
        span = colours_span(found)
        return drawn("heat_map", across=axes[0], down=axes[1], shown=shown, at=at, span=span)
    (axis,) = axes
    names = [cell.values[axis.field] for cell in shown]
    numbers = [float(name.replace(",", "")) for name in names] if axis.is_number else []
    kind = "category"
    if numbers and min(numbers) > 0:
        kind = "log" if max(numbers) >= 8 * min(numbers) else "linear"
    places = names if kind == "category" else numbers
    return drawn("sweep", axis=axis, shown=shown, places=places, kind=kind, lines=lines)


def said(name: str, of: Estimate) -> str:
    """An accuracy, with its interval where there is one."""
    interval = "" if of.low is None else f" ({FILTERS['between'](of)})"
    return f"{name} {percent(of.value)}{interval}"


def bars(of: Sequence[Estimate], color: Any, axis: Any = None) -> dict[str, Any]:
    """Error bars from values to both ends of their intervals, where there are any.

    ``axis`` says where a value stands, if not at itself.
    """
    place = axis.place if axis else float

    def length(start: float | None, end: float | None) -> float:
        return 0 if start is None or end is None else place(end) - place(start)

    return {
        "visible": any(each.low is not None for each in of),
        "type": "data",
        "symmetric": False,
        "color": color,
        "thickness": 2,
        "width": 5,
        "array": [length(each.value, each.high) for each in of],
        "arrayminus": [length(each.low, each.value) for each in of],
    }


def reach(of: Sequence[Estimate], lines: Sequence[Line], room: float) -> tuple[float, float]:
    """An axis of accuracies that holds all intervals and lines, with room beside them."""
    ends = [end for each in of for end in (each.low, each.high, each.value) if end is not None]
    ends += [line.accuracy for line in lines]
    return max(0, min(ends) - room), min(1.005, max(ends) + room)


def colours_span(of: Sequence[Estimate]) -> tuple[float, float]:
    """All values, or a middle interval where that is wider: noise must not look like a signal."""
    if not of:
        return 0, 1
    values = [each.value for each in of]
    widths = sorted((each.high or 0) - (each.low or 0) for each in of)
    missing = max(0, widths[len(widths) // 2] - (max(values) - min(values)))
    return min(values) - missing / 2, max(values) + missing / 2
