"""Whether two accuracies are practically equal: two one-sided tests (Schuirmann 1987).

Not to be shown to differ is no equality: a difference must be shown to lie within a margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from peft_demo.statistics.intervals import ALPHA, NORMAL, score_variance
from peft_demo.statistics.pairs import POWER

MARGIN = 2.0
"""Points of accuracy that do not matter, where nobody says otherwise."""


def equivalence(only_first: int, only_second: int, total: int, margin: float) -> float:
    """p-value of equal accuracies on the same texts, by score tests (Tango 1998).

    Args:
        only_first: texts that only the first gets right.
        only_second: texts that only the second gets right.
        total: of all texts.
        margin: a share, between 0 and 1.

    Returns:
        The larger p-value of the two tests that the true difference is -margin or less, and margin
        or more: their 1 - 2 alpha interval lies within the margin where it is below alpha.
    """
    surplus = only_first - only_second
    scores = [
        (surplus - total * limit) / math.sqrt(score_variance(only_first, only_second, total, limit))
        for limit in (-margin, margin)
    ]
    return max(NORMAL.cdf(-scores[0]), NORMAL.cdf(scores[1]))


def repeats_equivalence(
    first: Sequence[float], second: Sequence[float], is_paired: bool, margin: float
) -> float:
    """p-value of equal mean accuracies of two configurations' repeats, by two one-sided t-tests.

    Student's where each repeat has its partner with the same seed, else Welch's; as
    ``repeats_difference``, which has refused what cannot be tested.

    Args:
        first: accuracies of the first, at least two.
        second: of the second.
        is_paired: whether they are in the order of their partners.
        margin: a share, between 0 and 1.
    """
    from scipy import stats

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if is_paired and not np.ptp(a - b):
        return 1.0  # nothing is known about their spread
    p_values = []
    for limit, side in ((-margin, "greater"), (margin, "less")):
        if is_paired:
            test = stats.ttest_rel(a - limit, b, alternative=side)
        else:
            test = stats.ttest_ind(a - limit, b, equal_var=False, alternative=side)
        p_values.append(float(test.pvalue))
    return max(p_values)


def texts_needed_for_equivalence(
    only_first: int, only_second: int, total: int, margin: float, alpha: float = ALPHA
) -> int | None:
    """Test texts with which ``equivalence`` is shown 4 times in 5 (after Liu et al. 2002).

    Takes the shares observed on ``total`` texts for the true ones. None where the observed
    difference is no smaller than the margin: no number would.
    """
    difference = abs(only_first - only_second) / total
    if difference >= margin:
        return None
    disagreeing = (only_first + only_second) / total
    # In the middle, either of the two tests may fail.
    missed = (1 - POWER) / 2 if difference == 0 else 1 - POWER
    root = NORMAL.inv_cdf(1 - alpha) + NORMAL.inv_cdf(1 - missed)
    variance = max(disagreeing - difference**2, 1 / total)
    return math.ceil(root**2 * variance / (margin - difference) ** 2)
