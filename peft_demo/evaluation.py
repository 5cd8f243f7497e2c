"""Numbers about predictions, and what they can tell. Statistics come from scipy; no torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats


@dataclass(frozen=True)
class Predictions:
    """A run's probabilities on its test reviews, kept for comparisons without the model."""

    probabilities: npt.NDArray[np.float32]
    """Shape (reviews, labels)."""
    labels: npt.NDArray[np.int8]
    """Shape (reviews,)."""

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the most probable label is the true one, shape (reviews,)."""
        return np.argmax(self.probabilities, axis=1) == self.labels

    def save(self, folder: Path) -> None:
        """Write them into a run's folder."""
        np.savez_compressed(
            folder / _PREDICTIONS, probabilities=self.probabilities, labels=self.labels
        )

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Read them back.

        Raises:
            OSError: the file is not there.
            ValueError: it is damaged.
        """
        with np.load(folder / _PREDICTIONS, allow_pickle=False) as arrays:
            return cls(arrays["probabilities"], arrays["labels"])


_PREDICTIONS = "test_predictions.npz"


def softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probabilities from logits, both of shape (reviews, labels)."""
    return special.softmax(np.asarray(logits, dtype=np.float64), axis=1)


def accuracy(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Share of reviews whose largest logit (or probability) is at the true label."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def log_loss(probabilities: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Mean of -ln(probability of the true label), in nats; guessing gives ln 2 = 0.693."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927)."""
    interval = stats.binomtest(correct, total).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """p-value of the exact McNemar test (McNemar 1947).

    Args:
        first: whether one run was right on each test review, shape (reviews,).
        second: the same for the other run, on the same reviews.
    """
    only_first = int(np.sum(first & ~second))
    only_second = int(np.sum(second & ~first))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second, 0.5).pvalue)


@dataclass(frozen=True)
class Comparison:
    """Whether the test accuracies of several runs can be told apart."""

    runs: tuple[str, ...]
    """Most right answers first."""
    num_reviews: int
    different_pairs: tuple[tuple[str, str], ...]
    """Better run first; significant at 5 % after Holm's correction (Holm 1979)."""
    smallest_p: float
    """Smallest corrected p-value of all pairs."""
    all_overlap: bool
    """Whether every two 95 % intervals overlap."""

    @property
    def alike(self) -> list[list[str]]:
        """Groups of runs within which no pair is shown to differ, best first."""
        different = {frozenset(pair) for pair in self.different_pairs}
        groups: list[list[str]] = []
        for run in self.runs:
            for group in groups:
                if not any(frozenset((run, other)) in different for other in group):
                    group.append(run)
                    break
            else:
                groups.append([run])
        return groups


def compare(correct: dict[str, npt.NDArray[Any]]) -> Comparison:
    """Compare runs in pairs on the same test reviews.

    Args:
        correct: for each run, whether it was right on each review; equal shapes (reviews,).

    Raises:
        ValueError: fewer than two runs, or different numbers of reviews.
    """
    sizes = {len(values) for values in correct.values()}
    if len(correct) < 2 or len(sizes) != 1:
        raise ValueError("compare needs at least two runs on the same reviews")
    ranked = sorted(correct, key=lambda run: -int(correct[run].sum()))
    pairs = list(combinations(ranked, 2))
    corrected = _holm([mcnemar(correct[a], correct[b]) for a, b in pairs])
    different = [pair for pair, p in zip(pairs, corrected, strict=True) if p < 0.05]
    total = sizes.pop()
    intervals = [wilson_interval(int(values.sum()), total) for values in correct.values()]
    return Comparison(
        runs=tuple(ranked),
        num_reviews=total,
        different_pairs=tuple(different),
        smallest_p=min(corrected),
        all_overlap=all(a[0] <= b[1] and b[0] <= a[1] for a, b in combinations(intervals, 2)),
    )


def _holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, stepping down (Holm 1979)."""
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = highest
    return [float(p) for p in corrected]
