"""Repeats of a configuration, and groups that were queued together."""

import pytest
from compared_runs import REVIEWS, compare, finished, finished_group, nothing

from peft_demo import comparison, statistics
from peft_demo.comparison import curves
from peft_demo.errors import NotFoundError
from peft_demo.runs import BeforeTraining, GroupKind, RunConfig


class TestRepeats:
    @pytest.mark.slow
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
        assert first.accuracy == statistics.mean_interval(accuracies)
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

    @pytest.mark.slow
    def test_other_seeds_are_compared_unpaired(self, store):
        runs = [
            finished(store, "A", range(k), config={"r": r, "seed": seed})
            for r, seed, k in ((4, 1, 10), (4, 2, 12), (8, 3, 40), (8, 4, 44))
        ]
        (pair,) = compare(store, *runs).repeat_pairs
        assert not pair.is_paired

    @pytest.mark.slow
    def test_repeats_that_all_differ_alike_are_not_compared(self, store):
        runs = [
            finished(store, "A", range(k), config={"r": r, "seed": seed})
            for r, seed, k in ((4, 1, 10), (4, 2, 20), (8, 1, 40), (8, 2, 50))
        ]
        found = compare(store, *runs)
        assert found.repeat_pairs == ()
        assert any("exactly the same in every repeat" in problem for problem in found.problems)

    def test_curves_begin_before_the_training_where_that_was_measured(self, store):
        runs = [
            finished(store, "A", config={"seed": seed}, epochs=accuracies)
            for seed, accuracies in enumerate(((0.5,), (0.6, 0.8)))
        ]
        before = BeforeTraining(eval_loss=0.7, eval_accuracy=0.4)
        runs[0] = runs[0].model_copy(update={"before_training": before})
        track = curves.run_curves(runs[0], [])["by_epoch"]
        assert [track[name] for name in (*curves.AXES, "eval_accuracy", "eval_loss")] == [
            [0, runs[0].epochs[0].step],
            [0, 1],
            [0, 32],
            [0, runs[0].epochs[0].seconds],
            [0.4, 0.5],
            [0.7, runs[0].epochs[0].eval_loss],
        ]
        mean = curves.mean_curves(runs)["by_epoch"]
        assert (mean["epochs"], mean["eval_accuracy"]) == ([0, 1, 2], [0.4, 0.55, 0.8])

    def test_curves_of_repeats_have_a_mean_and_a_band(self, store):
        runs = [
            finished(store, "A", config={"seed": seed}, epochs=accuracies)
            for seed, accuracies in enumerate(((0.5, 0.6), (0.6, 0.8)))
        ]
        mean = curves.mean_curves(runs)["by_epoch"]
        assert mean["eval_accuracy"] == [0.55, 0.7]
        assert mean["eval_accuracy_low"][0] < 0.5 < 0.6 < mean["eval_accuracy_high"][0]
        # Two seeds leave much open, but nothing below none or above all.
        assert mean["eval_accuracy_low"][1] == mean["eval_loss_low"][1] == 0
        assert mean["eval_accuracy_high"][1] == 1 < mean["eval_loss_high"][1]
        assert mean["epochs"] == [1, 2]


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

    def test_no_difference_is_said_first_and_a_tie_has_no_best(self, store):
        group, _ = self.sweep(store, wrong=(20, 21, 22, 23, 20, 19))
        facts = self.facts(store, group)
        assert "no difference between these 3 configurations is shown" in facts.verdict[0]
        assert facts.verdict[1].startswith("None of them are shown to be practically equal")
        assert facts.verdict[2].startswith("The highest of 3 test accuracies")
        assert facts.best is None

    @pytest.mark.parametrize("count", [3, 10])
    @pytest.mark.parametrize("is_tie", [False, True])
    @pytest.mark.slow
    def test_single_runs_that_tie_have_no_best(self, store, count, is_tie):
        configs = [RunConfig({"r": r, "num_reviews": 40}) for r in range(1, count + 1)]
        wrong = (60 if is_tie else 5, *range(61, 60 + count))
        group, _ = finished_group(store, configs, wrong, {"r": list(range(1, count + 1))})
        facts = self.facts(store, group)
        assert facts.best == (None if is_tie else facts.cells[0].cell_id)
        assert facts.verdict[0].startswith("The highest of") != is_tie
        assert ("no difference" in facts.verdict[0] or "None of the" in facts.verdict[0]) == is_tie

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

    @pytest.mark.slow
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
