"""The part of the Compare page that mixes two runs along the line between their weights."""

from __future__ import annotations

from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.errors import PeftDemoError
from peft_demo.runs.mix import Mix
from peft_demo.ui.html import problem, render
from peft_demo.ui.requests import RunIds
from peft_demo.ui.services import Services


class MixPart:
    """Answers who wants to mix."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def mixed(self, run_ids: RunIds) -> str:
        """The accuracy between two runs as HTML, or why there is none."""
        try:
            found = self._services.mixes.between(run_ids)
            first, second = map(self._services.store.get, run_ids)
        except PeftDemoError as error:
            return problem(error)
        return render(
            "mix",
            found=found,
            line=line(found),
            first=first,
            second=second,
            lowest=min(point.accuracy for point in found.points),
            texts_of=texts_of,
            with_epochs=with_epochs,
        )


def line(found: Mix) -> str:
    """Accuracies as points of a line in a box of 100 by 30, each below its column."""
    values = [point.accuracy for point in found.points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return " ".join(
        f"{100 * (place + 0.5) / len(values):.1f},{29 - 28 * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )
