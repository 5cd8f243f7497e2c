"""Practically equal: shown to lie within a margin, which says what to choose."""

import numpy as np
import pytest
from compared_runs import compare, finished, finished_group, nothing

from peft_demo import comparison, statistics
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig

LARGE = {"num_adapter_parameters": 16_000}


def three(store):
    """The best is large; one is as good, one as small but worse."""
    return (
        finished(store, "large", range(10), **LARGE),
        finished(store, "small", range(11)),
        finished(store, "poor", range(60)),
    )


class TestRuns:
    def test_what_is_not_shown_to_differ_is_not_therefore_equal(self, store):
        first, second = finished(store, "A", range(20)), finished(store, "B", range(5, 28))
        (pair,) = compare(store, first, second).pairs
        assert not pair.is_shown
        assert not pair.is_equivalent
        needed = pair.reviews_needed_for_equivalence
        assert f"practically equal, within ±2 points (p = {pair.p_equivalence:.2g})" in pair.words
        assert f"for that you would need about {float(f'{needed:.2g}'):,.0f} reviews" in pair.words

    def test_the_margin_is_the_users(self, store):
        ids = [finished(store, n, range(k)).run_id for n, k in (("A", 10), ("B", 12))]
        found = {
            margin: comparison.compare(store, ids, margin=margin, measure=nothing)
            for margin in (1, 10)
        }
        assert [one.pairs[0].is_equivalent for one in found.values()] == [False, True]
        assert found[10].margin == found[10].pairs[0].margin == 10
        assert "within ±10 points" in found[10].verdict[0]

    def test_p_values_are_corrected_for_all_pairs(self, store):
        ids = [run.run_id for run in three(store)]
        pairs = comparison.compare(store, ids, margin=5, measure=nothing).pairs
        alone = [
            statistics.equivalence(pair.only_first, pair.only_second, 200, 0.05) for pair in pairs
        ]
        assert [pair.p_equivalence for pair in pairs] == pytest.approx(statistics.holm(alone))

    def test_the_verdict_names_the_equal_and_chooses_the_smaller(self, store):
        ids = [run.run_id for run in three(store)]
        verdict = comparison.compare(store, ids, margin=5, measure=nothing).verdict
        assert "Practically equal within ±5 points are large and small." in verdict
        assert (
            "small is practically equal to large within ±5 points and has 1/16 of its adapter "
            "parameters: 1,000 of 16,000." in verdict
        )

    def test_nothing_is_chosen_where_the_best_is_the_smallest(self, store):
        first, second = finished(store, "A", range(10)), finished(store, "B", range(11), **LARGE)
        found = comparison.compare(store, [first.run_id, second.run_id], margin=5, measure=nothing)
        assert found.pairs[0].is_equivalent
        assert len(found.verdict) == 1

    @pytest.mark.parametrize("margin", [0, 0.09, 20.1, float("nan"), True, "2", None])
    def test_a_margin_out_of_its_limits_is_refused(self, store, margin):
        ids = [run.run_id for run in three(store)]
        with pytest.raises(InvalidFieldsError, match=r"margin must be between 0\.1 and 20 points"):
            comparison.compare(store, ids, margin=margin, measure=nothing)


class TestRepeats:
    @pytest.fixture
    def group(self, store):
        configs = [
            RunConfig({"lora_alpha": alpha, "seed": seed, "num_reviews": 40, "max_length": 16})
            for alpha in (8, 16)
            for seed in (1, 2, 3, 4)
        ]
        axes = {"lora_alpha": [8, 16], "seed": [1, 2, 3, 4]}
        return finished_group(store, configs, (20, 22, 21, 19, 20, 21, 22, 19), axes)[0]

    def test_they_are_equal_over_their_seeds(self, store, group):
        (pair,) = comparison.group_facts(
            store, group.group_id, margin=2, measure=nothing
        ).repeat_pairs
        accuracies = [
            [1 - wrong / 200 for wrong in some] for some in ((20, 22, 21, 19), (20, 21, 22, 19))
        ]
        expected = statistics.repeats_equivalence(*accuracies, True, 0.02)
        assert pair.p_equivalence == pytest.approx(expected)
        assert pair.is_equivalent
        assert "practically equal" in pair.words

    def test_a_smaller_margin_is_not_shown(self, store, group):
        (pair,) = comparison.group_facts(
            store, group.group_id, margin=0.1, measure=nothing
        ).repeat_pairs
        assert not pair.is_equivalent
        with pytest.raises(InvalidFieldsError, match="margin"):
            comparison.group_facts(store, group.group_id, margin=np.inf, measure=nothing)
