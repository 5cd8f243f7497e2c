"""Lines to beat, and whether runs beat them."""

import pytest
from compared_runs import compare, finished, tfidf

from peft_demo import comparison
from peft_demo.comparison import text_baseline
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF
from peft_demo.errors import AssetError


class TestBaselines:
    def test_a_run_that_does_not_beat_counting_words_is_told_so(self, store):
        runs = [finished(store, n, range(k)) for n, k in (("A", 2), ("B", 40), ("C", 90))]
        found = compare(store, *runs, measure=tfidf(range(41)))
        assert [check.verdict for check in found.baseline_checks] == ["beats", "not shown", "worse"]
        text = " ".join(found.verdict)
        assert "C is worse than counting words" in text
        assert "gets 79.5 % from the same reviews, it 55.0 %" in text
        assert "B is not shown to beat counting words" in text
        assert "A is" not in text.replace("A (", "")

    def test_that_none_of_many_beats_it_is_told_without_their_names(self, store):
        runs = [finished(store, name, range(40)) for name in ("A", "B", "C")]
        told = " ".join(compare(store, *runs, measure=tfidf(range(41))).verdict)
        assert "None of these 3 runs is shown to beat counting words" in told

    def test_that_all_beat_it_is_told_too(self, store):
        a, b = finished(store, "A"), finished(store, "B", range(3))
        assert compare(store, a, b, measure=tfidf(range(60))).verdict[-1].startswith("A and B both")

    def test_lines_are_labelled_and_shared(self, store):
        a, b = finished(store, "A"), finished(store, "B")
        guessing, words = compare(store, a, b, measure=tfidf(range(50))).baselines
        assert (guessing.name, guessing.accuracy, guessing.detail) == (MAJORITY, 0.5, "")
        assert (words.name, words.accuracy) == (TFIDF, 0.75)
        assert words.detail == "32 reviews of 16 tokens"
        assert words.run_ids == (a.run_id, b.run_id)

    def test_baselines_of_several_seeds_are_one_line(self, store):
        measures = {1: tfidf(range(50)), 2: tfidf(range(60))}
        runs = [finished(store, str(seed), config={"seed": seed}) for seed in (1, 2)]
        lines = compare(store, *runs, measure=lambda c: measures[c.seed](c)).baselines
        (words,) = [line for line in lines if line.name == TFIDF]
        assert words.accuracy == pytest.approx(0.725)
        assert words.detail.endswith("mean of 2 seeds")

    def test_pending_ones_are_told(self, store):
        found = compare(store, finished(store, "A"), measure=lambda config: None)
        assert found.baselines_pending
        assert found.baselines == ()

    def test_why_they_cannot_be_computed_is_told(self, store):
        def fails(config):
            raise AssetError("no reviews here.")

        found = compare(store, finished(store, "A"), measure=fails)
        assert found.problems == ("The baselines of A cannot be computed: no reviews here.",)

    def test_a_head_only_run_on_the_same_reviews_is_a_line(self, store):
        run = finished(store, "A")
        finished(store, "other reviews", range(9), config={"method": "head_only", "seed": 5})
        worse = finished(store, "w", range(5), config={"method": "head_only"}, epochs=(0.6,))
        better = finished(store, "b", range(30), config={"method": "head_only"}, epochs=(0.9,))
        (line,) = compare(store, run).baselines
        # By validation: picking by the test would flatter the baseline.
        assert (line.name, line.detail, line.accuracy) == ("Head only", "b", 0.85)
        assert line.is_trained
        assert compare(store, run, worse, better).baselines == ()

    @pytest.mark.slow
    def test_the_real_ones_beat_the_assignments_runs(self, with_references, tmp_path):
        ids = ["reference-lora-1", "reference-ia3"]
        found = comparison.compare(
            with_references, ids, measure=lambda c: text_baseline.measure(c, tmp_path)
        )
        assert [check.verdict for check in found.baseline_checks] == ["worse", "worse"]
        assert {line.name for line in found.baselines} == {MAJORITY, TFIDF}
