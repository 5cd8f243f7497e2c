"""Tests of pairs against worked examples, and against their promise: at most 5 of 100 cry wolf."""

import itertools

import numpy as np
import pytest
from drawn_statistics import (
    DRAWS,
    disagreements,
    for_each,
    p_value,
    table,
)
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as exact
from statsmodels.stats.multitest import multipletests

from peft_demo.statistics import (
    discordant,
    holm,
    mcnemar,
    texts_needed,
)


class TestMcnemar:
    def test_by_hand(self):
        # 1 review only the first gets right, 7 only the second: 2 · (1 + 8) / 2^8.
        first, second = table(5, 1, 7, 3)
        assert discordant(first, second) == (1, 7)
        assert discordant(second, first) == (7, 1)
        assert mcnemar([1, 7], [7, 1]) == pytest.approx([18 / 256, 18 / 256])

    def test_as_statsmodels_has_it(self):
        counts = np.random.default_rng(11).integers(0, 60, (200, 2))
        expected = [exact([[0, a], [b, 0]], exact=True).pvalue for a, b in counts]
        assert mcnemar(*counts.T) == pytest.approx(expected, rel=1e-12)

    def test_agrestis_approval_ratings(self):
        # Agresti 2002, Categorical Data Analysis, table 10.1: z² = 17.36 without the exact test.
        assert mcnemar(150, 86) == pytest.approx(stats.chi2.sf(17.36, 1), rel=0.25)

    def test_cavos_therapy(self):
        # Fagerland, Lydersen and Laake 2017, Statistical Analysis of Contingency Tables, ch. 8.
        assert mcnemar(6, 16) == pytest.approx(0.052479, abs=5e-7)

    def test_as_many_either_way_show_no_difference(self):
        assert mcnemar([0, 1, 42], [0, 1, 42]).tolist() == [1.0] * 3

    def test_never_alarms_in_more_than_5_of_100(self):
        for count in (*range(1, 50), 100, 200):
            shown = [k for k in range(count + 1) if p_value(k, count - k) < 0.05]
            assert stats.binom.pmf(shown, count, 0.5).sum() <= 0.05

    @pytest.mark.slow
    @pytest.mark.parametrize(("total", "share"), [(50, 0.3), (1_000, 0.08), (5_000, 0.25)])
    def test_false_alarms_in_draws(self, total, share):
        alarms = for_each(disagreements(total, share, 0, seed=4), p_value) < 0.05
        assert alarms.mean() <= 0.05


class TestHolm:
    def test_holms_steps(self):
        # 4 · 0.005, then max(0.02, 3 · 0.01), max(0.03, 2 · 0.03), max(0.06, 0.04)
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    @pytest.mark.slow
    @pytest.mark.parametrize("pairs", [1, 3, 28])
    def test_as_statsmodels_has_it(self, pairs):
        for p_values in np.random.default_rng(10).beta(0.3, 1, (10, pairs)):
            assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])

    def test_nothing_to_correct(self):
        assert holm([0.2]) == [0.2]
        assert holm([]) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("runs", [3, 5])
    def test_any_false_alarm_among_all_pairs_stays_under_5_of_100(self, runs):
        # Runs of equal accuracy that mostly agree, since some reviews are easy.
        random = np.random.default_rng(5)
        easy = random.beta(2, 0.5, (DRAWS, 1, 200))
        correct = random.random((DRAWS, runs, 200)) < easy
        pairs = list(itertools.combinations(range(runs), 2))
        p_values = np.stack(
            [
                mcnemar(
                    (correct[:, a] & ~correct[:, b]).sum(axis=1),
                    (correct[:, b] & ~correct[:, a]).sum(axis=1),
                )
                for a, b in pairs
            ],
            axis=1,
        )
        assert (p_values < 0.05).any(axis=1).mean() > 0.05, "a case that needs a correction"
        assert np.mean([min(holm(row)) < 0.05 for row in p_values]) <= 0.05


class TestReviewsNeeded:
    def test_connors_formula(self):
        # Shares of 0.45 and 0.05: 23 pairs (powerandsamplesize.com, after Connor 1987, p. 209).
        assert texts_needed(45, 5, 100) == 23
        assert texts_needed(5, 45, 100) == 23

    def test_by_hand(self):
        # ((1.95996 · √0.084 + 0.84162 · √(0.084 - 0.014²)) / 0.014)²
        assert texts_needed(49, 35, 1_000) == 3_362

    @pytest.mark.parametrize("count", [0, 7])
    def test_no_number_shows_a_difference_of_zero(self, count):
        assert texts_needed(count, count, 100) is None

    def test_a_stricter_test_needs_more(self):
        assert texts_needed(49, 35, 1_000, alpha=0.01) > texts_needed(49, 35, 1_000)

    # The exact test needs slightly more than the normal approximation says: 76 to 80 in 100.
    @pytest.mark.parametrize(
        ("share", "difference", "alpha"),
        [(0.084, 0.014, 0.05), (0.3, 0.1, 0.05), (0.5, 0.2, 0.05), (0.2, 0.03, 0.05 / 6)],
    )
    @pytest.mark.slow
    def test_so_many_show_it_in_80_of_100_draws(self, share, difference, alpha):
        counts = [round(10_000 * part) for part in (share + difference, share - difference)]
        total = texts_needed(*counts, 20_000, alpha=alpha)
        p_values = for_each(disagreements(total, share, difference, seed=7), p_value)
        assert 0.76 <= np.mean(p_values < alpha) <= 0.83
