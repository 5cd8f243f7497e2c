"""Runs compared in pairs on the same test texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from peft_demo.statistics.intervals import ALPHA, paired_difference


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """p-value of the exact McNemar test (McNemar 1947).

    Args:
        first: whether one run was right on each test text, shape (texts,).
        second: the same for the other run, on the same texts.
    """
    return _exact_p(int(np.sum(first & ~second)), int(np.sum(second & ~first)))


def _exact_p(only_first: int, only_second: int) -> float:
    from statsmodels.stats.contingency_tables import mcnemar as exact

    # Texts that both get right or both get wrong do not enter.
    return float(exact([[0, only_first], [only_second, 0]], exact=True).pvalue)


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


def texts_needed(
    only_first: int, only_second: int, total: int, power: float = 0.8, alpha: float = ALPHA
) -> int | None:
    """Test texts with which McNemar's test would show such a difference (Connor 1987).

    Takes the observed shares for the true ones. None where accuracies are equal: no number would.

    Args:
        only_first: texts that only the first run gets right.
        only_second: texts that only the second run gets right.
        total: all test texts.
        power: the chance with which the difference shall be shown.
        alpha: the test's level.
    """
    from scipy import stats

    if only_first == only_second:
        return None
    disagreeing = (only_first + only_second) / total
    difference = abs(only_first - only_second) / total
    root = stats.norm.isf(alpha / 2) * math.sqrt(disagreeing)
    root += stats.norm.ppf(power) * math.sqrt(disagreeing - difference**2)
    return math.ceil((root / difference) ** 2)


@dataclass(frozen=True)
class Pair:
    """Two runs on the same test texts."""

    first: str
    """Id of the run with more right answers."""
    second: str
    num_texts: int
    only_first: int
    """Texts that only the first gets right."""
    only_second: int
    difference: float
    """Accuracy of the first minus that of the second, with its 95 % interval."""
    low: float
    high: float
    p: float
    """Of the exact McNemar test."""
    p_corrected: float
    """After Holm's correction for all pairs that were compared."""
    texts_needed: int | None
    """To show such a difference among as many pairs, or None where there is none."""

    @property
    def disagreements(self) -> int:
        """Texts that one gets right and the other wrong."""
        return self.only_first + self.only_second

    @property
    def is_shown(self) -> bool:
        """Whether the difference is significant at 5 % after the correction."""
        return self.p_corrected < ALPHA


def compare_pairs(correct: Mapping[str, npt.NDArray[np.bool_]]) -> list[Pair]:
    """Every two runs on the same test texts, the best first.

    Args:
        correct: for each run, whether it was right on each text; equal shapes (texts,).

    Raises:
        ValueError: fewer than two runs, no texts, or different numbers of texts.
    """
    sizes = {len(values) for values in correct.values()}
    if len(correct) < 2 or len(sizes) != 1 or sizes == {0}:
        raise ValueError("compare needs at least two runs on the same texts")
    total = sizes.pop()
    ranked = sorted(correct, key=lambda run: -int(correct[run].sum()))
    ids = list(combinations(ranked, 2))
    counts = [
        (int(np.sum(correct[a] & ~correct[b])), int(np.sum(correct[b] & ~correct[a])))
        for a, b in ids
    ]
    p_values = [_exact_p(*count) for count in counts]
    # Enough texts for the first, strictest of Holm's steps are enough for each.
    alpha = ALPHA / len(ids)
    return [
        Pair(
            a,
            b,
            total,
            *count,
            *paired_difference(*count, total),
            p,
            p_corrected,
            texts_needed(*count, total, alpha=alpha),
        )
        for (a, b), count, p, p_corrected in zip(ids, counts, p_values, holm(p_values), strict=True)
    ]
