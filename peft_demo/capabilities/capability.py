"""Capability: something that a model of reviews should be able to do, and texts that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

LABELS = ("negative", "positive")
"""What the texts' labels are called, in the order of their numbers."""

NEGATIVE, POSITIVE = range(2)

TOLERANCE = 0.01
"""How far a probability may move the wrong way: bfloat16 rounds as much."""


class Kind(StrEnum):
    """How it is asked (Ribeiro et al. 2020 call them MFT, INV and DIR)."""

    LABEL = "label"
    """Texts with a label: it is right where it gives it."""
    INVARIANCE = "invariance"
    """Changed reviews: it is right where the change does not change the label that it gives."""
    DIRECTION = "direction"
    """Reviews with praise or blame added: it is right where its probability of that does not fall
    by more than ``TOLERANCE``."""


@dataclass(frozen=True)
class Capability:
    """One row of what is asked."""

    id: str
    label: str
    about: str
    kind: Kind
    texts: tuple[str, ...]
    labels: tuple[int, ...]
    """Of each text; of a direction that of what was added."""
    originals: tuple[str, ...] = ()
    """The reviews as they were, where texts are changed ones."""

    def __len__(self) -> int:
        return len(self.texts)

    def right(self, positive: Mapping[str, float]) -> npt.NDArray[np.bool_]:
        """Which of its texts are done as they should be, shape (texts,).

        Args:
            positive: the probability of ``positive`` that was given to each text.
        """
        after = np.array([positive[text] for text in self.texts])
        if self.kind is Kind.LABEL:
            return (after > 0.5) == np.array(self.labels, dtype=bool)
        before = np.array([positive[text] for text in self.originals])
        if self.kind is Kind.INVARIANCE:
            return (after > 0.5) == (before > 0.5)
        towards = np.where(np.array(self.labels) == POSITIVE, 1, -1)
        return towards * (after - before) >= -TOLERANCE


Positive: TypeAlias = Mapping[str, float]
"""The probability of ``positive`` that was given to each text."""


@dataclass(frozen=True)
class Answers:
    """What a run, or a baseline, said of all texts that are asked for."""

    run_id: str
    positive: Positive
    num_hidden: int | None = None
    """Of how many pairs it reads no difference; None where nobody knows."""
    note: str = ""
    """A sentence if it may have learned from some of the texts."""
