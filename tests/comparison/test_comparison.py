"""Facts of a comparison: by equality on small runs that the test writes, and on the references."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from compared_runs import LABELS, REVIEWS, finished, finished_group, probabilities
from small_runs import ROOT, environment

from peft_demo import comparison, data, settings, statistics
from peft_demo.comparison import Evidence, curves, pairs, text_baseline
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF, TextBaseline
from peft_demo.errors import AssetError, InvalidFieldsError, NotFoundError
from peft_demo.models import HUB_BASE
from peft_demo.runs import GroupKind, RunConfig, RunKind
from peft_demo.runs.presets import ASSIGNMENT, REFERENCES
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

ASSIGNMENT_IDS = [f"reference-{preset}" for preset in ASSIGNMENT]


@pytest.fixture
def with_references(home: Path) -> Iterator[Store]:
    opened = Store(home, settings.ADAPTERS)
    yield opened
    opened.close()


def nothing(config: RunConfig) -> tuple[TextBaseline, ...]:
    return ()


def tfidf(wrong: range):
    """Text baselines that are wrong on these reviews, for every configuration."""
    found = (
        TextBaseline.of(MAJORITY, Predictions(probabilities(range(0, REVIEWS, 2)), LABELS), 0.1),
        TextBaseline.of(TFIDF, Predictions(probabilities(wrong), LABELS), 0.1),
    )
    return lambda config: found


def compare(store: Store, *runs, measure=nothing, **more):
    return comparison.compare(store, [run.run_id for run in runs], measure=measure, **more)


class TestRuns:
    def test_scores_are_those_of_the_stored_probabilities(self, store):
        run = finished(store, "A", wrong=range(20))
        (facts,) = compare(store, run).runs
        quality = facts.quality
        expected = statistics.scores(probabilities(range(20)), LABELS)
        assert quality.accuracy == 0.9
        assert (quality.low, quality.high) == statistics.wilson_interval(180, 200)
        assert quality.confusion == expected.confusion == ((90, 10), (10, 90))
        assert quality.macro_f1 == pytest.approx(0.9)
        assert quality.brier == pytest.approx(expected.brier)
        assert quality.calibration_error == pytest.approx(0, abs=1e-6)
        assert quality.log_loss.value == pytest.approx(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)))
        assert quality.log_loss.low < quality.log_loss.value < quality.log_loss.high

    def test_times_and_sizes(self, store):
        run = finished(store, "A", test_seconds=4.0, file_bytes=123)
        old = finished(store, "old")
        facts, before = compare(store, run, old).runs
        assert facts.prediction_milliseconds == 20.0
        assert before.prediction_milliseconds is None
        assert (facts.num_adapter_parameters, facts.num_head_parameters) == (1000, 500)
        assert facts.trained_parameters == 1500
        assert (facts.file_bytes, facts.training_seconds) == (123, 10.0)

    def test_equal_names_are_told_apart(self, store):
        runs = [finished(store, name) for name in ("same", "same", "other")]
        names = [fact.name for fact in compare(store, *runs).runs]
        assert names == [f"same ({runs[0].run_id})", f"same ({runs[1].run_id})", "other"]

    def test_only_settings_that_differ_are_listed(self, store):
        a = finished(store, "A", config={"method": "lora", "r": 4})
        b = finished(store, "B", config={"method": "lora", "r": 16})
        (row,) = compare(store, a, b).differences
        assert (row.field, row.label) == ("r", "Rank r")
        assert row.values == {a.run_id: "4", b.run_id: "16"}

    def test_a_setting_that_a_method_lacks_is_told_as_a_dash(self, store):
        a = finished(store, "A", config={"method": "lora", "learning_rate": 0.001})
        b = finished(store, "B", config={"method": "head_only", "learning_rate": 0.001})
        rows = {row.field: row.values for row in compare(store, a, b).differences}
        assert rows["r"] == {a.run_id: "8", b.run_id: "–"}
        assert rows["method"] == {a.run_id: "LoRA", b.run_id: "Head only"}
        assert "learning_rate" not in rows
        assert "name" not in rows

    def test_what_is_not_known_of_an_imported_adapter_is_not_claimed(self, store):
        a = finished(store, "A", config={"num_reviews": 60})
        b = finished(store, "B", kind=RunKind.IMPORTED)
        found = compare(store, a, b)
        rows = {row.field: row.values for row in found.differences}
        assert rows["num_reviews"] == {a.run_id: "60", b.run_id: "–"}
        assert any("nobody here knows" in problem for problem in found.problems)

    def test_other_processors_are_told(self, store):
        a = finished(store, "A")
        b = finished(store, "B", environment={"processor": "another"})
        found = compare(store, a, b)
        assert any("different processors" in problem for problem in found.problems)
        assert any(row.field == "processor" for row in found.differences)


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


class TestBadInput:
    def test_a_run_that_is_gone_is_told_and_the_rest_compared(self, store):
        a, b = finished(store, "A"), finished(store, "B", range(9))
        found = comparison.compare(store, [a.run_id, "run-000777", b.run_id], measure=nothing)
        assert len(found.pairs) == 1
        assert found.problems == (
            '"run-000777" is not among the runs: it was deleted, or never was.',
        )

    def test_one_run_is_shown_and_no_comparison(self, store):
        run = finished(store, "A")
        found = compare(store, run)
        assert found.verdict == ("One run is no comparison: choose at least one more.",)
        assert found.differences == found.pairs == ()
        assert found.runs[0].quality.accuracy == 1

    def test_unfinished_runs_are_told_with_their_state(self, store):
        a = finished(store, "A")
        store.submit(RunConfig(name="waits"), "me")
        store.start(RunConfig(name="runs"), "me")
        stopped = store.submit(RunConfig(name="stopped"), "me")
        store.request_stop(stopped.run_id)
        ids = [run.run_id for run in store.runs()]
        found = comparison.compare(store, ids, measure=nothing)
        assert found.verdict == (
            "Fewer than two of these runs have a test result, so there is no verdict yet.",
        )
        text = " ".join(found.problems)
        assert "waits waits in the queue" in text
        assert "runs is being trained" in text
        assert "stopped was stopped before its first epoch ended" in text
        assert [run.quality is None for run in found.runs] == [i != a.run_id for i in ids]

    def test_runs_without_epochs_have_empty_curves(self, store):
        run = store.start(RunConfig(), "me")
        assert curves.run_curves(run, [])["by_epoch"]["eval_accuracy"] == []
        assert curves.axes(run, [1, 2])["seconds"] == [None, None]
        assert curves.mean_curves([run]) == {}

    def test_a_run_without_predictions_is_told(self, store):
        a, b = finished(store, "A"), finished(store, "B")
        (store.folder_of(b.run_id) / "test_predictions.npz").write_bytes(b"damaged")
        found = compare(store, a, b)
        assert "The test predictions of B cannot be read" in found.problems[0]
        assert found.pairs == ()

    @pytest.mark.parametrize(
        ("ids", "came"),
        [([], "got nothing"), (["run-000001"], "got run-000001"), (list("abcdefghi"), "got 9")],
    )
    def test_two_to_eight_runs_are_asked_for(self, store, ids, came):
        with pytest.raises(InvalidFieldsError, match=f"run_ids must name 2 to 8 .*{came}"):
            comparison.check_run_ids(store, ids)

    def test_strict_callers_hear_of_unknown_runs(self, store):
        run = finished(store, "A")
        with pytest.raises(NotFoundError, match="run-000777"):
            comparison.check_run_ids(store, [run.run_id, "run-000777"])

    def test_a_run_named_twice_is_one(self, store):
        run = finished(store, "A")
        assert len(comparison.compare(store, [run.run_id] * 9, measure=nothing).runs) == 1


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

    def test_the_real_ones_beat_the_assignments_runs(self, with_references, tmp_path):
        ids = ["reference-lora-1", "reference-ia3"]
        found = comparison.compare(
            with_references, ids, measure=lambda c: text_baseline.measure(c, tmp_path)
        )
        assert [check.verdict for check in found.baseline_checks] == ["worse", "worse"]
        assert {line.name for line in found.baselines} == {MAJORITY, TFIDF}


class TestPareto:
    def test_frontier_and_missing_values(self, store):
        cheap = finished(store, "cheap", range(50), file_bytes=1_000)
        good = finished(store, "good", range(10), file_bytes=9_000, test_seconds=1.0)
        beaten = finished(store, "beaten", range(60), file_bytes=2_000)
        found = compare(store, cheap, good, beaten).pareto
        assert set(found.frontiers["accuracy|file_bytes"]) == {cheap.run_id, good.run_id}
        assert found.frontiers["accuracy|log_loss"] == (good.run_id,)
        measures = {measure.key: measure for measure in found.measures}
        assert measures["accuracy"].values[good.run_id].value == 0.95
        assert measures["accuracy"].values[good.run_id].low < 0.95
        assert "was not measured" in measures["prediction_milliseconds"].missing[cheap.run_id]
        assert len(found.frontiers) == 21

    def test_runs_with_other_test_reviews_have_costs_and_no_place_in_quality(self, store):
        a, b = finished(store, "A"), finished(store, "B")
        c = finished(store, "C", test_set="others")
        measures = {m.key: m for m in compare(store, a, b, c).pareto.measures}
        assert c.run_id in measures["file_bytes"].values
        assert measures["accuracy"].missing == {
            c.run_id: "C was tested on other reviews than the rest."
        }


class TestRepeats:
    def test_repeats_are_averaged_and_compared_by_seed(self, store):
        wrong = {"A": (10, 14, 12, 13), "B": (40, 47, 44, 41)}
        runs = [
            finished(store, name, range(k), config={"r": 4 if name == "A" else 8, "seed": seed})
            for name, counts in wrong.items()
            for seed, k in enumerate(counts)
        ]
        found = compare(store, *runs)
        first, second = found.repeats
        accuracies = [1 - k / REVIEWS for k in wrong["A"]]
        expected = statistics.mean_interval(accuracies)
        mean = first.accuracy
        assert (mean.value, mean.low, mean.high) == pytest.approx(expected)
        assert (first.name, first.num_finished) == ("A", 4)
        assert (first.lowest, first.highest) == pytest.approx((min(accuracies), max(accuracies)))
        (pair,) = found.repeat_pairs
        others = [1 - k / REVIEWS for k in wrong["B"]]
        assert pair.is_paired
        assert (pair.difference, pair.low, pair.high, pair.p) == pytest.approx(
            statistics.repeats_difference(accuracies, others, True)
        )
        assert "A is better" in pair.words
        assert second.name == "B"

    def test_other_seeds_are_compared_unpaired(self, store):
        runs = [
            finished(store, "A", range(k), config={"r": r, "seed": seed})
            for r, seed, k in ((4, 1, 10), (4, 2, 12), (8, 3, 40), (8, 4, 44))
        ]
        (pair,) = compare(store, *runs).repeat_pairs
        assert not pair.is_paired

    def test_repeats_that_all_differ_alike_are_not_compared(self, store):
        runs = [
            finished(store, "A", range(k), config={"r": r, "seed": seed})
            for r, seed, k in ((4, 1, 10), (4, 2, 20), (8, 1, 40), (8, 2, 50))
        ]
        found = compare(store, *runs)
        assert found.repeat_pairs == ()
        assert any("exactly the same in every repeat" in problem for problem in found.problems)

    def test_curves_of_repeats_have_a_mean_and_a_band(self, store):
        runs = [
            finished(store, "A", config={"seed": seed}, epochs=accuracies)
            for seed, accuracies in enumerate(((0.5, 0.6), (0.6, 0.8)))
        ]
        mean = curves.mean_curves(runs)["by_epoch"]
        assert mean["eval_accuracy"] == [0.55, 0.7]
        assert mean["eval_accuracy_low"][0] < 0.5 < 0.6 < mean["eval_accuracy_high"][0]
        assert mean["epochs"] == [1, 2]


class TestCurves:
    def test_axes(self, store):
        run = finished(store, "A", config={"per_device_train_batch_size": 10})
        # 32 reviews in batches of 10: four steps an epoch, the last of two reviews.
        axes = curves.axes(run, [1, 4, 8])
        assert axes["reviews"] == [10, 32, 64]
        assert axes["epochs"] == [pytest.approx(10 / 32, abs=1e-4), 1, 2]
        assert axes["seconds"] == [1.25, 5.0, 10.0]
        assert curves.axes(run, [9])["seconds"] == [None]


class TestGroups:
    def sweep(self, store, wrong=(60, 40, 20, 61, 41, 22), **changes):
        configs = [
            RunConfig({"r": r, "seed": seed, "num_reviews": 40, "num_test_reviews": REVIEWS})
            for seed in (1, 2)
            for r in (1, 4, 16)
        ]
        axes = {"r": [1, 4, 16], "seed": [1, 2]}
        return finished_group(store, configs, wrong, axes, **changes)

    def facts(self, store, group, **more):
        return comparison.group_facts(store, group.group_id, measure=nothing, **more)

    def test_seeds_are_repeats_and_other_axes_cells(self, store):
        group, _ = self.sweep(store)
        facts = self.facts(store, group)
        (axis,) = facts.axes
        assert (axis.field, axis.label, axis.values) == ("r", "Rank r", ("1", "4", "16"))
        assert [cell.name for cell in facts.cells] == ["r 1", "r 4", "r 16"]
        assert [cell.num_finished for cell in facts.cells] == [2, 2, 2]
        assert facts.best == facts.cells[2].cell_id
        assert facts.cells[2].accuracy.value == pytest.approx(1 - 21 / REVIEWS)
        assert facts.verdict[0].startswith("The highest of 3 test accuracies is 89.5 %, by r 16.")

    def test_unfinished_runs_are_counted(self, store):
        group, _ = self.sweep(store, wrong=(60, 40))
        facts = self.facts(store, group)
        assert facts.verdict[0] == "2 of 6 runs have a test result so far."
        assert facts.cells[2].accuracy is None
        assert facts.problems == ()

    def test_nothing_finished_yet(self, store):
        group, _ = self.sweep(store, wrong=())
        facts = self.facts(store, group)
        assert facts.verdict == ("0 of 6 runs have a test result so far.",)
        assert facts.best is None

    def test_single_runs_are_compared_on_the_same_reviews(self, store):
        configs = [RunConfig({"method": m, "num_reviews": 40}) for m in ("lora", "dora", "ia3")]
        group, _ = finished_group(store, configs, (10, 60, 61), {"method": ["lora", "dora", "ia3"]})
        facts = self.facts(store, group)
        assert "LoRA (95.0 %) is better than all the others." in facts.verdict[1]
        assert "No difference is shown between DoRA and IA3." in facts.verdict

    def test_of_many_runs_only_the_best_is_told(self, store):
        configs = [RunConfig({"r": r, "num_reviews": 40}) for r in range(1, 11)]
        group, _ = finished_group(store, configs, (5, *range(60, 69)), {"r": list(range(1, 11))})
        facts = self.facts(store, group)
        assert "better than 9 of the 9 others" in facts.verdict[1]
        assert "Holm-corrected for 45 pairs" in facts.verdict[1]

    def test_repeats_alone_tell_their_spread(self, store):
        configs = [RunConfig({"seed": s, "num_reviews": 40, "name": f"s {s}"}) for s in range(3)]
        group, _ = finished_group(store, configs, (10, 20, 30), kind=GroupKind.REPEATS)
        facts = self.facts(store, group)
        assert len(facts.cells) == 1
        assert "90.0 % on average of 3 seeds" in facts.verdict[0]
        assert "the seed alone moves it from 85.0 % to 95.0 %" in facts.verdict[0]

    def test_pareto_is_over_configurations(self, store):
        group, _ = self.sweep(store)
        facts = self.facts(store, group)
        accuracy = facts.pareto.measures[0]
        assert set(accuracy.values) == {cell.cell_id for cell in facts.cells}
        assert accuracy.values[facts.cells[0].cell_id].low is not None

    def test_unknown_groups(self, store):
        with pytest.raises(NotFoundError, match="group-000009"):
            comparison.group_facts(store, "group-000009", measure=nothing)


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
        assert comparison.review_at(with_references, ASSIGNMENT_IDS[0], index) == pool.texts[index]

    def test_other_reviews_than_the_pools_are_not_shown_as_texts(self, store):
        a, b = finished(store, "A", range(4)), finished(store, "B")
        found = comparison.disagreements(store, [a.run_id, b.run_id])
        assert found.split[0].excerpt == ""
        assert "not those that the runs were tested on" in found.problems[0]
        with pytest.raises(AssetError):
            comparison.review_at(store, a.run_id, 0)

    def test_a_place_outside_is_refused(self, with_references):
        with pytest.raises(NotFoundError, match="between 0 and 999, got 1000"):
            comparison.review_at(with_references, "reference-ia3", 1000)

    def test_runs_tested_on_others_are_left_out_by_name(self, store):
        a, b = finished(store, "A", range(4)), finished(store, "B")
        c = finished(store, "C", test_set="others")
        found = comparison.disagreements(store, [a.run_id, b.run_id, c.run_id])
        assert found.run_ids == (a.run_id, b.run_id)
        assert "other reviews: C." in found.problems[0]
        alone = comparison.disagreements(store, [a.run_id, "run-000777"])
        assert alone.problems == ("It takes two runs that were tested on the same reviews.",)


def test_evidence_reads_a_finished_run_once(store):
    run = finished(store, "A", range(4))
    evidence = Evidence(store)
    first = evidence.predictions(run)
    store.folder_of(run.run_id).joinpath("test_predictions.npz").unlink()
    assert evidence.predictions(run) is first


def test_neither_torch_nor_gradio_is_needed(home):
    code = (
        "import sys; import peft_demo.comparison\n"
        "loaded = {'torch', 'gradio', 'sklearn', 'statsmodels'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(home), check=True, timeout=120
    )


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
