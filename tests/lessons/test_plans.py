"""Which runs of a store are those of a lesson, and what they show beside a prediction."""

from datetime import UTC, datetime

import pytest
from compared_runs import finished, nothing, tfidf

from peft_demo.lessons.outcomes import holds, outcome
from peft_demo.lessons.plans import everybodys, form_values, found, own_seed, plan_of
from peft_demo.lessons.schema import Lesson, Means
from peft_demo.runs import RunStatus

SMALL = {"num_reviews": 40, "max_length": 16, "num_test_reviews": 200}
LESSON = Lesson.model_validate(
    {
        "number": 1,
        "title": "t",
        "goal": "g",
        "minutes": 1,
        "teacher": "t",
        "runs": {
            "ranks": {"values": SMALL, "axes": {"r": [4, 64]}},
            "seeds": {"values": SMALL, "repeats": 3},
            "mine": {"values": {**SMALL, "seed": "own"}},
            "two": {"values": SMALL, "each": [{"preset": "lora-1"}, {"preset": "ia3"}]},
        },
        "small": {"num_reviews": 10},
        "steps": [{"title": "s", "text": "t"}],
    }
)


@pytest.fixture
def ranks():
    return plan_of(LESSON, "ranks")


def train(store, plan, wrong=(), name="mine"):
    """One finished run for each configuration, called otherwise than the plan calls it."""
    return [
        finished(store, name, range(count), config={**config.flat(), "name": name})
        for config, count in zip(plan.configs, wrong, strict=True)
    ]


class TestPlans:
    def test_small_values_lie_over_every_plan(self, monkeypatch):
        assert {config.num_reviews for config in plan_of(LESSON, "ranks").configs} == {40}
        monkeypatch.setenv("PEFT_DEMO_LESSONS", "small")
        for name in LESSON.runs:
            assert {config.num_reviews for config in plan_of(LESSON, name).configs} == {10}
        assert form_values(LESSON, LESSON.runs["two"])["num_reviews"] == 10

    def test_those_of_a_list_have_presets_of_their_own(self):
        assert [config.method for config in plan_of(LESSON, "two").configs] == ["lora", "ia3"]

    def test_an_own_seed_stays_a_browsers(self):
        (mine,) = plan_of(LESSON, "mine", "a" * 32).configs
        assert mine.seed == own_seed("a" * 32) != own_seed("b" * 32)


class TestFound:
    def test_by_settings_and_owner_whatever_the_name(self, store, ranks):
        runs = train(store, ranks, (10, 20))
        assert found(ranks, store.runs(), "tester") == runs
        assert found(ranks, store.runs(), "somebody else") == [None, None]
        assert found(ranks, store.runs(), None) == runs

    def test_what_was_queued_before_does_not_count(self, store, ranks):
        train(store, ranks, (10, 20))
        began = datetime.now(UTC)
        assert found(ranks, store.runs(), "tester", began) == [None, None]
        later = train(store, ranks, (10, 20))
        assert found(ranks, store.runs(), "tester", began) == later
        assert found(ranks, store.runs(), "tester") == later

    def test_a_stopped_run_is_none(self, store, ranks):
        run = store.start(ranks.configs[0], "tester")
        assert found(ranks, store.runs(), "tester")[0].run_id == run.run_id
        store.finish(run.run_id, RunStatus.CANCELLED)
        assert found(ranks, store.runs(), "tester")[0] is None

    def test_everybodys_runs_of_whatever_seed(self, store):
        first, *others = plan_of(LESSON, "seeds").configs
        train(store, plan_of(LESSON, "seeds"), (10, 20, 30))
        again = finished(store, "again", range(15), config={**first.flat(), "name": "again"})
        found_runs = everybodys(plan_of(LESSON, "mine", "anybody"), store.runs())
        assert again in found_runs
        assert len(found_runs) == 1 + len(others)


class TestOutcome:
    @pytest.mark.parametrize(
        ("wrong", "is_shown"), [((40, 100), True), ((40, 44), False), ((100, 40), True)]
    )
    def test_difference(self, store, ranks, wrong, is_shown):
        runs = train(store, ranks, wrong)
        seen = outcome(store, runs, "difference", nothing)
        by_id = {run.run_id: run for run in runs}
        assert ("is better than" in " ".join(seen.words)) is is_shown
        assert [bar.name for bar in seen.bars] == ["r 4", "r 64"]
        better = 4 if wrong[0] < wrong[1] else 64
        assert holds(Means(best={"r": better}), seen, by_id) is is_shown
        assert holds(Means(best={"r": 68 - better}), seen, by_id) is False
        assert holds(Means(none=True), seen, by_id) is not is_shown

    def test_spread(self, store):
        runs = train(store, plan_of(LESSON, "seeds"), (40, 44, 50))
        seen = outcome(store, runs, "spread", nothing)
        assert seen.words[0] == "3 runs: from 75.0 % to 80.0 %, 5.0 points apart."
        assert "95 % interval" in seen.words[1]
        assert [bar.name for bar in seen.bars] == ["seed 42", "seed 43", "seed 44", "Mean"]
        assert holds(Means(between=(4, 6)), seen, {}) is True
        assert holds(Means(between=(0, 4)), seen, {}) is False

    def test_accuracy_and_cost(self, store, ranks):
        runs = train(store, ranks, (40, 44))
        seen = outcome(store, runs, "accuracy", nothing)
        assert "80.0 % right, 95 % interval" in seen.words[0]
        assert holds(Means(between=(75, 85)), seen, {}) is True
        assert [run.num_adapter_parameters for run in outcome(store, runs, "cost", nothing).costs]

    def test_baselines(self, store, ranks):
        runs = train(store, ranks, (20, 24))
        seen = outcome(store, runs, "baselines", tfidf(range(100)))
        assert holds(Means(beats=True), seen, {}) is True
        assert "TF-IDF" in " ".join(bar.name for bar in seen.bars)
        close = outcome(store, runs, "baselines", tfidf(range(21)))
        assert holds(Means(beats=True), close, {}) is False

    def test_baselines_of_which_some_are_not_measured_judge_nothing(self, store, ranks):
        runs = train(store, ranks, (20, 24))
        first, measured = runs[0].config.method_values["r"], tfidf(range(100))
        seen = outcome(
            store,
            runs,
            "baselines",
            lambda c: measured(c) if c.method_values["r"] == first else None,
        )
        assert seen.is_pending
        assert holds(Means(beats=True), seen, {}) is None
        assert seen.words == ("Counting words is still being measured.",)

    @pytest.mark.slow
    def test_by_repeats_where_there_are_some(self, store):
        configs = [
            {**config.flat(), "r": r}
            for r in (4, 64)
            for config in plan_of(LESSON, "seeds").configs
        ]
        wrong = (40, 42, 44, 90, 92, 95)
        runs = [
            finished(store, f"{n}", range(n), config={**config, "name": f"{n}"})
            for n, config in zip(wrong, configs, strict=True)
        ]
        seen = outcome(store, runs, "difference", nothing)
        assert len(seen.bars) == 2
        assert holds(Means(best={"r": 4}), seen, {run.run_id: run for run in runs}) is True

    def test_runs_without_a_result(self, store, ranks):
        run = store.start(ranks.configs[0], "tester")
        failed = store.finish(run.run_id, RunStatus.FAILED, error="It diverged.")
        assert outcome(store, [failed], "difference", nothing).words == (
            "No run has a test result.",
        )
