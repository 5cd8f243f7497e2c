"""Equivalence tests against worked examples, and against their promise in draws."""

import math

import numpy as np
import pytest
from drawn_statistics import disagreements, for_each
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from peft_demo.statistics import (
    equivalence,
    paired_difference,
    repeats_equivalence,
    texts_needed_for_equivalence,
)


class TestEquivalence:
    def test_tangos_lenses(self):
        # Tango 1998, Statistics in Medicine 17: 44 patients, one only whom the second treatment
        # helps, margin 0.1: z = 1.709, p = 0.044.
        assert equivalence(0, 1, 44, 0.1) == pytest.approx(stats.norm.sf(1.709), abs=2e-4)

    def test_of_both_sides_the_worse_counts(self):
        assert equivalence(3, 9, 100, 0.1) == pytest.approx(equivalence(9, 3, 100, 0.1))

    def test_agrees_with_the_interval_of_the_difference(self):
        # The 95 % interval lies within the margin where both tests are significant at 2.5 %.
        for only_first, only_second, total in [(40, 31, 1_000), (5, 5, 200), (0, 0, 100)]:
            _, low, high = paired_difference(only_first, only_second, total)
            end = max(-low, high)
            assert equivalence(only_first, only_second, total, end + 1e-6) < 0.025
            assert equivalence(only_first, only_second, total, end - 1e-6) > 0.025

    def test_runs_that_differ_by_more_than_the_margin_are_not(self):
        assert equivalence(80, 20, 1_000, 0.02) > 0.99

    @pytest.mark.slow
    @pytest.mark.parametrize(("total", "share", "least"), [(200, 0.2, 0), (1_000, 0.1, 0.04)])
    def test_false_alarms_in_draws_at_the_margin(self, total, share, least):
        margin = 0.05

        def p_value(only_first, only_second):
            return equivalence(only_first, only_second, total, margin)

        alarms = for_each(disagreements(total, share, margin, seed=6), p_value) < 0.05
        # Of few texts it shows nothing: the two tests exclude each other.
        assert least < alarms.mean() < 0.055


class TestRepeats:
    FIRST, SECOND = [0.81, 0.83, 0.80, 0.84], [0.80, 0.83, 0.81, 0.83]

    def test_as_statsmodels_has_it(self):
        for margin in (0.005, 0.02, 0.1):
            paired = ttost_paired(np.array(self.FIRST), np.array(self.SECOND), -margin, margin)
            found = repeats_equivalence(self.FIRST, self.SECOND, True, margin)
            assert found == pytest.approx(paired[0])
            welch = ttost_ind(self.FIRST, self.SECOND, -margin, margin, usevar="unequal")
            found = repeats_equivalence(self.FIRST, self.SECOND, False, margin)
            assert found == pytest.approx(welch[0])

    def test_repeats_that_came_out_alike_show_nothing(self):
        assert repeats_equivalence([0.8, 0.8], [0.8, 0.8], True, 0.02) == 1.0


class TestTextsNeeded:
    def test_by_hand(self):
        # Of 1,000 texts 20 and 20, margin 2 points: (1.645 + 1.282)² · 0.04 / 0.02².
        root = stats.norm.ppf(0.95) + stats.norm.ppf(0.9)
        expected = math.ceil(root**2 * 0.04 / 0.02**2)
        assert texts_needed_for_equivalence(20, 20, 1_000, 0.02) == expected == 857

    def test_none_where_the_difference_is_no_smaller(self):
        assert texts_needed_for_equivalence(30, 10, 1_000, 0.02) is None

    @pytest.mark.slow
    @pytest.mark.parametrize(("share", "difference"), [(0.08, 0.0), (0.08, 0.01)])
    def test_shows_it_4_times_in_5(self, share, difference):
        only = round(1e6 * (share + difference) / 2), round(1e6 * (share - difference) / 2)
        needed = texts_needed_for_equivalence(*only, 1_000_000, 0.03)

        def p_value(only_first, only_second):
            return equivalence(only_first, only_second, needed, 0.03)

        shown = for_each(disagreements(needed, share, difference, seed=7), p_value) < 0.05
        assert 0.76 < shown.mean() < 0.86
