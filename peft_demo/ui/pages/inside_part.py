"""The part of a run's details and of the Compare page that says what training changed inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from peft_demo.comparison.describe import with_epochs
from peft_demo.comparison.inside import inside_in_words
from peft_demo.errors import PeftDemoError
from peft_demo.languages import _, told
from peft_demo.runs import Run
from peft_demo.runs.inside import Angles, Between, Inside
from peft_demo.ui.formats import percent
from peft_demo.ui.html import render
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.requests import RunIds
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.runs.inside import Change

DRAWN = 64
"""Points of a spectrum's line."""


@dataclass(frozen=True)
class Grid:
    """What is known of each module of each block."""

    modules: list[str]
    blocks: list[int]
    cells: dict[tuple[int, str], Any]


@dataclass(frozen=True)
class Shown:
    """What is drawn of one run."""

    run: Run
    found: Inside
    grid: Grid
    words: list[str]


class InsidePart:
    """Answers who looks inside runs."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def inside(self, run_ids: RunIds) -> str:
        """What some runs changed, as HTML; of two of them also how that lies together."""
        from peft_demo.inference.inside import MOST_RUNS  # loads torch

        runs, run_ids = self._services.runs(), run_ids[:MOST_RUNS]
        found: list[Inside | Between] = []
        faults = []
        for asked in (
            *((run_id,) for run_id in run_ids),
            *((run_ids,) if len(run_ids) == 2 else ()),
        ):
            try:
                insides = self._services.insides
                found.append(insides.of(*asked) if len(asked) == 1 else insides.between(*asked))
            except PeftDemoError as error:
                faults.append(told(str(error)))
        return shown(found, runs, faults)


def shown(found: Sequence[Inside | Between], runs: dict[str, Run], faults: Sequence[str]) -> str:
    """What was found as HTML, on one scale; runs that are gone meanwhile are left out."""
    insides = [each for each in found if isinstance(each, Inside) and each.run_id in runs]
    between = next((each for each in found if isinstance(each, Between)), None)
    html = render(
        "inside",
        shown=[
            Shown(
                runs[each.run_id],
                each,
                _grid(each.modules),
                inside_in_words(each, runs[each.run_id]),
            )
            for each in insides
        ],
        largest=max((change.norm for each in insides for change in each.modules), default=0.0),
        between=between and _grid(between.modules),
        between_words=between and _together(between),
        faults=faults,
        spectrum=spectrum,
        with_epochs=with_epochs,
    )
    return glossed(html)[0]


def spectrum(values: Sequence[float]) -> str:
    """Singular values from the largest, as points of a line in a box of 100 by 30."""
    step = max(1, len(values) // DRAWN)
    drawn = values[::step]
    across = 100 / max(1, len(drawn) - 1)
    places = enumerate(drawn)
    return " ".join(f"{place * across:.0f},{29 - 28 * v / values[0]:.1f}" for place, v in places)


def _grid(parts: Sequence[Change] | Sequence[Angles]) -> Grid:
    inside = [part for part in parts if part.block is not None]
    return Grid(
        modules=list(dict.fromkeys(part.module for part in inside)),
        blocks=sorted({part.block for part in inside if part.block is not None}),
        cells={(part.block or 0, part.module): part for part in inside},
    )


def _together(between: Between) -> str:
    parts = between.modules
    told = {
        "write": percent(median(part.column_overlap for part in parts)),
        "write_chance": percent(median(part.column_chance for part in parts)),
        "read": percent(median(part.row_overlap for part in parts)),
        "read_chance": percent(median(part.row_chance for part in parts)),
    }
    return (
        _(
            "In the median layer, the directions that both write overlap by %(write)s (random ones "
            "would by %(write_chance)s), and those that they read by %(read)s (%(read_chance)s)."
        )
        % told
    )
