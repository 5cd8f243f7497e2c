"""What a run's predictions are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from peft_demo.statistics.intervals import Interval, mean_interval, wilson_interval
from peft_demo.statistics.predictions import Predictions, losses

CALIBRATION_BINS = 15
"""Of equal width between 0 and 1, as Guo et al. 2017 report the calibration error."""


class Bin(BaseModel):
    """Predictions of about the same confidence, as a reliability diagram shows them."""

    model_config = ConfigDict(frozen=True)

    low: float
    """The bin holds confidences above this …"""
    high: float
    """… up to this."""
    confidence: float
    """Mean probability of the predicted label."""
    accuracy: float
    count: int


class Answered(BaseModel):
    """What a run does that answers only when it is sure (El-Yaniv & Wiener 2010)."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    """Least probability of the predicted label with which a text is answered."""
    count: int
    """Texts that are answered."""
    right: int
    """Of these."""

    @property
    def interval(self) -> Interval:
        """Their share (Wilson 1927); raises ValueError where none is answered."""
        return wilson_interval(self.right, self.count)


class Scores(BaseModel):
    """How a run did on its test texts."""

    model_config = ConfigDict(frozen=True)

    num_reviews: int
    accuracy: float
    low: float
    """Of the 95 % Wilson interval."""
    high: float
    log_loss: Interval
    """In nats; the interval is that of a mean over texts."""
    macro_f1: float
    brier: float
    """Mean squared error of the labels' probabilities, summed over labels (Brier 1950); of two
    labels, whose errors are equal, one is counted."""
    calibration_error: float
    """Expected calibration error (Guo et al. 2017)."""
    confusion: tuple[tuple[int, ...], ...]
    """True labels in rows, predicted ones in columns, both in the order of their numbers."""
    bins: tuple[Bin, ...]
    """Those that hold a prediction."""
    answered: tuple[Answered, ...] = ()
    """By threshold, from that of guessing on, at which all texts are answered."""

    @property
    def interval(self) -> Interval:
        """Of the accuracy."""
        return Interval(value=self.accuracy, low=self.low, high=self.high)


def scores(predictions: Predictions) -> Scores:
    """How many are right, and how far their probabilities can be trusted.

    Raises:
        ValueError: there are fewer than two texts.
    """
    from sklearn import metrics

    accuracy = predictions.accuracy
    labels, correct = predictions.labels, predictions.correct
    # Normalised again: scikit-learn minds sums that are 1 only in single precision.
    exact = np.asarray(predictions.probabilities, dtype=np.float64)
    exact = exact / exact.sum(axis=1, keepdims=True)
    predicted = np.argmax(predictions.probabilities, axis=1)
    numbers = list(range(exact.shape[1]))
    bins = _bins(exact.max(axis=1), correct)
    return Scores(
        num_reviews=len(labels),
        accuracy=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
        log_loss=mean_interval(losses(predictions.probabilities, labels).tolist()),
        macro_f1=metrics.f1_score(
            labels, predicted, labels=numbers, average="macro", zero_division=0
        ),
        brier=metrics.brier_score_loss(labels, exact, labels=numbers),
        calibration_error=sum(each.count * abs(each.accuracy - each.confidence) for each in bins)
        / len(correct),
        confusion=metrics.confusion_matrix(labels, predicted, labels=numbers).tolist(),
        bins=bins,
        answered=_answered(exact.max(axis=1), correct, exact.shape[1]),
    )


THRESHOLDS = (*(n / 20 for n in range(1, 20)), 0.99)
"""Those that are told, where they are above guessing."""


def _answered(
    confidence: npt.NDArray[Any], correct: npt.NDArray[np.bool_], num_labels: int
) -> tuple[Answered, ...]:
    guessing = 1 / num_labels
    thresholds = [0.0, *(each for each in THRESHOLDS if each > guessing)]
    return tuple(
        Answered(
            threshold=max(threshold, guessing),
            count=np.sum(confidence >= threshold),
            right=np.sum(correct[confidence >= threshold]),
        )
        for threshold in thresholds
    )


def _bins(confidence: npt.NDArray[Any], correct: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    return tuple(
        Bin(
            low=edges[index],
            high=edges[index + 1],
            confidence=confidence[place == index].mean(),
            accuracy=correct[place == index].mean(),
            count=np.sum(place == index),
        )
        for index in np.unique(place)
    )
