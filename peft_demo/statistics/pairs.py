"""Runs compared in pairs on the same test texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from peft_demo.statistics.intervals import ALPHA

POWER = 0.8
"""The chance with which a difference shall be shown."""


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """p-value of the exact McNemar test (McNemar 1947).

    Args:
        first: whether one run was right on each test text, shape (texts,).
        second: the same for the other run, on the same texts.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact

    # Texts that both get right or both get wrong do not enter.
    table = [[0, np.sum(first & ~second)], [np.sum(second & ~first), 0]]
    return float(exact(table, exact=True).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, stepping down (Holm 1979).

    As statsmodels' ``multipletests``, which the tests compare it with, but without the full
    garbage collection that each call of that makes: 0.3 s in which no other thread works.
    """
    order = np.argsort(p_values)
    steps = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in corrected]


def texts_needed(only_first: int, only_second: int, total: int, alpha: float = ALPHA) -> int | None:
    """Test texts with which McNemar's test shows such a difference 4 times in 5 (Connor 1987).

    Takes the observed shares for the true ones. None where accuracies are equal: no number would.

    Args:
        only_first: texts that only the first run gets right.
        only_second: texts that only the second run gets right.
        total: all test texts.
        alpha: the test's level.
    """
    from scipy import stats

    if only_first == only_second:
        return None
    disagreeing = (only_first + only_second) / total
    difference = abs(only_first - only_second) / total
    root = stats.norm.isf(alpha / 2) * math.sqrt(disagreeing)
    root += stats.norm.ppf(POWER) * math.sqrt(disagreeing - difference**2)
    return math.ceil((root / difference) ** 2)
