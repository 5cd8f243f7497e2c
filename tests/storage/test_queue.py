"""The queue: who is next, what runs bring along, and how they are stopped."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from small_runs import small_config
from stored_runs import (
    RANGE_TEST,
    RESULT,
    epoch,
    judged,
    positions,
    purge_now,
    silent_for,
    step,
    submit,
    write_checkpoint,
)

from peft_demo.errors import ConflictError, StoreError
from peft_demo.runs import Progress, RunKind, RunStatus, StoppedEarly, checkpoints
from peft_demo.storage import DATABASE, Store, queue


class TestQueue:
    def test_oldest_goes_first(self, store):
        ids = submit(store, 3)
        assert [store.claim().run_id for _ in ids] == ids
        assert store.claim() is None

    def test_positions_count_from_one_and_move_up(self, store):
        first, second, third = submit(store, 3)
        assert positions(store) == {first: 1, second: 2, third: 3}
        store.claim()
        assert positions(store) == {first: None, second: 1, third: 2}
        store.request_stop(second)
        assert positions(store) == {first: None, second: None, third: 1}

    def test_a_claimed_run_is_running(self, store):
        (run_id,) = submit(store)
        run = store.claim()
        assert run.status is RunStatus.RUNNING
        assert run.started_at >= run.created_at
        assert store.get(run_id) == run

    def test_a_started_run_goes_past_the_queue(self, store):
        (waiting,) = submit(store)
        run = store.start(small_config(), "me")
        assert run.status is RunStatus.RUNNING
        assert store.claim().run_id == waiting

    def test_keeps_configuration_and_owner(self, store):
        config = small_config("ia3", name="mine")
        run = store.submit(config, "browser-1")
        assert store.get(run.run_id).config == config
        assert store.get(run.run_id).owner == "browser-1"


class TestKinds:
    @pytest.mark.parametrize("kind", RunKind)
    def test_are_kept(self, store, home, kind):
        waiting = store.submit(small_config(), "me", kind)
        started = store.start(small_config(), "me", kind)
        assert (waiting.kind, started.kind) == (kind, kind)
        assert store.claim().kind is kind
        again = Store(home)
        assert [run.kind for run in again.runs()] == [kind, kind]
        again.close()

    def test_is_a_training_unless_said(self, store):
        (run_id,) = submit(store)
        assert store.get(run_id).kind is RunKind.TRAINING

    def test_wait_in_one_queue(self, store):
        ids = [store.submit(small_config(), "me", kind).run_id for kind in RunKind]
        assert [store.claim().run_id for _ in ids] == ids

    def test_what_a_range_test_found_survives_reopening(self, store, home):
        run = store.start(small_config(), "me", RunKind.RANGE_TEST)
        done = store.finish(run.run_id, RunStatus.COMPLETED, range_test=RANGE_TEST)
        assert (done.range_test, done.result) == (RANGE_TEST, None)
        again = Store(home)
        assert again.get(run.run_id) == done
        again.close()


class TestFilesToBeginWith:
    @pytest.fixture
    def files(self, home) -> Path:
        folder = home / ".import-1"
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        return folder

    @pytest.mark.parametrize("how", ["submit", "start"])
    def test_are_the_runs_partial_folder(self, store, files, how):
        run = getattr(store, how)(small_config(), "me", RunKind.IMPORTED, files)
        partial = store.partial_folder_of(run.run_id)
        assert (partial / "adapter_model.safetensors").read_bytes() == b"weights"
        assert not files.exists()

    def test_are_there_when_the_run_can_be_claimed(self, store, home, files, monkeypatch):
        """Another engine may claim it at once."""
        other = Store(home)
        seen = []
        replace = os.replace

        def look(source, target):
            seen.append(other.ids())
            replace(source, target)

        monkeypatch.setattr(queue.os, "replace", look)
        run = store.submit(small_config(), "me", RunKind.IMPORTED, files)
        assert seen == [[]]
        assert other.claim().run_id == run.run_id
        other.close()

    def test_that_are_gone_add_no_run(self, store, home):
        with pytest.raises(StoreError):
            store.submit(small_config(), "me", RunKind.IMPORTED, home / "nowhere")
        assert store.ids() == []

    def test_go_with_a_run_that_is_deleted_before_it_began(self, store, files):
        run_id = store.submit(small_config(), "me", RunKind.IMPORTED, files).run_id
        store.request_stop(run_id)
        store.delete(run_id)
        purge_now(store)
        assert not store.partial_folder_of(run_id).exists()


class TestStop:
    def test_a_waiting_run_is_cancelled_at_once(self, store):
        (run_id,) = submit(store)
        assert store.request_stop(run_id).status is RunStatus.CANCELLED
        assert store.claim() is None

    def test_a_running_run_is_asked(self, store):
        (run_id,) = submit(store)
        store.claim()
        assert not store.stop_requested(run_id)
        assert store.request_stop(run_id).status is RunStatus.RUNNING
        assert store.stop_requested(run_id)

    @pytest.mark.parametrize("status", [status for status in RunStatus if status.is_over])
    def test_a_run_that_is_over_cannot_be_stopped(self, store, status):
        (run_id,) = submit(store)
        store.claim()
        store.finish(run_id, status)
        with pytest.raises(ConflictError, match=f"{run_id} is {status}"):
            store.request_stop(run_id)
        assert store.get(run_id).status is status


class TestKeep:
    @pytest.fixture
    def running(self, store) -> str:
        return store.start(small_config(), "me").run_id

    def test_is_asked_for_once_an_epoch_is_whole(self, store, running):
        with pytest.raises(ConflictError, match="no whole epoch yet that could be kept"):
            store.request_keep(running)
        store.report(running, Progress(), [step(1)], epoch(1))
        assert not store.wishes([running])[1]
        assert store.request_keep(running).status is RunStatus.RUNNING
        assert store.wishes([running])[1]
        # The end of the program meanwhile is no wish to stop.
        assert not store.stop_requested(running)

    def test_is_for_trainings_in_progress(self, store):
        (waiting,) = submit(store)
        test = store.start(small_config(), "me", RunKind.RANGE_TEST).run_id
        for run_id, why in ((waiting, "is queued"), (test, "is no training")):
            with pytest.raises(ConflictError, match=why):
                store.request_keep(run_id)

    def test_is_forgotten_when_it_goes_on_after_all(self, store, running):
        store.report(running, Progress(), [step(1)], epoch(1))
        store.request_keep(running)
        store.finish(running, RunStatus.INTERRUPTED)
        store.resume(running)
        assert not store.wishes([running])[1]

    def test_leaves_nothing_of_what_came_after_the_last_whole_epoch(self, store, running):
        store.report(running, Progress(), [step(1)], epoch(1))
        store.report(running, Progress(), [step(2)], epoch(2))
        store.report(running, Progress(), [step(3)])
        early = StoppedEarly(epoch=1, num_train_epochs=3, why="asked")
        update = {"stopped_early": early, "kept_epoch": 1, "train_output": {"global_step": 1}}
        kept = RESULT.model_copy(update=update)
        run = store.finish(running, RunStatus.COMPLETED, result=kept)
        assert [each.epoch for each in run.epochs] == [1]
        assert [each.step for each in store.steps(running)] == [1]
        assert store.get(running).stopped_early == early


class TestResume:
    @pytest.fixture
    def left(self, store) -> str:
        """A run that was interrupted before the checkpoint of its third epoch was there."""
        run_id = store.start(small_config(), "me").run_id
        for number in (1, 2, 3):
            store.report(run_id, Progress(), [step(number)], epoch(number))
        store.report(run_id, Progress(), [step(4)])
        for number in (1, 2):
            write_checkpoint(store.partial_folder_of(run_id), number)
        (store.partial_folder_of(run_id) / "half.safetensors").write_bytes(b"half")
        silent_for(store.folder, run_id, 1000)
        assert judged(store) == [run_id]
        return run_id

    def test_goes_on_from_the_last_checkpoint(self, store, left):
        (waiting,) = submit(store)
        files = store.partial_folder_of(left)
        assert [path.name for path in files.rglob("*.safetensors")] == []
        run = store.resume(left)
        assert (run.status, run.error, run.finished_at) == (RunStatus.QUEUED, None, None)
        assert positions(store) == {left: 1, waiting: 2}
        assert [each.epoch for each in run.epochs] == [1, 2]
        assert [each.step for each in store.steps(left)] == [1, 2]
        assert checkpoints.step_of(checkpoints.latest(files)) == 2
        assert store.claim().run_id == left

    def test_of_a_stopped_one_asks_for_no_stop_any_more(self, store):
        run_id = store.start(small_config(), "me").run_id
        store.request_stop(run_id)
        store.finish(run_id, RunStatus.CANCELLED)
        assert store.resume_now(run_id).status is RunStatus.RUNNING
        assert not store.stop_requested(run_id)

    def test_begins_anew_without_a_checkpoint(self, store, left):
        shutil.rmtree(store.partial_folder_of(left))
        assert store.resume(left).epochs == ()
        assert store.steps(left) == []

    @pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.COMPLETED, RunStatus.FAILED])
    def test_is_for_what_ended_unfinished(self, store, status):
        (run_id,) = submit(store)
        store.finish(run_id, status)
        with pytest.raises(ConflictError, match=f"resumed; {run_id} is {status}"):
            store.resume(run_id)

    def test_is_not_for_what_is_no_training(self, store):
        run_id = store.start(small_config(), "me", RunKind.RANGE_TEST).run_id
        store.finish(run_id, RunStatus.CANCELLED)
        with pytest.raises(ConflictError, match="Only a training"):
            store.resume(run_id)

    def test_goes_with_a_run_that_is_deleted(self, store, left):
        store.delete(left)
        purge_now(store)
        assert not store.partial_folder_of(left).exists()


def test_an_idle_engine_takes_no_lock(store, home, monkeypatch):
    """It looks every second: others must be able to write, and it must not wait for them."""
    store.start(small_config(), "me")
    with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert store.claim() is None
        assert store.claim("group-000001") is None
        assert store.interrupt_orphans() == []
        writer.execute("ROLLBACK")
