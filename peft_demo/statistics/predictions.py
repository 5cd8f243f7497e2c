"""A run's predictions and their numbers; statistics says what those can tell. No torch here."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special


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
        try:
            with np.load(folder / _PREDICTIONS, allow_pickle=False) as arrays:
                return cls(arrays["probabilities"], arrays["labels"])
        except DAMAGED as error:
            raise ValueError(f"{_PREDICTIONS} in {folder} is damaged") from error


_PREDICTIONS = "test_predictions.npz"

DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)
"""What numpy raises for a damaged file."""


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
