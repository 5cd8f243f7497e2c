"""The assignment, redone: its report beside runs of the same four configurations."""

import pytest
from compared_runs import finished_group

from peft_demo import comparison, statistics
from peft_demo.comparison.assignment import REPORTED
from peft_demo.runs import GroupKind, sweeps
from peft_demo.runs.presets import ASSIGNMENT, PRESETS


def redone(store, wrong, tuned=False):
    configs = sweeps.assignment(tuned=tuned).configs
    group, runs = finished_group(store, configs, wrong, kind=GroupKind.ASSIGNMENT)
    facts = comparison.group_facts(store, group.group_id, measure=lambda config: {})
    return facts, runs


class TestReport:
    def test_its_accuracies_are_shares_of_32_reviews(self, store):
        facts, _ = redone(store, [])
        reported = {row.name: row.reported for row in facts.assignment.rows}
        assert [round(share.value, 3) for share in reported.values()] == [0.594] * 3 + [0.625]
        best = [round(row.reported_best, 3) for row in facts.assignment.rows]
        assert best == [0.594, 0.688, 0.688, 0.625]
        for share in reported.values():
            assert share == statistics.wilson_interval(round(32 * share.value), 32)

    def test_its_losses_and_times(self, store):
        facts, _ = redone(store, [])
        rows = facts.assignment.rows
        assert [row.reported_loss for row in rows] == [0.6877, 0.6847, 0.6856, 0.6892]
        assert [row.reported_seconds for row in rows] == [82.0, None, 80.9, 268.5]
        assert list(REPORTED) == list(ASSIGNMENT)

    def test_the_verdict_on_it_comes_first(self, store):
        facts, _ = redone(store, [])
        assert facts.verdict[0].startswith(
            "In the report, the best and the worst of the four are one review of 32 apart."
        )
        assert "could not be told from chance" in facts.verdict[0]


class TestOurs:
    def test_rows_are_filled_as_runs_finish(self, store):
        facts, runs = redone(store, [100, 90])
        rows = facts.assignment.rows
        assert [row.name for row in rows] == [PRESETS[name].label for name in ASSIGNMENT]
        assert [row.run_id for row in rows] == [run.run_id for run in runs]
        assert [row.test and row.test.value for row in rows] == [0.5, 0.55, None, None]
        assert rows[0].validation_accuracy == rows[0].best_validation_accuracy == 0.7
        assert rows[0].num_validation_reviews == 32
        assert rows[0].num_test_reviews == 200
        assert not any("guessing" in sentence for sentence in facts.assignment.words)

    def test_no_better_than_guessing(self, store):
        facts, _ = redone(store, [100, 98, 99, 95])
        assert any(
            "none of the four is shown to be better than guessing" in s for s in facts.verdict
        )
        assert not facts.assignment.is_tuned

    def test_fed_they_are(self, store):
        facts, runs = redone(store, [40, 42, 41, 50], tuned=True)
        assert facts.assignment.is_tuned
        assert [row.run_id for row in facts.assignment.rows] == [run.run_id for run in runs]
        assert any(s.startswith("All four are better than guessing") for s in facts.verdict)

    @pytest.mark.parametrize("deleted", range(4))
    def test_a_row_without_its_run_stays(self, store, deleted):
        configs = sweeps.assignment().configs
        group, runs = finished_group(store, configs, [90] * 4, kind=GroupKind.ASSIGNMENT)
        store.delete(runs[deleted].run_id)
        rows = comparison.group_facts(
            store, group.group_id, measure=lambda config: {}
        ).assignment.rows
        assert [row.run_id is None for row in rows] == [n == deleted for n in range(4)]

    def test_a_new_name_changes_nothing(self, store):
        facts, runs = redone(store, [90] * 4)
        store.annotate(runs[0].run_id, name="mine")
        again = comparison.group_facts(
            store, facts.group["group_id"], measure=lambda config: {}
        ).assignment
        assert again.rows[0].run_id == runs[0].run_id

    def test_other_groups_have_none(self, store):
        plan = sweeps.plan({"num_reviews": 40}, {"r": [1, 2]})
        group, _ = store.submit_plan(plan, "me")
        facts = comparison.group_facts(store, group.group_id, measure=lambda config: {})
        assert facts.assignment is None
