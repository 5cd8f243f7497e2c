"""Store: the queue, what survives, and folders and databases that cannot be used."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from small_runs import ROOT, environment, run_python, small_config

from peft_demo.errors import ConflictError, InvalidFieldsError, NotFoundError, StoreError
from peft_demo.runs import (
    EpochMetrics,
    GroupKind,
    Progress,
    RangeTest,
    Run,
    RunKind,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.storage import DATABASE, Store
from peft_demo.storage import store as store_module

RESULT = RunResult(
    train_output={"global_step": 12},
    num_adapter_parameters=1,
    num_head_parameters=2,
    num_base_parameters=3,
    file_bytes=4,
    test_accuracy=0.5,
    test_interval=(0.4, 0.6),
    test_loss=0.7,
    num_test_reviews=50,
    test_set="abc",
    reload_difference=0.0,
    saved_as="float32",
    precision="float32",
    environment={"torch": "2"},
    seconds=1.0,
    training_table=[{"Epoch": 1, "Training Loss": "No log"}],
)


RANGE_TEST = RangeTest(
    learning_rates=(1e-5, 1e-4, 1e-3),
    losses=(0.7, 0.6, 2.0),
    smoothed=(0.7, 0.65, 1.0),
    suggestion=1e-4,
    is_sure=False,
    reason="The loss hardly fell.",
)


def epoch(number: int) -> EpochMetrics:
    return EpochMetrics(
        epoch=number, step=number, train_loss=0.7, eval_loss=0.6, eval_accuracy=0.5, seconds=1.0
    )


def step(number: int) -> StepMetrics:
    return StepMetrics(step=number, loss=1 / 3 + number, learning_rate=2e-5)


def submit(store: Store, count: int = 1) -> list[str]:
    return [store.submit(small_config(seed=number), "me").run_id for number in range(count)]


def positions(store: Store) -> dict[str, int | None]:
    return {run.run_id: run.queue_position for run in store.runs()}


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

        monkeypatch.setattr(store_module.os, "replace", look)
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
        assert store.purge(0) == [run_id]
        assert not store.partial_folder_of(run_id).exists()


class TestADatabaseOfTheEarlierVersion:
    """It had neither kinds nor range tests, nor what people write onto runs."""

    NEW = ("kind", "range_test", "tags", "note", "is_starred", "deleted_at")

    @pytest.fixture
    def before(self, store, home) -> list[Run]:
        """Runs of every status, in a database without the new columns."""
        for status in RunStatus:
            (run_id,) = submit(store)
            if status is not RunStatus.QUEUED:
                store.claim()
            if status.is_over:
                result = RESULT if status is RunStatus.COMPLETED else None
                store.report(run_id, Progress(step=1), [step(1)], epoch(1))
                store.finish(run_id, status, error="The reason.", result=result)
        runs = store.runs()
        store.close()
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            for column in self.NEW:
                connection.execute(f"ALTER TABLE run DROP COLUMN {column}")
            connection.commit()
        assert not set(self.NEW) & self.columns(home)
        return runs

    def columns(self, home: Path) -> set[str]:
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            return {row[1] for row in connection.execute("PRAGMA table_info(run)")}

    def test_is_opened_with_all_its_runs(self, before, home):
        opened = Store(home)
        assert opened.problem is None
        assert opened.runs() == before
        assert {run.kind for run in before} == {RunKind.TRAINING}
        for run in before:
            assert opened.steps(run.run_id) == ([step(1)] if run.epochs else [])
        opened.close()

    def test_takes_new_runs_of_every_kind(self, before, home):
        opened = Store(home)
        for kind in RunKind:
            run = opened.start(small_config(), "me", kind)
            done = opened.finish(run.run_id, RunStatus.COMPLETED, range_test=RANGE_TEST)
            assert (done.kind, done.range_test) == (kind, RANGE_TEST)
        opened.close()

    def test_is_changed_once(self, before, home):
        Store(home).close()
        assert set(self.NEW) <= self.columns(home)
        again = Store(home)
        assert again.runs() == before
        again.close()

    def test_two_processes_may_open_it_at_once(self, before, home):
        barrier = threading.Barrier(4)

        def open_it(_: int) -> list[Run]:
            barrier.wait()
            opened = Store(home)
            try:
                assert opened.problem is None
                return opened.runs()
            finally:
                opened.close()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(open_it, range(4))) == [before] * 4


class TestVersion:
    def test_moves_on_every_change_and_only_then(self, store):
        seen = [store.version]

        def moved() -> bool:
            seen.append(store.version)
            return seen[-1] > seen[-2]

        (run_id,) = submit(store)
        assert moved()
        store.claim()
        assert moved()
        store.report(run_id, Progress(phase="Training"), [step(1)])
        assert moved()
        store.report(run_id, epoch=epoch(1))
        assert moved()
        store.request_stop(run_id)
        assert moved()
        store.finish(run_id, RunStatus.CANCELLED)
        assert moved()
        store.runs()
        store.get(run_id)
        store.steps(run_id)
        store.claim()
        store.interrupt_orphans()
        store.purge()
        assert not moved()
        store.annotate(run_id, is_starred=True)
        assert moved()
        store.delete(run_id)
        assert moved()
        store.restore(run_id)
        assert moved()

    def test_runs_since_a_version_are_those_that_changed(self, store):
        first, second = submit(store, 2)
        store.claim()
        seen = store.version
        assert store.runs(seen) == []
        store.report(first, Progress(step=1))
        assert [run.run_id for run in store.runs(seen)] == [first]
        assert [run.run_id for run in store.runs()] == [second, first]

    def test_who_moves_up_in_the_queue_has_changed(self, store):
        first, second, third = submit(store, 3)
        seen = store.version
        store.claim()
        assert {run.run_id for run in store.runs(seen)} == {first, second, third}
        seen = store.version
        store.request_stop(second)
        assert {run.run_id for run in store.runs(seen)} == {second, third}

    def test_a_change_by_another_store_is_seen(self, store, home):
        other = Store(home)
        (run_id,) = submit(store)
        assert other.get(run_id).status is RunStatus.QUEUED
        seen = other.version
        store.claim()
        assert other.version > seen
        assert other.get(run_id).status is RunStatus.RUNNING
        other.close()


class TestWhatIsKept:
    def test_everything_survives_reopening(self, store, home):
        (run_id,) = submit(store)
        store.claim()
        store.report(run_id, Progress(phase="Training", step=2, max_steps=4), [step(1), step(2)])
        store.report(run_id, epoch=epoch(1))
        store.report(run_id, epoch=epoch(2))
        before = store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
        version = store.version
        store.close()
        again = Store(home)
        assert again.get(run_id) == before
        assert before.result == RESULT
        assert before.epochs == (epoch(1), epoch(2))
        assert again.steps(run_id) == [step(1), step(2)]
        assert again.version == version
        again.close()

    def test_a_failed_run_keeps_its_reason(self, store):
        (run_id,) = submit(store)
        store.claim()
        store.finish(run_id, RunStatus.FAILED, error="The reason.")
        run = store.get(run_id)
        assert (run.status, run.error) == (RunStatus.FAILED, "The reason.")
        assert run.finished_at >= run.started_at

    def test_a_snapshot_does_not_change(self, store):
        (run_id,) = submit(store)
        before = store.get(run_id)
        store.claim()
        assert before.status is RunStatus.QUEUED


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


def finished(store: Store, count: int = 1) -> list[str]:
    """Runs that failed after an epoch, each with all the files that a run can have."""
    ids = []
    for number in range(count):
        run_id = store.start(small_config(seed=number), "me").run_id
        store.report(run_id, Progress(), [step(1)], epoch(1))
        store.finish(run_id, RunStatus.FAILED, error="why")
        store.folder_of(run_id).mkdir()
        (store.folder_of(run_id) / "adapter_model.safetensors").write_bytes(b"weights")
        store.partial_folder_of(run_id).mkdir()
        store.log_of(run_id).write_text("Traceback")
        ids.append(run_id)
    return ids


def files_of(store: Store, run_id: str) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir() if run_id in path.name)


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
        again = Store(home)
        for opened in (store, again):
            for ask in (opened.get, opened.request_stop, opened.delete):
                with pytest.raises(NotFoundError, match=f"^{run_id} was deleted.$"):
                    ask(run_id)
            with pytest.raises(NotFoundError, match="was deleted"):
                opened.annotate(run_id, note="lost")
        again.close()

    def test_hides_a_run_in_its_group(self, store):
        group, runs = store.submit_group(
            [small_config(seed=1), small_config(seed=2)], "me", GroupKind.SWEEP, "Seeds"
        )
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
        store.purge(0)
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
        store.purge(0)
        store.delete(deleted)
        with pytest.raises(NotFoundError, match=f"{gone} was deleted for good"):
            store.restore(deleted, gone)
        assert store.ids() == []


class TestPurge:
    def test_removes_metrics_and_files_of_deleted_runs_only(self, store, home):
        deleted, kept = finished(store, 2)
        store.delete(deleted)
        seen = store.version
        assert store.purge(0) == [deleted]
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
        assert store.purge() == []
        assert store.purge(60) == []
        store.restore(run_id)

    def test_is_done_when_another_run_is_deleted(self, store, home):
        old, new = finished(store, 2)
        store.delete(old)
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            connection.execute(
                "UPDATE run SET deleted_at = '2026-01-01T00:00:00+00:00' WHERE number = 1"
            )
            connection.commit()
        store.delete(new)
        assert files_of(store, old) == []
        assert len(files_of(store, new)) == 3


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


UNKNOWN = [
    *("run-000099", "run-", "run-abc", "", "../runs", "run-1/../..", "run--1", "run-²"),
    *("reference-nonsense", "x" * 10_000, f"run-{10**40}"),
]


@pytest.mark.parametrize("run_id", UNKNOWN)
def test_an_unknown_run_is_a_sentence(store, run_id):
    submit(store)
    for ask in (store.get, store.request_stop, store.delete, store.restore, store.annotate):
        with pytest.raises(NotFoundError, match="run must be the id of a run") as caught:
            ask(run_id)
        assert len(str(caught.value)) < 200
    assert store.ids() == ["run-000001"]


class TestReferences:
    @pytest.fixture
    def references(self, tmp_path, store) -> Path:
        (run_id,) = submit(store)
        store.claim()
        run = store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
        folder = tmp_path / "adapters" / "reference-small"
        folder.mkdir(parents=True)
        run = run.model_copy(update={"run_id": "reference-small"})
        (folder / "run.json").write_text(run.model_dump_json())
        (folder / "steps.json").write_text(json.dumps([step(1).model_dump()]))
        return folder.parent

    def test_come_after_the_runs(self, references, home):
        with_references = Store(home, references)
        (run_id,) = (run.run_id for run in Store(home).runs())
        assert with_references.ids() == [run_id, "reference-small"]
        assert [run.run_id for run in with_references.runs()] == with_references.ids()
        assert with_references.get("reference-small").is_reference
        assert not with_references.get(run_id).is_reference
        assert with_references.steps("reference-small") == [step(1)]
        assert with_references.folder_of("reference-small") == references / "reference-small"

    def test_are_not_sent_again(self, references, home):
        assert Store(home, references).runs(0)[-1].run_id != "reference-small"

    def test_cannot_be_deleted_or_stopped(self, references, home):
        with_references = Store(home, references)
        with pytest.raises(ConflictError, match="reference run and cannot be deleted"):
            with_references.delete("reference-small")
        with pytest.raises(ConflictError, match="reference run"):
            with_references.request_stop("reference-small")
        with pytest.raises(ConflictError, match="reference run and cannot be changed"):
            with_references.annotate("reference-small", name="mine")
        with pytest.raises(ConflictError, match="reference run and cannot be changed"):
            with_references.annotate_all(["reference-small"], is_starred=True)
        with pytest.raises(ConflictError, match="reference run"):
            with_references.restore("reference-small")
        assert (references / "reference-small" / "run.json").exists()

    @pytest.mark.parametrize("name", ["run.json", "steps.json"])
    def test_a_damaged_one_is_left_out(self, references, home, name):
        path = references / "reference-small" / name
        path.write_text(path.read_text()[:-5])
        assert "reference-small" not in Store(home, references).ids()

    def test_are_there_where_the_folder_cannot_be_used(self, references, tmp_path):
        (tmp_path / "file").write_text("in the way")
        unusable = Store(tmp_path / "file" / "runs", references)
        assert [run.run_id for run in unusable.runs()] == ["reference-small"]
        assert unusable.ids() == ["reference-small"]


class TestOrphans:
    TRAINER = """
import sys
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
store = Store(Path(sys.argv[1]))
run = store.start(RunConfig(), "other")
store.partial_folder_of(run.run_id).mkdir()
print(run.run_id, flush=True)
sys.stdin.readline()
"""

    def test_only_runs_of_dead_processes_are_interrupted(self, store, home):
        with subprocess.Popen(
            [sys.executable, "-c", self.TRAINER, str(home)],
            cwd=ROOT,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as trainer:
            run_id = trainer.stdout.readline().strip()
            mine = store.start(small_config(), "me").run_id
            (waiting,) = submit(store)
            assert store.interrupt_orphans() == []
            assert store.get(run_id).status is RunStatus.RUNNING
            trainer.kill()
            trainer.wait()
        assert store.interrupt_orphans() == [run_id]
        run = store.get(run_id)
        assert run.status is RunStatus.INTERRUPTED
        assert "ended before it was finished" in run.error
        assert not store.partial_folder_of(run_id).exists()
        assert store.get(mine).status is RunStatus.RUNNING
        assert store.get(waiting).status is RunStatus.QUEUED
        assert store.interrupt_orphans() == []


class TestFoldersThatCannotBeUsed:
    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        store = Store(tmp_path / "file" / "runs")
        assert "PEFT_DEMO_HOME must be a folder" in store.problem
        assert str(tmp_path / "file" / "runs") in store.problem
        assert store.runs() == []
        assert store.version == 0
        with pytest.raises(StoreError, match="PEFT_DEMO_HOME"):
            submit(store)
        assert (tmp_path / "file").read_text() == "in the way"

    def test_a_file_that_is_no_database(self, home):
        home.mkdir()
        (home / DATABASE).write_text("precious " * 1000)
        store = Store(home)
        assert "PEFT_DEMO_HOME" in store.problem
        with pytest.raises(StoreError, match="PEFT_DEMO_HOME"):
            submit(store)
        assert (home / DATABASE).read_text() == "precious " * 1000

    def test_works_as_soon_as_the_folder_does(self, tmp_path):
        blocked = tmp_path / "blocked"
        blocked.write_text("in the way")
        store = Store(blocked)
        assert store.problem
        blocked.unlink()
        (run_id,) = submit(store)
        assert store.problem is None
        assert store.ids() == [run_id]
        store.close()

    READER = """
import os, sys, tempfile
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
from peft_demo.errors import StoreError
# Everything is imported before the script may perhaps no longer read it.
with tempfile.TemporaryDirectory() as name:
    Store(Path(name)).submit(RunConfig(), "me")
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
store = Store(Path(sys.argv[1]))
print(store.problem)
try:
    store.submit(RunConfig(), "me")
except StoreError as error:
    print(error)
"""

    def test_a_read_only_folder(self):
        # Not tmp_path: its parents are closed to the user that the script becomes.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "runs"
            folder.mkdir()
            for path in (folder, folder.parent):
                path.chmod(0o555)
            try:
                done = run_python(self.READER, folder, str(folder))
            finally:
                for path in (folder.parent, folder):
                    path.chmod(0o755)
            assert list(folder.iterdir()) == []
        assert done.returncode == 0, done.stderr
        problem, sentence = done.stdout.splitlines()
        assert problem == sentence
        assert sentence.startswith("PEFT_DEMO_HOME must be a folder with free space")
        assert str(folder) in sentence

    FILLER = """
import resource, sys
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
from peft_demo.errors import StoreError
store = Store(Path(sys.argv[1]))
ids = [store.submit(RunConfig(), "me").run_id]
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
largest = max(path.stat().st_size for path in Path(sys.argv[1]).iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 100_000, hard))
try:
    while len(ids) < 2_000:
        ids.append(store.submit(RunConfig(), "me").run_id)
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert sorted(store.ids()) == ids, (store.ids(), ids)
again = Store(Path(sys.argv[1]))
assert sorted(again.ids()) == ids
again.submit(RunConfig(), "me")
print(len(ids))
"""

    def test_a_full_disk_loses_nothing(self, home):
        done = run_python(self.FILLER, home, str(home))
        assert done.returncode == 0, done.stderr
        sentence, count = done.stdout.splitlines()
        assert sentence.startswith("PEFT_DEMO_HOME must be a folder with free space")
        assert str(home) in sentence
        assert 1 < int(count) < 2_000


class TestLockedDatabase:
    @pytest.fixture(autouse=True)
    def short_wait(self, monkeypatch):
        monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.2)

    @pytest.fixture
    def other(self, home):
        home.mkdir()
        Store(home).close()
        connection = sqlite3.connect(home / DATABASE, isolation_level=None)
        yield connection
        connection.close()

    def test_a_write_gives_a_sentence_and_loses_nothing(self, home, other):
        store = Store(home)
        (first,) = submit(store)
        store.claim()
        other.execute("BEGIN EXCLUSIVE")
        for write in (
            lambda: submit(store),
            store.claim,
            lambda: store.request_stop(first),
            lambda: store.report(first, Progress(step=1)),
            lambda: store.finish(first, RunStatus.COMPLETED),
        ):
            with pytest.raises(StoreError, match="is locked by another process") as caught:
                write()
            assert str(home / DATABASE) in str(caught.value)
        assert [run.status for run in store.runs()] == [RunStatus.RUNNING]
        other.execute("ROLLBACK")
        (second,) = submit(store)
        assert store.ids() == [second, first]
        store.close()

    def test_a_short_lock_is_waited_out(self, home, other, monkeypatch):
        monkeypatch.setattr(store_module, "LOCK_SECONDS", 30.0)
        store = Store(home)
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor() as pool:
            submitted = pool.submit(submit, store)
            with pytest.raises(TimeoutError):
                submitted.result(timeout=0.3)
            other.execute("ROLLBACK")
            assert submitted.result(timeout=30) == ["run-000001"]
        store.close()

    def test_opening_never_fails(self, home, other):
        other.execute("BEGIN EXCLUSIVE")
        store = Store(home)
        assert store.runs() == []
        other.execute("ROLLBACK")
        (run_id,) = submit(store)
        assert store.ids() == [run_id]
        store.close()


class TestManyAtOnce:
    def test_submits_from_eight_threads(self, store):
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda _: submit(store)[0], range(40)))
        assert sorted(ids) == sorted(store.ids()) == [f"run-{n:06d}" for n in range(1, 41)]
        assert sorted(run.queue_position for run in store.runs()) == list(range(1, 41))

    def test_two_stores_never_claim_the_same_run(self, store, home):
        ids = submit(store, 24)
        stores = [Store(home), Store(home)]
        claimed: list[str] = []
        barrier = threading.Barrier(4)

        def claim_all(mine: Store) -> None:
            barrier.wait()
            while (run := mine.claim()) is not None:
                claimed.append(run.run_id)

        threads = [threading.Thread(target=claim_all, args=(mine,)) for mine in stores * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == ids
        for mine in stores:
            mine.close()

    def test_readers_see_whole_runs_while_others_write(self, store, home):
        (run_id,) = submit(store)
        store.claim()
        other = Store(home)
        stop = threading.Event()
        seen: list[int] = []

        def read() -> None:
            while not stop.is_set():
                epochs = [metrics.epoch for metrics in other.get(run_id).epochs]
                assert epochs == list(range(1, len(epochs) + 1))
                seen.append(len(epochs))

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for number in range(1, 41):
                store.report(run_id, Progress(step=number), [step(number)], epoch(number))
            stop.set()
            for reader in readers:
                reader.result()
        assert other.get(run_id).epochs[-1].epoch == 40
        assert seen
        other.close()


def test_importing_and_opening_need_no_torch(home):
    done = run_python(
        "import sys; from pathlib import Path; from peft_demo.storage import Store\n"
        "Store(Path(sys.argv[1])).runs(); print('torch' in sys.modules)",
        home,
        str(home),
    )
    assert done.stdout.strip() == "False", done.stderr
