"""What people do with runs afterwards: write onto them, delete and restore them."""

import sqlite3
import time
from contextlib import closing

import pytest
from small_runs import small_config
from stored_runs import epoch, files_of, finished, purge_now, step, submit

from peft_demo.errors import ConflictError, InvalidFieldsError, NotFoundError
from peft_demo.runs import (
    GroupKind,
)
from peft_demo.runs.sweeps import Plan
from peft_demo.storage import DATABASE, Store, annotations, database


class TestDelete:
    def test_hides_a_run_everywhere_and_says_that_it_was_deleted(self, store, home):
        run_id, other = finished(store, 2)
        seen = store.version
        store.delete(run_id)
        assert store.ids() == [other]
        assert [run.run_id for run in store.runs()] == [other]
        assert store.runs(seen) == []
        assert store.steps(run_id) == []
        assert store.stop_requested(run_id)
        assert store.wishes([run_id, other]) == ({run_id}, set())
        again = Store(home)
        for opened in (store, again):
            for ask in (opened.get, opened.request_stop, opened.delete):
                with pytest.raises(NotFoundError, match=f"^{run_id} was deleted.$"):
                    ask(run_id)
            with pytest.raises(NotFoundError, match="was deleted"):
                opened.annotate(run_id, note="lost")
        again.close()

    def test_hides_a_run_in_its_group(self, store):
        configs = (small_config(seed=1), small_config(seed=2))
        group, runs = store.submit_plan(Plan(GroupKind.SWEEP, "Seeds", configs), "me")
        store.request_stop(runs[0].run_id)
        store.delete(runs[0].run_id)
        assert [run.run_id for run in store.group(group.group_id)[1]] == [runs[1].run_id]

    def test_of_several_is_one_change(self, store):
        ids = finished(store, 3)
        seen = store.version
        store.delete(*ids)
        assert store.version == seen + 1
        assert store.ids() == []

    def test_of_several_deletes_none_if_one_cannot_be(self, store):
        ids = finished(store, 2)
        (waiting,) = submit(store)
        with pytest.raises(ConflictError, match=f"{waiting} is queued: stop it before"):
            store.delete(*ids, waiting)
        with pytest.raises(NotFoundError, match="run-000099"):
            store.delete(*ids, "run-000099")
        assert store.ids() == [waiting, *reversed(ids)]

    def test_an_id_is_never_given_again(self, store, home):
        first, second = submit(store, 2)
        store.request_stop(second)
        store.delete(second)
        purge_now(store)
        store.close()
        again = Store(home)
        (third,) = submit(again)
        assert third not in (first, second)
        again.close()

    @pytest.mark.parametrize("is_claimed", [False, True])
    def test_a_run_that_is_not_over_stays(self, store, is_claimed):
        (run_id,) = submit(store)
        if is_claimed:
            store.claim()
        with pytest.raises(ConflictError, match="stop it before deleting it"):
            store.delete(run_id)
        assert store.ids() == [run_id]

    def test_a_short_id_means_the_same_run(self, store):
        (run_id,) = finished(store)
        assert store.folder_of("run-1") == store.folder_of(run_id)
        store.delete("run-1")
        assert store.ids() == []
        store.restore("run-1")
        assert store.ids() == [run_id]


class TestRestore:
    def test_brings_back_everything(self, store):
        ids = finished(store, 2)
        before = [(run.config, run.epochs, run.error) for run in store.runs()]
        files = files_of(store, ids[0])
        store.delete(*ids)
        seen = store.version
        store.restore(*ids)
        assert [(run.config, run.epochs, run.error) for run in store.runs()] == before
        assert store.steps(ids[0]) == [step(1)]
        assert files_of(store, ids[0]) == files
        # Who watches is told.
        assert {run.run_id for run in store.runs(seen)} == set(ids)

    def test_of_a_run_that_is_there_changes_nothing_but_the_version(self, store):
        (run_id,) = finished(store)
        store.restore(run_id)
        assert store.ids() == [run_id]

    def test_of_one_that_is_gone_for_good_is_told_and_restores_none(self, store):
        gone, deleted = finished(store, 2)
        store.delete(gone)
        purge_now(store)
        store.delete(deleted)
        with pytest.raises(NotFoundError, match=f"{gone} was deleted for good"):
            store.restore(deleted, gone)
        assert store.ids() == []


class TestPurge:
    def test_removes_metrics_and_files_of_deleted_runs_only(self, store, home):
        deleted, kept = finished(store, 2)
        store.delete(deleted)
        seen = store.version
        purge_now(store)
        assert files_of(store, deleted) == []
        assert len(files_of(store, kept)) == 3
        with pytest.raises(NotFoundError, match=f"{deleted} was deleted for good"):
            store.get(deleted)
        assert store.get(kept).epochs == (epoch(1),)
        assert store.version == seen  # nobody could see it any more
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            for table in ("step", "epoch"):
                (numbers,) = connection.execute(f"SELECT group_concat(run) FROM {table}")
                assert numbers == ("2",)

    def test_keeps_what_was_deleted_a_short_while_ago(self, store):
        (run_id,) = finished(store)
        store.delete(run_id)
        store.purge()
        store.restore(run_id)

    def test_is_done_when_another_run_is_deleted(self, store, monkeypatch):
        old, new = finished(store, 2)
        store.delete(old)
        monkeypatch.setattr(annotations, "KEPT_SECONDS", 0.0)
        store.delete(new)
        assert files_of(store, old) == []

    def test_a_clock_that_jumps_ends_no_time(self, store, home, monkeypatch):
        """What is deleted can be restored for an hour of this process's own."""
        (run_id,) = finished(store)
        store.delete(run_id)
        monkeypatch.setattr(annotations, "ago", lambda seconds: database.ago(seconds - 7200))
        store.purge()
        store.restore(run_id)
        # Nor does it in one that begins after the jump, until it is an hour old.
        store.delete(run_id)
        later = Store(home)
        later.purge()
        later.restore(run_id)
        later.delete(run_id)
        later.purge()
        clock = time.monotonic()
        monkeypatch.setattr(annotations.time, "monotonic", lambda: clock + 3601)
        later.purge()
        assert files_of(later, run_id) == []
        later.close()


class TestAnnotate:
    def test_writes_what_is_given_and_keeps_the_rest(self, store, home):
        (run_id,) = finished(store)
        before = store.get(run_id)
        seen = store.version
        store.annotate(run_id, name=" rank 16 ", tags=["class", "week 3"])
        run = store.annotate(run_id, note="first line\nsecond", is_starred=True)
        assert (run.config.name, run.tags) == ("rank 16", ("class", "week 3"))
        assert (run.note, run.is_starred) == ("first line\nsecond", True)
        assert run.config.flat() == {**before.config.flat(), "name": "rank 16"}
        assert run.epochs == before.epochs
        assert store.runs(seen) == [run]
        again = Store(home)
        assert again.get(run_id) == run
        again.close()

    def test_empty_values_take_away(self, store):
        (run_id,) = finished(store)
        store.annotate(run_id, name="mine", tags="a", note="b", is_starred=True)
        run = store.annotate(run_id, name="", tags=[], note="", is_starred=False)
        assert run.config.name == run.config.summary
        assert (run.tags, run.note, run.is_starred) == ((), "", False)

    def test_a_waiting_run_may_be_named(self, store):
        (run_id,) = submit(store)
        assert store.annotate(run_id, name="soon").queue_position == 1

    @pytest.mark.parametrize(
        ("changes", "parts"),
        [
            ({"name": "x" * 81}, ("name must be at most 80 characters", "(81 characters)")),
            ({"name": "two\nlines"}, ("name must be", "on one line")),
            ({"tags": ["x" * 31]}, ("tags must be 1 to 30 characters", "x" * 31)),
            ({"tags": [f"t{n}" for n in range(11)]}, ("tags must be at most 10, got 11",)),
            ({"tags": [1]}, ("tags must be texts, got 1",)),
            ({"note": "x" * 2_001}, ("note must be at most 2,000 characters", "(2,001")),
            ({"note": "bell \x07"}, ("note must be", "control characters")),
            ({"is_starred": "yes"}, ('is_starred must be true or false, got "yes"',)),
        ],
    )
    def test_a_bad_value_is_a_sentence_and_changes_nothing(self, store, changes, parts):
        (run_id,) = finished(store)
        before = store.get(run_id)
        with pytest.raises(InvalidFieldsError) as caught:
            store.annotate(run_id, **{"note": "fine", "is_starred": True, **changes})
        assert list(caught.value.problems) == list(changes)
        for part in parts:
            assert part in str(caught.value)
        assert store.get(run_id) == before

    def test_all_bad_values_are_told_together(self, store):
        (run_id,) = finished(store)
        with pytest.raises(InvalidFieldsError) as caught:
            store.annotate(run_id, name="x" * 81, note="x" * 2_001)
        assert set(caught.value.problems) == {"name", "note"}

    def test_several_at_once(self, store):
        ids = finished(store, 3)
        store.annotate(ids[0], tags=["old"], is_starred=True)
        seen = store.version
        store.annotate_all(ids[:2], tags="new, old")
        assert store.version == seen + 1
        assert [store.get(run_id).tags for run_id in ids] == [("old", "new"), ("new", "old"), ()]
        assert store.get(ids[0]).is_starred
        store.annotate_all(ids, is_starred=False)
        assert not any(run.is_starred for run in store.runs())
        assert store.get(ids[0]).tags == ("old", "new")

    def test_several_change_all_or_none(self, store):
        ids = finished(store, 2)
        store.annotate(ids[1], tags=[f"t{n}" for n in range(10)])
        for more, error in (([], InvalidFieldsError), (["run-000077"], NotFoundError)):
            with pytest.raises(error):
                store.annotate_all([ids[0], *(more or [ids[1]])], tags="one more")
            assert store.get(ids[0]).tags == ()
