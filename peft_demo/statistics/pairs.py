"""Runs compared in pairs on the same test texts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from peft_demo.statistics.intervals import ALPHA, NORMAL

POWER = 0.8
"""The chance with which a difference shall be shown."""


def discordant(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """How many texts only the first, and only the second of two runs gets right.

    Each says what it got right of the same texts, shape (texts,).
    """
    return int(np.sum(first & ~second)), int(np.sum(second & ~first))


def mcnemar(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """p-values of the exact McNemar test (McNemar 1947).

    As statsmodels' ``mcnemar``, which the tests compare it with, but for many pairs at once: the
    counts that ``discordant`` gives, of any equal shapes.
    """
    from scipy import stats

    fewer, either = np.minimum(only_first, only_second), np.add(only_first, only_second)
    return np.minimum(2 * stats.binom.cdf(fewer, either, 0.5), 1.0)


def holm(p_values: npt.ArrayLike) -> list[float]:
    """p-values corrected for their number, stepping down (Holm 1979).

    As statsmodels' ``multipletests``, which the tests compare it with, but without the full
    garbage collection that each call of that makes: 0.3 s in which no other thread works.
    """
    found = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(found)
    steps = found[order] * np.arange(len(found), 0, -1)
    corrected = np.empty(len(found))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected.tolist()


def texts_needed(only_first: int, only_second: int, total: int, alpha: float = ALPHA) -> int | None:
    """Test texts with which McNemar's test shows such a difference 4 times in 5 (Connor 1987).

    Takes the shares observed on ``total`` texts for the true ones. None where accuracies are equal:
    no number would.
    """
    if only_first == only_second:
        return None
    disagreeing = (only_first + only_second) / total
    difference = abs(only_first - only_second) / total
    root = -NORMAL.inv_cdf(alpha / 2) * math.sqrt(disagreeing)
    root += NORMAL.inv_cdf(POWER) * math.sqrt(disagreeing - difference**2)
    return math.ceil((root / difference) ** 2)
