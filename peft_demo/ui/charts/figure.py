"""A figure for Plotly as plain data: what a template of ``templates/charts/`` makes of facts.

It holds by name what only the browser knows: ``{"$css": …}`` is a variable of the page's styles,
``{"$colour": …}`` and ``{"$marker": …}`` are those of the run with that id. Where nothing can be
drawn it has a ``sentence`` instead; its ``label`` says it to who cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from peft_demo.comparison.facts import Baseline
from peft_demo.export.charts import COLOURS
from peft_demo.statistics import Estimate
from peft_demo.ui.html import data

Figure: TypeAlias = dict[str, Any]


class Point(NamedTuple):
    """A run, or repeats as one, and its accuracy."""

    key: str
    name: str
    run_id: str
    """Whose look it has."""
    estimate: Estimate | None


def lines_to_beat(baselines: Sequence[Baseline]) -> list[dict[str, Any]]:
    """As a chart draws and calls them: ``accuracy``, ``label`` and ``dash``, in the same order."""
    lines: list[dict[str, Any]] = data("charts/lines", baselines=baselines)
    return lines


def drawn(name: str, **facts: Any) -> Figure:
    """The figure that a template makes of these facts."""
    return data(f"charts/{name}", colour=COLOURS[0], **facts)
