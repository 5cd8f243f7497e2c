"""Facts of runs beside each other, and what comes for runs that cannot be compared."""

import subprocess
import sys

import numpy as np
import pytest
from compared_runs import (
    LABELS,
    compare,
    finished,
    nothing,
    probabilities,
)
from small_runs import ROOT, environment

from peft_demo import comparison, statistics
from peft_demo.comparison import curves
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.runs import RunConfig, RunKind


class TestRuns:
    def test_scores_are_those_of_the_stored_probabilities(self, store):
        run = finished(store, "A", wrong=range(20))
        (facts,) = compare(store, run).runs
        quality = facts.quality
        expected = statistics.scores(statistics.Predictions(probabilities(range(20)), LABELS))
        assert quality.accuracy == 0.9
        assert quality.interval == statistics.wilson_interval(180, 200)
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

    def test_of_long_names_the_parts_that_all_have_are_left_out(self, store):
        chosen = [{"r": r, "seed": seed} for r, seed in ((8, 1), (8, 2), (4, 3), (4, 4))]
        name = "LoRA · r {r} · dropout 0.1 · seed {seed}"
        seeds = [finished(store, name.format(**values), config=values) for values in chosen]
        found = compare(store, *seeds)
        assert [facts.name for facts in found.runs] == [
            *("LoRA · r 8 · seed 1", "LoRA · r 8 · seed 2"),
            *("LoRA · r 4 · seed 3", "LoRA · r 4 · seed 4"),
        ]
        assert [cell.name for cell in found.repeats] == ["LoRA · r 8", "LoRA · r 4"]
        assert compare(store, seeds[0]).runs[0].name == "LoRA · r 8 · dropout 0.1 · seed 1"

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

    def test_other_types_of_number_are_told(self, store):
        a, b = finished(store, "A", precision="float32"), finished(store, "B", precision="bfloat16")
        (told,) = [each for each in compare(store, a, b).problems if "types of number" in each]
        assert "(bfloat16 and float32)" in told
        same = finished(store, "C", precision="float32")
        assert not [each for each in compare(store, a, same).problems if "types of number" in each]

    def test_another_state_of_the_same_base_is_told(self, store):
        a = finished(store, "A", base_revision="4a5b")
        b = finished(store, "B", base_revision="c0ffee")
        (row,) = compare(store, a, b).differences
        assert (row.label, row.values[b.run_id]) == ("State of the base model", "c0ffee")


class TestBadInput:
    def test_a_run_that_is_gone_is_told_and_the_rest_compared(self, store):
        a, b = finished(store, "A"), finished(store, "B", range(9))
        found = comparison.compare(store, [a.run_id, "run-000777", b.run_id], measure=nothing)
        assert len(found.pairs) == 1
        assert found.problems == ('There is no run "run-000777": it was deleted, or never was.',)

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

    @pytest.mark.parametrize("ids", ["run-000001", {"run-000001": 1}, 1, ["run-000001", 2]])
    def test_what_is_no_list_of_ids_is_told_as_what_it_is(self, store, ids):
        for ask in (
            comparison.check_run_ids,
            comparison.compare,
            comparison.disagreements,
        ):
            with pytest.raises(InvalidFieldsError, match="run_ids must be a list of ids of runs"):
                ask(store, ids)

    def test_who_is_shown_to_differ_need_not_be_an_order(self, store):
        # 90.0, 88.2 and 86.4 % of 1,000, and only the first and the last are shown to differ.
        labels = np.arange(1_000) % 2
        wrong = {
            "A": [*range(100)],
            "B": [*range(60, 178)],
            "C": [*range(50, 100), *range(150, 236)],
        }
        runs = []
        for name, places in wrong.items():
            right = np.full(1_000, 0.9)
            right[places] = 0.1
            shares = np.stack([np.where(labels == n, right, 1 - right) for n in (0, 1)], axis=1)
            runs.append(finished(store, name, shares=shares, labels=labels))
        told = " ".join(compare(store, *runs).verdict)
        assert "A (90.0 %) is better than C." in told
        assert "No difference is shown between A and B; nor between B and C." in told

    def test_strict_callers_hear_of_unknown_runs(self, store):
        run = finished(store, "A")
        with pytest.raises(NotFoundError, match="run-000777"):
            comparison.check_run_ids(store, [run.run_id, "run-000777"])

    def test_a_run_named_twice_is_one(self, store):
        run = finished(store, "A")
        assert len(comparison.compare(store, [run.run_id] * 9, measure=nothing).runs) == 1


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
        assert len(found.frontiers) == 28
        # Twice the same measure: the best in it.
        assert found.frontiers["accuracy|accuracy"] == (good.run_id,)
        assert found.frontiers["file_bytes|file_bytes"] == (cheap.run_id,)

    def test_equals_do_not_beat_each_other(self, store):
        one, same = (finished(store, name, range(9), file_bytes=5) for name in ("A", "B"))
        bigger = finished(store, "C", range(9), file_bytes=6)
        found = compare(store, one, same, bigger).pareto
        assert found.frontiers["accuracy|file_bytes"] == (one.run_id, same.run_id)

    def test_runs_with_other_test_reviews_have_costs_and_no_place_in_quality(self, store):
        a, b = finished(store, "A"), finished(store, "B")
        c = finished(store, "C", test_set="others")
        measures = {m.key: m for m in compare(store, a, b, c).pareto.measures}
        assert c.run_id in measures["file_bytes"].values
        assert measures["accuracy"].missing == {
            c.run_id: "C was tested on other reviews than the rest."
        }


class TestCurves:
    def test_axes(self, store):
        run = finished(store, "A", config={"per_device_train_batch_size": 10})
        # 32 reviews in batches of 10: four steps an epoch, the last of two reviews.
        axes = curves.axes(run, [1, 4, 8])
        assert axes["reviews"] == [10, 32, 64]
        assert axes["epochs"] == [pytest.approx(10 / 32, abs=1e-4), 1, 2]
        assert axes["seconds"] == [1.25, 5.0, 10.0]
        assert curves.axes(run, [9])["seconds"] == [None]


def test_the_predictions_of_a_finished_run_are_read_once(store):
    run = finished(store, "A", range(4))
    first = compare(store, run)
    store.folder_of(run.run_id).joinpath("test_predictions.npz").unlink()
    assert compare(store, run).runs == first.runs


@pytest.mark.slow
def test_neither_torch_nor_gradio_is_needed(home):
    code = (
        "import sys; import peft_demo.comparison\n"
        "loaded = {'torch', 'gradio', 'sklearn', 'statsmodels'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(home), check=True, timeout=120
    )
