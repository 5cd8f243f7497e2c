"""One stored run that today's rules refuse, or that cannot be read, is shown and hurts nobody."""

import json
import sqlite3
from contextlib import closing

import pytest
from small_runs import small_config
from stored_runs import OLD, RESULT, change, epoch, step, stored

from peft_demo.errors import ConflictError, InvalidFieldsError
from peft_demo.runs import GroupKind, RunConfig, RunStatus
from peft_demo.runs.sweeps import Plan
from peft_demo.storage import DATABASE, Store


@pytest.fixture
def completed(store) -> str:
    run_id = store.start(small_config(name="Mine"), "me").run_id
    store.report(run_id, steps=[step(1)], epoch=epoch(1))
    store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
    return run_id


@pytest.fixture
def good(store) -> str:
    run_id = store.start(small_config(), "me").run_id
    store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
    return run_id


@pytest.fixture(params=OLD)
def old(request, store, home, completed, good) -> str:
    """A completed run of an earlier version."""
    change(home, completed, config=stored({"name": "Mine", **OLD[request.param]}))
    return completed


class TestARunThatTodaysRulesRefuse:
    def test_is_there_with_all_its_values_and_a_sentence(self, request, store, old, good):
        told = OLD[request.node.callspec.params["old"]]
        values = {name: value for name, value in told.items() if value is not None}
        run = store.get(old)
        assert {found.run_id: found for found in store.runs()}[old] == run
        assert run.config.flat().items() >= values.items()
        assert run.config.name == "Mine"
        assert run.result == RESULT
        assert run.epochs == (epoch(1),)
        assert next(iter(values)) in run.problem
        assert run.problem.endswith(".")
        assert not run.can_predict
        assert store.get(good).problem is None

    def test_tells_the_problem_in_json(self, store, old, good):
        assert json.loads(store.get(old).model_dump_json())["problem"] == store.get(old).problem
        assert json.loads(store.get(good).model_dump_json())["problem"] is None

    def test_is_not_queued_again(self, store, old):
        config = store.get(old).config
        with pytest.raises(InvalidFieldsError):
            RunConfig(config.flat())
        for queue in (store.submit, store.start):
            with pytest.raises(InvalidFieldsError) as caught:
                queue(config, "me")
            assert str(caught.value) == config.problem
        assert len(store.ids()) == 2

    def test_can_be_renamed_tagged_and_deleted(self, request, store, old):
        before = store.get(old).config.flat()
        assert store.annotate(old, name="Ours", tags="old").config.name == "Ours"
        assert store.get(old).config.flat() == {**before, "name": "Ours"}
        store.delete(old)
        assert store.restore(old) is None

    def test_is_named_after_its_settings_when_its_name_is_taken_away(self, store, old):
        assert store.annotate(old, name="").config.name


class TestAQueuedRunThatTodaysRulesRefuse:
    @pytest.mark.parametrize("what", OLD)
    def test_fails_with_the_sentence_and_the_next_is_claimed(self, store, home, what):
        refused = store.submit(small_config(), "me").run_id
        following = store.submit(small_config(), "me").run_id
        change(home, refused, config=stored(OLD[what]))
        seen = store.version
        assert store.claim().run_id == following
        run = store.get(refused)
        assert (run.status, run.error) == (RunStatus.FAILED, run.problem)
        assert {changed.run_id for changed in store.runs(seen)} == {refused, following}

    def test_fails_where_it_is_alone(self, store, home):
        refused = store.submit(small_config(), "me").run_id
        change(home, refused, config=stored(OLD["method"]))
        assert store.claim() is None
        assert store.get(refused).status is RunStatus.FAILED


UNREADABLE = {
    "config": ["no JSON", "[1]", "null", '"text"', "{}x"],
    "status": ["paused"],
    "kind": ["merge"],
    "created_at": ["yesterday"],
    "finished_at": ["soon"],
    "progress": ["{", '{"step": "x"}'],
    "result": ["{", '{"test_accuracy": 1}'],
    "range_test": ["7"],
    "tags": ['"text"', "{"],
}


class TestARowThatCannotBeRead:
    @pytest.mark.parametrize(
        ("column", "value"), [(name, value) for name in UNREADABLE for value in UNREADABLE[name]]
    )
    def test_is_shown_as_far_as_it_can_be(self, store, home, completed, good, column, value):
        change(home, completed, **{column: value})
        by_id = {run.run_id: run for run in store.runs()}
        assert set(by_id) == {completed, good}
        run = by_id[completed]
        assert column in run.problem
        assert run.owner == "me"
        assert column == "config" or run.config.name == "Mine"
        assert by_id[good].problem is None
        json.loads(run.model_dump_json())

    def test_of_an_epoch_or_a_step_hides_nothing_else(self, store, home, completed):
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            connection.execute("INSERT INTO epoch VALUES (1, 2, '{')")
            connection.execute("INSERT INTO step VALUES (1, 2, 'x', 'y')")
            connection.commit()
        again = Store(home)
        assert "epochs" in again.get(completed).problem
        assert again.get(completed).result == RESULT
        assert again.steps(completed) == [step(1)]
        again.close()

    def test_in_a_state_that_is_not_known_is_over(self, store, home, completed):
        change(home, completed, status="paused")
        with pytest.raises(ConflictError, match="paused"):
            store.request_stop(completed)
        store.delete(completed)
        assert store.ids() == []

    def test_whose_configuration_is_none_cannot_be_renamed(self, store, home, completed):
        change(home, completed, config="[1]")
        with pytest.raises(ConflictError, match="cannot be renamed"):
            store.annotate(completed, name="Ours")

    def test_of_a_group_is_shown(self, store, home):
        group, _ = store.submit_plan(Plan(GroupKind.SWEEP, "Ranks", (small_config(),)), "me")
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            connection.execute("UPDATE run_group SET kind = 'later', axes = '{'")
            connection.commit()
        assert [found.name for found in store.groups()] == ["Ranks"]
        assert len(store.group(group.group_id)[1]) == 1
