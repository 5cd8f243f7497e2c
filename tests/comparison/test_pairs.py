"""Pairs of runs, their verdict, and pairs that are refused."""

import numpy as np
import pytest
from compared_runs import compare, finished, nothing, probabilities

from peft_demo import comparison, statistics
from peft_demo.comparison.facts import Pair
from peft_demo.comparison.ranking import alike
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
        assert (pair.difference, pair.low, pair.high) == statistics.paired_difference(40, 8, 200)
        assert pair.p == pair.p_corrected == statistics.mcnemar(40, 8)
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
        first, second, third, last = compare(store, *runs).verdict
        assert first == "On the same 200 test reviews, A (95.0 %) is better than all the others."
        assert second == "No difference is shown between B and C."
        assert "practically equal" in third
        assert "Holm-corrected for 3 pairs" in last

    def test_alike_names_every_pair_that_is_not_shown_to_differ(self):
        chain = [_pair("a", "b", False), _pair("b", "c", False), _pair("a", "c", True)]
        assert alike(["a", "b", "c"], chain) == [["a", "b"], ["b", "c"]]

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
            (
                {"base_model": HUB_BASE, "dataset": "rotten_tomatoes"},
                {"test_set": "x"},
                "(built in)); they have different base models (all-MiniLM",
            ),
        ],
    )
    @pytest.mark.slow
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


class TestCorrection:
    """Three runs; what the tests themselves say is tested with the statistics."""

    @pytest.fixture
    def found(self, store):
        wrong = {"weak": range(100, 200), "alike": [*range(95, 100), *range(108, 200)]}
        runs = [finished(store, name, places) for name, places in wrong.items()]
        strong = finished(store, "strong", range(180, 200))
        return compare(store, *runs, strong)

    def test_the_best_come_first(self, found):
        names = {run.run_id: run.name for run in found.runs}
        assert [(names[pair.first], names[pair.second]) for pair in found.pairs] == [
            ("strong", "alike"),
            ("strong", "weak"),
            ("alike", "weak"),
        ]
        assert [pair.is_shown for pair in found.pairs] == [True, True, False]

    def test_p_values_are_corrected_for_the_number_of_pairs(self, found):
        p_values = [pair.p for pair in found.pairs]
        assert [pair.p_corrected for pair in found.pairs] == statistics.holm(p_values)

    def test_so_are_the_reviews_needed(self, found):
        pair = found.pairs[-1]
        assert (pair.only_first, pair.only_second) == (8, 5)
        assert pair.reviews_needed == statistics.texts_needed(8, 5, 200, alpha=0.05 / 3)


def _pair(first: str, second: str, is_shown: bool) -> Pair:
    shares = dict.fromkeys(("difference", "low", "high", "p"), 0.5)
    p_corrected = 0.01 if is_shown else 0.5
    told = {**shares, "p_corrected": p_corrected, "margin": 2.0, "p_equivalence": 0.5}
    return Pair(first=first, second=second, **told)
