"""How strongly a run's update counts, and what its test texts say of that."""

from __future__ import annotations

from peft_demo.fields import Number
from peft_demo.languages import gettext_noop
from peft_demo.runs.results import Record

STRENGTH = Number(
    "strength",
    gettext_noop("Strength of the update"),
    gettext_noop(
        "What training changed in the weights is multiplied by it: 0 is the base with the trained "
        "head, 1 the adapter as it was trained."
    ),
    1.0,
    0.0,
    2.0,
    0.05,
)

CURVE = tuple(quarter / 4 for quarter in range(9))
"""The strengths of a run's curve."""


class AtStrength(Record):
    """What a run says of a text at a strength."""

    run_id: str
    strength: float
    label: str
    probabilities: dict[str, float]


class StrengthPoint(Record):
    """A run's test accuracy at a strength, with its 95 % Wilson interval."""

    strength: float
    accuracy: float
    low: float
    high: float


class StrengthCurve(Record):
    """A run's test accuracy over the strength of its update."""

    run_id: str
    num_texts: int
    points: tuple[StrengthPoint, ...]

    @property
    def best(self) -> StrengthPoint:
        """The first of the highest: found on the test texts, so expect less on others."""
        return max(self.points, key=lambda point: point.accuracy)
