"""Intervals against worked examples from the literature, and against their own promises.

An interval promises to hold the truth in 95 of 100 draws: simulated with fixed seeds, computed once
for each count that was drawn.
"""

import itertools

import numpy as np
import pytest
from drawn_statistics import (
    DRAWS,
    FEWER_DRAWS,
    SLEEP_1,
    SLEEP_2,
    disagreements,
    for_each,
    held,
    p_value,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from peft_demo.statistics import (
    mean_interval,
    paired_difference,
    repeats_difference,
    wilson_interval,
)


def wilson(correct: int, total: int) -> tuple[float, float]:
    found = wilson_interval(correct, total)
    assert found.value == correct / total
    return found.low, found.high


class TestWilsonInterval:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    @pytest.mark.parametrize(
        ("correct", "total", "expected"),
        [
            (81, 263, (0.2553, 0.3662)),
            (15, 148, (0.0624, 0.1605)),
            (0, 20, (0.0, 0.1611)),
            (1, 29, (0.0061, 0.1718)),
        ],
    )
    def test_newcombes_examples(self, correct, total, expected):
        assert wilson(correct, total) == pytest.approx(expected, abs=5e-5)

    @given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_holds_the_share_and_stays_between_0_and_1(self, counts):
        correct, total = counts
        low, high = wilson(correct, total)
        assert 0 <= low <= correct / total <= high <= 1

    @pytest.mark.parametrize(("correct", "total"), [(0, 0), (-1, 5), (6, 5)])
    def test_what_is_no_share(self, correct, total):
        with pytest.raises(ValueError, match=f"got {correct} of {total}"):
            wilson_interval(correct, total)

    # Counts are whole, so the coverage of every interval of a share jumps with n and p; these are
    # test sets and accuracies that the app sees. The next test takes p as it comes.
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("total", "share"),
        [(50, 0.6), (200, 0.75), (1_000, 0.5), (1_000, 0.812), (2_000, 0.65), (5_000, 0.92)],
    )
    def test_holds_the_truth_in_95_of_100_draws(self, total, share):
        drawn = np.random.default_rng(1).binomial(total, share, (DRAWS, 1))
        assert 0.94 <= held(for_each(drawn, lambda k: wilson(k, total)), share) <= 0.965

    @pytest.mark.slow
    @pytest.mark.parametrize("total", [32, 200, 1_000])
    def test_holds_accuracies_from_half_to_nearly_all_in_95_of_100_draws(self, total):
        random = np.random.default_rng(2)
        shares = random.uniform(0.5, 0.97, DRAWS)
        drawn = random.binomial(total, shares)[:, None]
        low, high = for_each(drawn, lambda k: wilson(k, total)).T
        assert 0.94 <= np.mean((low <= shares) & (shares <= high)) <= 0.965


class TestMeanInterval:
    def test_students_sleep(self):
        # R: t.test(extra ~ 1, subset = group == 1)
        found = mean_interval(SLEEP_1)
        expected = (0.75, -0.5297804, 2.0297804)
        assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-7)

    @pytest.mark.parametrize("values", [[], [0.8]])
    def test_one_value_tells_nothing_about_its_spread(self, values):
        with pytest.raises(ValueError, match=f"at least two values, got {len(values)}"):
            mean_interval(values)

    @pytest.mark.slow
    @pytest.mark.parametrize("repeats", [2, 5, 16])
    def test_holds_the_truth_in_95_of_100_draws(self, repeats):
        drawn = np.random.default_rng(3).normal(0.8, 0.01, (FEWER_DRAWS, repeats))
        # As accuracies on 1,000 reviews come.
        found = [mean_interval(values) for values in drawn.round(3)]
        limits = np.array([(each.low, each.high) for each in found])
        assert 0.94 <= held(limits, 0.8) <= 0.965


class TestPairedDifference:
    # Fagerland, Lydersen and Laake 2017, ch. 8, and their R package contingencytables.
    @pytest.mark.parametrize(
        ("counts", "total", "expected"),
        [
            ((1, 7), 21, (-0.2857, -0.5173, -0.0260)),
            ((6, 16), 161, (-0.0621, -0.1240, -0.0054)),
        ],
    )
    def test_published_examples(self, counts, total, expected):
        assert paired_difference(*counts, total) == pytest.approx(expected, abs=1e-4)

    def test_agrestis_approval_ratings(self):
        # Agresti 2002: 0.04 with a 95 % interval of 0.02 to 0.06.
        found = [round(value, 2) for value in paired_difference(150, 86, 1_600)]
        assert found == [0.04, 0.02, 0.06]

    @given(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 900)).filter(
            lambda counts: sum(counts) > 0
        )
    )
    def test_mirrors_and_holds_the_difference(self, counts):
        first, second, alike = counts
        total = first + second + alike
        difference, low, high = paired_difference(first, second, total)
        assert difference == pytest.approx((first - second) / total)
        assert -1 <= low <= difference <= high <= 1
        assert paired_difference(second, first, total) == pytest.approx((-difference, -high, -low))

    def test_two_that_never_disagree_may_still_differ(self):
        difference, low, high = paired_difference(0, 0, 44)
        assert difference == 0
        # By hand: z² / (n + z²).
        assert -low == pytest.approx(high)
        assert high == pytest.approx(1.96**2 / (44 + 1.96**2), rel=1e-4)

    @pytest.mark.parametrize("counts", [(0, 44), (44, 0)])
    def test_two_that_always_disagree(self, counts):
        difference, low, high = paired_difference(*counts, 44)
        assert difference in (low, high)
        assert 0.1 < high - low < 0.2

    @pytest.mark.parametrize("counts", [(0, 0, 0), (3, 3, 5), (-1, 2, 5)])
    def test_what_is_no_table(self, counts):
        with pytest.raises(ValueError, match="between 0 and total"):
            paired_difference(*counts)

    def test_a_shown_difference_is_never_0_by_its_interval(self):
        for first, second in itertools.combinations(range(50), 2):
            if p_value(first, second) < 0.05:
                _, low, high = paired_difference(first, second, 200)
                assert low > 0 or high < 0

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("total", "share", "difference"),
        [
            (50, 0.3, 0.1),
            (200, 0.2, 0.05),
            (1_000, 0.084, 0.014),
            (1_000, 0.3, 0.0),
            (5_000, 0.1, 0.02),
        ],
    )
    def test_holds_the_truth_in_95_of_100_draws(self, total, share, difference):
        drawn = disagreements(total, share, difference, seed=6)
        ends = for_each(drawn, lambda a, b: paired_difference(a, b, total)[1:])
        assert 0.94 <= held(ends, difference) <= 0.965

    @pytest.mark.slow
    @pytest.mark.parametrize("total", [32, 80])
    def test_is_nearer_to_95_of_100_than_bonett_and_price(self, total):
        """Exactly, over all tables: why this interval was chosen."""
        tables = np.array([(a, b) for a in range(total + 1) for b in range(total + 1 - a)])
        tango = for_each(tables, lambda a, b: paired_difference(a, b, total)[1:])
        first, second = (tables + 1).T / (total + 2)
        half = 1.95996 * np.sqrt((first + second - (first - second) ** 2) / (total + 2))
        bonett_price = np.stack([first - second - half, first - second + half], axis=1)
        misses = {"tango": [], "bonett_price": []}
        for share, part in itertools.product((0.05, 0.1, 0.2, 0.4), (0.0, 0.5, 0.9)):
            truth = share * part
            shares = [(share + truth) / 2, (share - truth) / 2, 1 - share]
            counts = np.column_stack([tables, total - tables.sum(axis=1)])
            weights = stats.multinomial.pmf(counts, total, shares)
            for name, ends in (("tango", tango), ("bonett_price", bonett_price)):
                holds = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
                misses[name].append(abs(weights[holds].sum() - 0.95))
        assert np.mean(misses["tango"]) < np.mean(misses["bonett_price"])


class TestRepeats:
    def test_students_sleep_in_pairs(self):
        # R: t.test(extra ~ group, paired = TRUE)
        found = repeats_difference(SLEEP_1, SLEEP_2, is_paired=True)
        assert found == pytest.approx((-1.58, -2.4598858, -0.7001142, 0.002833), abs=1e-6)

    def test_students_sleep_by_welch(self):
        # R: t.test(extra ~ group)
        found = repeats_difference(SLEEP_1, SLEEP_2, is_paired=False)
        assert found == pytest.approx((-1.58, -3.3654832, 0.2054832, 0.07939414), abs=1e-7)

    def test_identical_repeats_show_no_difference(self):
        assert repeats_difference([0.8, 0.81], [0.8, 0.81], is_paired=True) == (0, 0, 0, 1)

    @pytest.mark.parametrize(
        ("first", "second", "is_paired"),
        [
            # Every seed fixed: all repeats are one and the same.
            ([0.8, 0.8, 0.8], [0.7, 0.7, 0.7], False),
            ([0.8, 0.8, 0.8], [0.7, 0.7, 0.7], True),
            # Equal differences, but for rounding in the last bit.
            ([0.8, 0.9], [0.7, 0.8], True),
        ],
    )
    def test_no_spread_is_no_proof(self, first, second, is_paired):
        with pytest.raises(ValueError, match="nothing is known about their spread"):
            repeats_difference(first, second, is_paired)

    @pytest.mark.parametrize(
        ("first", "second", "is_paired"),
        [([0.8], [0.7, 0.6], False), ([0.8, 0.7, 0.9], [0.7, 0.8], True)],
    )
    def test_too_few_or_without_partner(self, first, second, is_paired):
        with pytest.raises(ValueError, match=f"got {len(first)} and {len(second)}"):
            repeats_difference(first, second, is_paired)

    @pytest.mark.slow
    @pytest.mark.parametrize("is_paired", [True, False])
    def test_holds_the_truth_in_95_of_100_draws_and_rarely_alarms(self, is_paired):
        random = np.random.default_rng(8)
        shared = random.normal(0, 0.02, (FEWER_DRAWS, 5)) * is_paired
        first = 0.8 + shared + random.normal(0, 0.01, (FEWER_DRAWS, 5))
        second = 0.8 + shared + random.normal(0, 0.015, (FEWER_DRAWS, 5))
        found = np.array(
            [repeats_difference(a, b, is_paired) for a, b in zip(first, second, strict=True)]
        )
        assert 0.94 <= held(found[:, 1:3], 0.0) <= 0.965
        assert np.mean(found[:, 3] < 0.05) <= 0.055  # 5 in 100, and the draws' own noise
