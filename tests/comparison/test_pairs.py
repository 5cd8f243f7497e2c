"""Pairs of runs, their verdict, and pairs that are refused."""

import numpy as np
import pytest
from compared_runs import REVIEWS, compare, finished, nothing, probabilities

from peft_demo import comparison, statistics
from peft_demo.comparison import pairs
from peft_demo.models import HUB_BASE
from peft_demo.runs.presets import ASSIGNMENT, REFERENCES

ASSIGNMENT_IDS = [f"reference-{preset}" for preset in ASSIGNMENT]


class TestPairs:
    def test_two_runs_get_their_verdict_first(self, store):
        a, b = finished(store, "A", range(10)), finished(store, "B", range(8, 50))
        found = compare(store, a, b)
        (pair,) = found.pairs
        assert (pair.first, pair.second) == (a.run_id, b.run_id)
        assert (pair.only_first, pair.only_second, pair.disagreements) == (40, 8, 48)
        assert pair.difference == pytest.approx(0.16)
        assert pair.p == pair.p_corrected == statistics.mcnemar(*_right(range(10), range(8, 50)))
        assert pair.is_shown
        assert found.verdict == (pair.words,)
        assert pair.words.startswith("A is better than B")

    def test_no_difference_says_how_many_reviews_it_would_take(self, store):
        a, b = finished(store, "A", range(20)), finished(store, "B", range(5, 28))
        (sentence,) = compare(store, a, b).verdict
        assert "No difference shown" in sentence
        assert "you would need about" in sentence

    def test_several_runs_are_ranked_and_those_alike_named(self, store):
        runs = [finished(store, n, range(k)) for n, k in (("A", 10), ("B", 60), ("C", 62))]
        first, second, last = compare(store, *runs).verdict
        assert first == "On the same 200 test reviews, A (95.0 %) is better than all the others."
        assert second == "No difference is shown between B and C."
        assert "Holm-corrected for 3 pairs" in last

    def test_alike_names_every_pair_that_is_not_shown_to_differ(self):
        def pair(first, second, is_shown):
            return _pair(first, second, is_shown)

        chain = [pair("a", "b", False), pair("b", "c", False), pair("a", "c", True)]
        assert pairs.alike(["a", "b", "c"], chain) == [["a", "b"], ["b", "c"]]

    def test_all_reference_runs_of_the_assignment_are_alike(self, with_references):
        found = comparison.compare(with_references, ASSIGNMENT_IDS, measure=nothing)
        assert len(found.pairs) == 6
        assert not any(pair.is_shown for pair in found.pairs)
        assert found.verdict[0].startswith(
            "On the same 1,000 test reviews, no difference between these 4 runs is shown"
        )

    def test_the_recommended_lora_beats_all_other_references(self, with_references):
        ids = [f"reference-{preset}" for preset in REFERENCES]
        found = comparison.compare(with_references, ids, measure=nothing)
        assert found.verdict[0].endswith(
            "LoRA, recommended (83.9 %) is better than all the others."
        )
        assert len(found.pairs) == 21

    @pytest.mark.parametrize(
        ("config", "changes", "reason"),
        [
            ({}, {"test_set": "others"}, "different reviews (200 each, but not the same)"),
            ({"dataset": "rotten_tomatoes"}, {"test_set": "x"}, "different data sets (IMDB"),
            ({"base_model": HUB_BASE}, {}, "different base models (all-MiniLM"),
        ],
    )
    def test_unlike_runs_are_refused_in_pairs_and_shown_beside_each_other(
        self, store, config, changes, reason
    ):
        a, b = finished(store, "A"), finished(store, "B", range(9))
        c = finished(store, "C", range(20), config=config, **changes)
        found = compare(store, a, b, c)
        assert [(pair.first, pair.second) for pair in found.pairs] == [(a.run_id, b.run_id)]
        assert {(pair.first, pair.second) for pair in found.refused} == {
            (a.run_id, c.run_id),
            (b.run_id, c.run_id),
        }
        assert all(reason in pair.reason for pair in found.refused)
        assert found.runs[2].quality.accuracy == 0.9

    def test_numbers_of_test_reviews_are_named(self, store):
        a = finished(store, "A")
        few = np.arange(50) % 2
        b = finished(store, "B", shares=probabilities(())[:50], labels=few, test_set="first 50")
        (pair,) = compare(store, a, b).refused
        assert "(200 and 50 of them)" in pair.reason

    def test_pairs_of_all_groups_are_corrected_together(self, store):
        one = [finished(store, n, range(k)) for n, k in (("A", 10), ("B", 22))]
        two = [finished(store, n, range(k), test_set="x") for n, k in (("C", 10), ("D", 22))]
        alone = compare(store, *one).pairs[0]
        first, second = compare(store, *one, *two).pairs
        assert first.p == second.p == alone.p
        assert first.p_corrected == second.p_corrected == pytest.approx(2 * alone.p)


def _right(*wrong: range) -> list[np.ndarray]:
    return [~np.isin(np.arange(REVIEWS), list(each)) for each in wrong]


def _pair(first: str, second: str, is_shown: bool) -> comparison.facts.PairFacts:
    numbers = dict.fromkeys(("num_reviews", "only_first", "only_second", "disagreements"), 1)
    shares = dict.fromkeys(("difference", "low", "high", "p", "p_corrected"), 0.5)
    return comparison.facts.PairFacts(
        first=first,
        second=second,
        is_shown=is_shown,
        reviews_needed=None,
        words="",
        **numbers,
        **shares,
    )
