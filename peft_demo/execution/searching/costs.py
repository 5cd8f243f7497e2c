"""What the parts of a search cost in seconds, and how much of it fits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from peft_demo.runs.search import KEPT_SHARE, rungs

STARTING_SECONDS = 1.0
"""What it takes at most, as a rule, to begin a training or to go on with one, beside its texts."""

WARM_SECONDS = 0.2
"""What it takes at least: in a program that has all it needs in memory, a small model."""

ROUND_SIZES = (8, 4, 2)
"""Trials of a round: as many of these as fit; they race."""

CONFIRMATIONS = ((3, 5), (2, 5), (3, 4), (2, 4), (2, 3), (1, 4), (1, 3), (1, 2))
"""Configurations that are confirmed beside the recommended one, and their seeds: what is wished for
first."""

CONFIRMED_SHARE = 0.5
"""Of the minutes at most for the confirmation, where less does."""


@dataclass(frozen=True)
class Costs:
    """Seconds of a search's parts."""

    start: float
    """Of beginning a training, or going on with one."""
    epoch: float
    test: float
    num_epochs: int
    slots: int
    """How many runs are computed at once."""

    @property
    def run(self) -> float:
        """One whole training with its test."""
        return self.start + self.num_epochs * self.epoch + self.test

    def round(self, size: int) -> float:
        """A whole round of so many trials, of which half go on at each rung but the last."""
        total = 0.0
        for before, rung in pairwise((0, *rungs(self.num_epochs))):
            total += size * ((rung - before) * self.epoch + self.start)
            size = max(1, size // KEPT_SHARE)
        return total / self.slots

    def confirmation(self, finalists: int, seeds: int) -> float:
        """All runs of a confirmation."""
        count = (finalists + 1) * seeds
        return -(-count // self.slots) * self.run


def confirmed(costs: Costs, seconds: float, most_waiting: int | None) -> tuple[int, int] | None:
    """How many configurations can be confirmed with how many seeds in so many seconds."""
    for finalists, seeds in CONFIRMATIONS:
        count = (finalists + 1) * seeds
        if most_waiting is not None and count > most_waiting:
            continue
        if costs.confirmation(finalists, seeds) <= seconds:
            return finalists, seeds
    return None


def fitting_size(costs: Costs, seconds: float, most_waiting: int | None) -> int | None:
    """Trials of the largest round that fits into so many seconds."""
    for size in ROUND_SIZES:
        if (most_waiting is None or size <= most_waiting) and costs.round(size) <= seconds:
            return size
    return None
