"""Accuracy along the straight line between the weights of two runs."""

from __future__ import annotations

from peft_demo.runs.results import Record

LINE = tuple(eighth / 8 for eighth in range(9))
"""Where on the line it is measured: 0 is the first run, 1 the second."""


class MixPoint(Record):
    """Test accuracy of W1 + t (W2 - W1), head included, with its 95 % Wilson interval."""

    at: float
    accuracy: float
    low: float
    high: float


class Mix(Record):
    """The line of two runs, on the first one's test texts as it reads them."""

    run_ids: tuple[str, str]
    num_texts: int
    points: tuple[MixPoint, ...]

    @property
    def lowest(self) -> MixPoint:
        """Where the accuracy lies deepest below the straight line between those of both ends."""
        return max(self.points, key=self.below)

    @property
    def barrier(self) -> float:
        """How deep that is, as an accuracy (Frankle et al. 2020 call it so of errors)."""
        return self.below(self.lowest)

    @property
    def within(self) -> float:
        """Half the width of that accuracy's interval."""
        return (self.lowest.high - self.lowest.low) / 2

    def below(self, point: MixPoint) -> float:
        """How far a point lies below the straight line between the accuracies of both ends."""
        first, last = self.points[0].accuracy, self.points[-1].accuracy
        return first + point.at * (last - first) - point.accuracy
