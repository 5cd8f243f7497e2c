"""The part of a run's details and of the Compare page that maps texts before and after training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.errors import PeftDemoError
from peft_demo.languages import told
from peft_demo.runs import Run
from peft_demo.runs.map import FeatureMap
from peft_demo.ui.html import render
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.requests import RunIds
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKS = "●▲■◆▼★✚✖"
"""A label's shape; the style sheet has seven colours, so that a mark is one of 56."""


@dataclass(frozen=True)
class Mark:
    """How a label is drawn."""

    shape: str
    colour: int


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one run."""

    run: Run
    found: FeatureMap
    marks: dict[str, Mark]
    places: list[tuple[tuple[float, float], tuple[float, float]]]
    """Of each text before and after, from the left and from the top in % of a square."""
    texts: Sequence[str]
    """Empty where they may not be seen, or are gone."""


class MapPart:
    """Answers who wants maps."""

    def __init__(self, services: Services) -> None:
        self._services, self._data = services, OwnData(services)

    def mapped(self, run_ids: RunIds) -> str:
        """The maps of some runs, as HTML."""
        runs = self._services.runs()
        drawn, faults = [], []
        for run_id in run_ids[:MOST_RUNS]:
            try:
                found = self._services.maps.of(run_id)
                drawn.append(self._drawn(runs[run_id], found))
            except PeftDemoError as error:
                faults.append(told(str(error)))
        return render("map", drawn=drawn, faults=faults, texts_of=texts_of, with_epochs=with_epochs)

    def _drawn(self, run: Run, found: FeatureMap) -> Drawn:
        texts = self._data.tested_on(run)
        labels = run.config.labels
        marks = {label: Mark(MARKS[n % len(MARKS)], n % 7) for n, label in enumerate(labels)}
        return Drawn(run, found, marks, places(found), texts)


def places(found: FeatureMap) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Where each text stands before and after, in a square of 100 by 100, both on one scale."""
    both = [at for text in found.texts for at in (text.before, text.after)]
    lowest = [min(at[axis] for at in both) for axis in (0, 1)]
    highest = [max(at[axis] for at in both) for axis in (0, 1)]
    middle = [(low + high) / 2 for low, high in zip(lowest, highest, strict=True)]
    span = max(high - low for low, high in zip(lowest, highest, strict=True)) or 1.0

    def place(at: tuple[float, float]) -> tuple[float, float]:
        across, up = ((value - centre) / span for value, centre in zip(at, middle, strict=True))
        return 50 + 100 * across, 50 - 100 * up

    return [(place(text.before), place(text.after)) for text in found.texts]
