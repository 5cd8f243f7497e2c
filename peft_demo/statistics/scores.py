"""What a run's probabilities are worth, and which runs no other beats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from peft_demo.statistics.intervals import wilson_interval

CALIBRATION_BINS = 15
"""Of equal width between 0 and 1, as Guo et al. 2017 report the calibration error."""


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same confidence, as a reliability diagram shows them."""

    low: float
    """The bin holds confidences above this …"""
    high: float
    """… up to this."""
    confidence: float
    """Mean probability of the predicted label."""
    accuracy: float
    count: int


@dataclass(frozen=True)
class Scores:
    """Test results of one run."""

    accuracy: float
    low: float
    high: float
    """Ends of the accuracy's 95 % Wilson interval."""
    macro_f1: float
    log_loss: float
    brier: float
    """Mean squared error of the labels' probabilities, summed over labels (Brier 1950).

    Of two labels, whose errors are equal, one is counted, as scikit-learn does.
    """
    calibration_error: float
    """Expected calibration error (Guo et al. 2017)."""
    confusion: tuple[tuple[int, ...], ...]
    """True labels in rows, predicted ones in columns, both in the order of their numbers."""
    bins: tuple[Bin, ...]
    """Those that hold a prediction."""


def scores(probabilities: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Scores:
    """What a run's probabilities on its test texts are worth.

    Args:
        probabilities: of all labels, shape (texts, labels).
        labels: the numbers of the true ones, shape (texts,).

    Raises:
        ValueError: there are no texts.
    """
    from sklearn import metrics

    # Normalised again: scikit-learn minds sums that are 1 only in single precision.
    exact = np.asarray(probabilities, dtype=np.float64)
    exact = exact / exact.sum(axis=1, keepdims=True)
    predicted = np.argmax(probabilities, axis=1)
    correct = predicted == labels
    low, high = wilson_interval(int(correct.sum()), len(correct))
    numbers = list(range(exact.shape[1]))
    confusion = metrics.confusion_matrix(labels, predicted, labels=numbers).tolist()
    errors = exact - np.eye(len(numbers))[labels]
    bins = _bins(exact.max(axis=1), correct)
    return Scores(
        accuracy=float(correct.mean()),
        low=low,
        high=high,
        macro_f1=float(
            metrics.f1_score(labels, predicted, labels=numbers, average="macro", zero_division=0)
        ),
        log_loss=float(metrics.log_loss(labels, exact, labels=numbers)),
        brier=float(np.square(errors).sum(axis=1).mean() / (2 if len(numbers) == 2 else 1)),
        calibration_error=sum(each.count * abs(each.accuracy - each.confidence) for each in bins)
        / len(correct),
        confusion=tuple(map(tuple, confusion)),
        bins=bins,
    )


def _bins(confidence: npt.NDArray[Any], correct: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    return tuple(
        Bin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            confidence=float(confidence[place == index].mean()),
            accuracy=float(correct[place == index].mean()),
            count=int(np.sum(place == index)),
        )
        for index in np.unique(place)
    )


def on_frontier(
    points: npt.NDArray[Any], smaller_is_better: tuple[bool, bool]
) -> npt.NDArray[np.bool_]:
    """Which runs no other run beats: as good in both measures, and better in one (Pareto).

    Args:
        points: the two measures of each run, shape (runs, 2); NaN is never on the frontier.
        smaller_is_better: of each measure.
    """
    costs = np.asarray(points, dtype=np.float64) * np.where(smaller_is_better, 1, -1)
    as_good = (costs[:, None] <= costs).all(axis=2)
    better = (costs[:, None] < costs).any(axis=2)
    beaten = (as_good & better).any(axis=0)
    return np.logical_not(beaten | np.isnan(costs).any(axis=1))
