"""95 % intervals of accuracies and of their differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel, ConfigDict

ALPHA = 0.05
"""Of all tests; the intervals hold 95 %."""

NORMAL = NormalDist()


class Estimate(BaseModel):
    """A measured value, with its 95 % interval where there is one."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float | None = None
    high: float | None = None


class Interval(Estimate):
    """A measured value with its 95 % interval."""

    low: float
    high: float


def wilson_interval(correct: int, total: int) -> Interval:
    """A share with its 95 % score interval (Wilson 1927).

    Raises:
        ValueError: there are no texts, or more right than there are.
    """
    from statsmodels.stats.proportion import proportion_confint

    if not 0 <= correct <= total or total < 1:
        raise ValueError(f"correct must be between 0 and total, got {correct} of {total}")
    low, high = proportion_confint(correct, total, ALPHA, method="wilson")
    # At 0 and 1 the last bit may fall on the wrong side.
    share = correct / total
    return Interval(value=share, low=min(max(low, 0.0), share), high=max(min(high, 1.0), share))


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean with its 95 % t interval (Student 1908).

    Raises:
        ValueError: fewer than two values, which tell nothing about their spread.
    """
    from statsmodels.stats.weightstats import DescrStatsW

    if len(values) < 2:
        raise ValueError(f"an interval of a mean needs at least two values, got {len(values)}")
    described = DescrStatsW(np.asarray(values, dtype=np.float64))
    low, high = described.tconfint_mean(ALPHA)
    return Interval(value=described.mean, low=low, high=high)


def paired_difference(only_first: int, only_second: int, total: int) -> tuple[float, float, float]:
    """Difference of two accuracies on the same texts, and its 95 % score interval (Tango 1998).

    Holds what it promises for few texts as well as for many, where Bonett and Price's (2012)
    is too wide when runs rarely disagree; tests/statistics/test_intervals.py compares the two.

    Raises:
        ValueError: there are no texts, or more disagreements than texts.
    """
    from scipy import optimize

    if min(only_first, only_second) < 0 or not 1 <= total >= only_first + only_second:
        raise ValueError(
            f"disagreements must be between 0 and total, got {only_first} + {only_second} "
            f"of {total}"
        )
    surplus = only_first - only_second
    difference = surplus / total
    squared = NORMAL.inv_cdf(ALPHA / 2) ** 2

    def excess(true_difference: float) -> float:
        """Squared score statistic less its critical value, times the variance; 0 at an end."""
        variance = score_variance(only_first, only_second, total, true_difference)
        return (surplus - total * true_difference) ** 2 - squared * variance

    ends = [
        # A little off the difference, where the variance of runs that never disagree is 0.
        optimize.brentq(excess, end, difference + 1e-9 * end) if difference != end else end
        for end in (-1.0, 1.0)
    ]
    return difference, float(ends[0]), float(ends[1])


def score_variance(only_first: int, only_second: int, total: int, true_difference: float) -> float:
    """Variance of the surplus of ``only_first`` if this were the true difference (Tango 1998)."""
    # Most likely share of texts that only the second gets right, given the difference.
    surplus = only_first - only_second
    linear = (2 * total - surplus) * true_difference - only_first - only_second
    constant = -only_second * true_difference * (1 - true_difference)
    # Below 0 only by rounding.
    discriminant = max(linear**2 - 8 * total * constant, 0.0)
    share = (math.sqrt(discriminant) - linear) / (4 * total)
    return total * (2 * share + true_difference * (1 - true_difference))


def repeats_difference(
    first: Sequence[float], second: Sequence[float], is_paired: bool
) -> tuple[float, float, float, float]:
    """Mean difference of two configurations' repeats, its 95 % t interval and p-value.

    Where it ``is_paired``, each repeat has its partner with the same seed (Student 1908); else the
    test is Welch's (1947).

    Raises:
        ValueError: fewer than two repeats, unequal numbers of partners, or repeats that all came
            out alike, so that nothing is known about their spread.
    """
    from scipy import stats

    if min(len(first), len(second)) < 2 or (is_paired and len(first) != len(second)):
        raise ValueError(
            "a comparison of repeats needs two or more of each, as many of both where they are "
            f"paired, got {len(first)} and {len(second)}"
        )
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if is_paired and np.array_equal(a, b):
        return 0.0, 0.0, 0.0, 1.0
    spreads = [np.ptp(a - b)] if is_paired else [np.ptp(a), np.ptp(b)]
    if max(spreads) < 1e-9:
        raise ValueError("all repeats came out alike, so nothing is known about their spread")
    test = stats.ttest_rel(a, b) if is_paired else stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(1 - ALPHA)
    return float(a.mean() - b.mean()), float(low), float(high), float(test.pvalue)
