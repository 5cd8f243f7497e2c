"""A line of the benchmark's table, and the pairs that it is the median of."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Literal

from pydantic import BaseModel


class Row(BaseModel):
    """One figure of ours beside its baseline's, taken in turns in one process run."""

    what: str
    unit: str
    baseline_is: str
    ours: float
    baseline: float | None
    """None where the goal is for our figure itself."""
    value: float
    """What the goal is for: the median of the pairs' ratios, ours over the baseline, or ours."""
    pairs: list[tuple[float, float]] = []
    goal: float
    kind: Literal["at least", "at most"]
    share_of_limit: float | None = None
    """Of the processor's measured peak of matrix products."""
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.kind == "at least" else self.value <= self.goal


def paired(
    ours: Callable[[], float], baseline: Callable[[], float], pairs: int
) -> tuple[float, float, float, list[tuple[float, float]]]:
    """Measure both in turns: medians of each, of their ratios, and the pairs."""
    found = []
    for number in range(pairs):
        # Who comes first changes, so that a machine that slows down treats both alike.
        if number % 2:
            theirs = baseline()
            found.append((ours(), theirs))
        else:
            mine = ours()
            found.append((mine, baseline()))
    mine, theirs = (statistics.median(values) for values in zip(*found, strict=True))
    return mine, theirs, statistics.median(a / b for a, b in found), found


def ratio_row(
    what: str,
    unit: str,
    baseline_is: str,
    ours: Callable[[], float],
    baseline: Callable[[], float],
    pairs: int,
    **more: object,
) -> Row:
    """A row whose goal is for the ratio to the baseline."""
    mine, theirs, ratio, found = paired(ours, baseline, pairs)
    return Row.model_validate(
        {
            "what": what,
            "unit": unit,
            "baseline_is": baseline_is,
            "ours": mine,
            "baseline": theirs,
            "value": ratio,
            "pairs": found,
            **more,
        }
    )


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown, which reads well in a terminal too."""
    lines = [
        "| what | ours | baseline | ratio | share of the limit | goal | met |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        baseline = "–"
        ratio = "–"
        if row.baseline is not None:
            baseline = f"{_number(row.baseline)} {row.unit} ({row.baseline_is})"
            ratio = f"{row.value:.2f} ×"
        limit = f"{row.share_of_limit:.2f}" if row.share_of_limit is not None else "–"
        sign = "≥" if row.kind == "at least" else "≤"
        goal = f"{sign} {row.goal:g}" + (" ×" if row.baseline is not None else f" {row.unit}")
        lines.append(
            f"| {row.what} | {_number(row.ours)} {row.unit} | {baseline} | {ratio} | {limit} "
            f"| {goal} | {'yes' if row.is_met else 'no'} |"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
