"""The texts that split runs, and those that all get wrong."""

import pytest
from compared_runs import finished, probabilities

from peft_demo import comparison, data
from peft_demo.errors import AssetError, NotFoundError
from peft_demo.runs.presets import ASSIGNMENT

ASSIGNMENT_IDS = [f"reference-{preset}" for preset in ASSIGNMENT]


class TestDisagreements:
    def test_reviews_that_split_runs_and_those_that_all_get_wrong(self, store):
        a, b = finished(store, "A", range(10)), finished(store, "B", range(6, 20))
        found = comparison.disagreements(store, [a.run_id, b.run_id])
        assert (found.num_reviews, found.num_split, found.num_all_wrong) == (200, 16, 4)
        assert {row.index for row in found.split} == {*range(6), *range(10, 20)}
        wrong = {row.index: row for row in found.all_wrong}
        assert set(wrong) == {6, 7, 8, 9}
        assert wrong[6].probabilities == {a.run_id: (0.1, 0.9), b.run_id: (0.1, 0.9)}
        assert found.labels[wrong[6].label] == "negative"
        assert wrong[6].label == 0

    def test_the_surest_come_first(self, store):
        shares = probabilities([0, 1])
        shares[1] = [0.99, 0.01]
        a, b = finished(store, "A", shares=shares), finished(store, "B")
        found = comparison.disagreements(store, [a.run_id, b.run_id], limit=1)
        assert [row.index for row in found.split] == [1]
        assert found.num_split == 2

    def test_texts_are_those_of_the_test_pool(self, with_references):
        found = comparison.disagreements(with_references, ASSIGNMENT_IDS, limit=2)
        pool = data.load("imdb").test
        for row in (*found.split, *found.all_wrong):
            assert pool.texts[row.index].startswith(row.excerpt.removesuffix(" …"))
            assert row.label == pool.labels[row.index]
        index = found.split[0].index
        text, label = comparison.text_at(with_references, ASSIGNMENT_IDS[0], index)
        assert (text, label) == (pool.texts[index], ("negative", "positive")[pool.labels[index]])

    def test_other_reviews_than_the_pools_are_not_shown_as_texts(self, store):
        a, b = finished(store, "A", range(4)), finished(store, "B")
        found = comparison.disagreements(store, [a.run_id, b.run_id])
        assert found.split[0].excerpt == ""
        assert "not those that the runs were tested on" in found.problems[0]
        with pytest.raises(AssetError):
            comparison.text_at(store, a.run_id, 0)

    def test_a_place_outside_is_refused(self, with_references):
        with pytest.raises(NotFoundError, match="between 0 and 999, got 1000"):
            comparison.text_at(with_references, "reference-ia3", 1000)

    def test_runs_tested_on_others_are_left_out_by_name(self, store):
        a, b = finished(store, "A", range(4)), finished(store, "B")
        c = finished(store, "C", test_set="others")
        found = comparison.disagreements(store, [a.run_id, b.run_id, c.run_id])
        assert found.run_ids == (a.run_id, b.run_id)
        assert "other reviews: C." in found.problems[0]
        alone = comparison.disagreements(store, [a.run_id, "run-000777"])
        assert alone.problems == ("It takes two runs that were tested on the same reviews.",)
