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

TEST_SET = "test"
"""The evaluation set that every run is tested on: the first texts of its data set's test pool."""


@dataclass(frozen=True)
class Predictions:
    """A run's probabilities on an evaluation set, kept for comparisons without the model."""

    probabilities: npt.NDArray[np.float32]
    """Shape (texts, labels)."""
    labels: npt.NDArray[np.int8]
    """Shape (texts,)."""

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the most probable label is the true one, shape (texts,)."""
        return np.argmax(self.probabilities, axis=1) == self.labels

    def save(self, folder: Path, evaluation_set: str = TEST_SET) -> None:
        """Write them into a run's folder."""
        np.savez_compressed(
            folder / _file(evaluation_set), probabilities=self.probabilities, labels=self.labels
        )

    @classmethod
    def load(cls, folder: Path, evaluation_set: str = TEST_SET) -> Predictions:
        """Read them back.

        Raises:
            OSError: the file is not there.
            ValueError: it is damaged.
        """
        path = folder / _file(evaluation_set)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["probabilities"], arrays["labels"])
        except DAMAGED as error:
            raise ValueError(f"{path.name} in {folder} is damaged") from error


def _file(evaluation_set: str) -> str:
    return f"{evaluation_set}_predictions.npz"


DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)
"""What numpy raises for a damaged file."""


def softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probabilities from logits, both of shape (texts, labels)."""
    return special.softmax(np.asarray(logits, dtype=np.float64), axis=1)


def accuracy(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Share of texts whose largest logit (or probability) is at the true label."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def log_loss(probabilities: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Mean of -ln(probability of the true label), in nats; guessing among k labels gives ln k."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())
