"""A run's predictions and their numbers; statistics says what those can tell. No torch here."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from peft_demo.statistics.intervals import Interval, wilson_interval

TEST_SET = "test"
"""The evaluation set that every run is tested on: the first texts of its data set's test pool."""

SET_ID = re.compile("[a-z0-9][a-z0-9_-]{0,59}")
"""What an evaluation set may be called, for its files are called after it."""

SCHEMA = 1
"""Of the files."""

_DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)
"""What numpy raises for a damaged file."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """A run's probabilities on an evaluation set, kept for comparisons without the model."""

    probabilities: npt.NDArray[np.float32]
    """Shape (texts, labels)."""
    labels: npt.NDArray[np.int8]
    """Shape (texts,)."""

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the most probable label is the true one, shape (texts,)."""
        return np.argmax(self.probabilities, axis=1) == self.labels

    @cached_property
    def accuracy(self) -> Interval:
        """Share of the texts whose most probable label is the true one (Wilson 1927).

        Raises:
            ValueError: there are no texts.
        """
        return wilson_interval(int(self.correct.sum()), len(self.labels))

    def save(self, folder: Path, evaluation_set: str = TEST_SET) -> None:
        """Write them into a run's folder.

        Raises:
            ValueError: ``evaluation_set`` cannot be part of a file's name.
        """
        # Written elsewhere and moved: who reads meanwhile finds all of it or nothing.
        path = _path(folder, evaluation_set)
        part = path.with_name(f".{path.name}")
        np.savez_compressed(
            part, schema=SCHEMA, probabilities=self.probabilities, labels=self.labels
        )
        part.replace(path)

    @classmethod
    def load(cls, folder: Path, evaluation_set: str = TEST_SET) -> Predictions:
        """Read them back.

        Raises:
            OSError: the file is not there.
            ValueError: it is damaged, or a newer version wrote it.
        """
        path = _path(folder, evaluation_set)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                # The first files had no number.
                schema = int(arrays["schema"]) if "schema" in arrays else 1
                if schema <= SCHEMA:
                    return cls(arrays["probabilities"], arrays["labels"])
        except _DAMAGED as error:
            raise ValueError(f"{path} is damaged") from error
        raise ValueError(f"{path} is of schema {schema}, and this version knows {SCHEMA}")


def _path(folder: Path, evaluation_set: str) -> Path:
    if not SET_ID.fullmatch(evaluation_set):
        raise ValueError(f"an evaluation set's id is of a-z, 0-9, _ and -, got {evaluation_set!r}")
    return folder / f"{evaluation_set}_predictions.npz"


def softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probabilities from logits, both of shape (texts, labels)."""
    from scipy import special

    return special.softmax(np.asarray(logits, dtype=np.float64), axis=1)


def accuracy(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Share of texts whose largest logit (or probability) is at the true label."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def losses(probabilities: npt.NDArray[Any], labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """-ln(probability of the true label) of each text, in nats."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(chosen.astype(np.float64), 1e-12, 1.0))


def log_loss(probabilities: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Mean loss of the texts; guessing among k labels gives ln k."""
    return float(losses(probabilities, labels).mean())
