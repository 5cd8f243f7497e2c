"""Engine: queued runs get trained, and how each ended is never mixed up."""

import errno
import logging
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from small_runs import LONG, ROOT, environment, long_config, small_config, wait_until
from stored_runs import purge_now, silent_for, write_checkpoint

from peft_demo import adapters
from peft_demo.errors import StoreError
from peft_demo.execution import Engine, engine, recording
from peft_demo.runs import RunStatus, StepMetrics
from peft_demo.storage import DATABASE, Store, annotations, liveness

TINY = {"num_train_epochs": 1, "num_reviews": 10}
"""One step: for tests in which the training itself does not matter."""


@pytest.fixture
def local_engine(store, base):
    """A working engine on the test's own store."""
    working = Engine(store)
    working.start()
    yield working
    working.close()


def raise_(error: Exception) -> None:
    raise error


def is_over(store: Store, run_id: str) -> bool:
    return store.get(run_id).status.is_over


def is_stepping(store: Store, run_id: str) -> bool:
    return store.get(run_id).progress.step > 0


def left_behind(store: Store, run_id: str) -> list[str]:
    return [path.name for path in store.folder.iterdir() if run_id in path.name]


def assert_only_a_checkpoint_is_left(store: Store, run_id: str) -> None:
    files = store.partial_folder_of(run_id)
    assert left_behind(store, run_id) in ([], [files.name])
    assert not files.exists() or [path.name for path in files.iterdir()] == ["checkpoints"]


@pytest.mark.slow
class TestQueue:
    def test_runs_are_trained_in_their_order(self, store, local_engine):
        ids = [local_engine.submit(small_config(**TINY), "me").run_id for _ in range(2)]
        wait_until(lambda: all(is_over(store, run_id) for run_id in ids))
        first, second = (store.get(run_id) for run_id in ids)
        assert first.status == second.status == RunStatus.COMPLETED
        assert first.finished_at <= second.started_at

    def test_submitting_returns_at_once_with_a_place_in_the_queue(self, store):
        # The engine is not even started.
        run = Engine(store).submit(small_config(), "me")
        assert (run.status, run.queue_position) == (RunStatus.QUEUED, 1)

    def test_what_was_deleted_long_ago_is_removed(self, store, monkeypatch):
        run_id = store.submit(small_config(), "me").run_id
        store.request_stop(run_id)
        store.folder_of(run_id).mkdir()
        store.delete(run_id)
        monkeypatch.setattr(annotations, "KEPT_SECONDS", 2.0)
        monkeypatch.setattr(engine, "PURGE_SECONDS", 0.5)
        local = Engine(store)
        local.start()
        wait_until(lambda: not store.folder_of(run_id).exists())
        local.close()

    def test_runs_that_another_process_queued_are_found(self, store, home, local_engine):
        other = Store(home)
        run_id = other.submit(small_config(**TINY), "me").run_id
        wait_until(lambda: is_over(other, run_id))
        assert other.get(run_id).status is RunStatus.COMPLETED
        other.close()

    def test_a_completed_run_has_its_files_and_nothing_half_done(self, trained):
        for method, run in trained.runs.items():
            names = {path.name for path in trained.folder(method).iterdir()}
            assert {"README.md", "test_predictions.npz"} <= names
            assert left_behind(trained.store, run.run_id) == [run.run_id]


@pytest.mark.slow
class TestStop:
    def test_comes_within_one_step_and_leaves_cancelled(self, store, base):
        recorded = []

        def count(run, event):
            if isinstance(event, StepMetrics):
                recorded.append(event.step)
                if event.step == 3:
                    working.cancel(run.run_id)

        working = Engine(store, listener=count)
        run = working.run(store.start(long_config(), "me"))
        run_id = run.run_id
        assert (run.status, run.error, run.result) == (RunStatus.CANCELLED, None, None)
        assert recorded == [1, 2, 3]
        assert left_behind(store, run_id) == []

    def test_a_waiting_run_is_never_trained(self, store, local_engine):
        first = local_engine.submit(long_config(), "me").run_id
        second = local_engine.submit(small_config(**TINY), "me").run_id
        assert local_engine.cancel(second).status is RunStatus.CANCELLED
        wait_until(lambda: is_stepping(store, first))
        local_engine.cancel(first)
        wait_until(lambda: is_over(store, first))
        assert store.get(second).started_at is None


@pytest.mark.slow
class TestFailure:
    @pytest.fixture
    def failing(self, monkeypatch):
        """Makes building a model raise an error, for runs with seed 1 only."""

        def fail_with(error: Exception) -> None:
            build = adapters.build

            def fail(base, config):
                if config.seed == 1:
                    raise error
                return build(base, config)

            monkeypatch.setattr(adapters, "build", fail)

        return fail_with

    def test_a_crash_leaves_reason_and_traceback_and_the_next_run_is_trained(
        self, store, local_engine, failing
    ):
        failing(RuntimeError("boom\nwith details"))
        bad = local_engine.submit(small_config(seed=1), "me").run_id
        good = local_engine.submit(small_config(**TINY), "me").run_id
        wait_until(lambda: is_over(store, good))
        run = store.get(bad)
        assert (run.status, run.error) == (RunStatus.FAILED, "RuntimeError: boom")
        log = store.log_of(bad).read_text()
        assert log.startswith("Traceback")
        assert "with details" in log
        assert left_behind(store, bad) == [store.log_of(bad).name]
        assert store.get(good).status is RunStatus.COMPLETED
        store.delete(bad)
        purge_now(store)
        assert left_behind(store, bad) == []

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (OSError(errno.ENOSPC, "No space left on device"), "PEFT_DEMO_HOME must be a folder"),
            (OSError(errno.EROFS, "Read-only file system"), "PEFT_DEMO_HOME must be a folder"),
            (MemoryError(), "per_device_train_batch_size or max_length must be smaller"),
            (RuntimeError("DefaultCPUAllocator: not enough memory"), "must be smaller"),
            (ValueError(""), "ValueError: no message"),
        ],
    )
    def test_reasons_are_sentences(self, store, failing, error, sentence, caplog):
        failing(error)
        run = Engine(store).run(store.start(small_config(seed=1), "me"))
        assert run.status is RunStatus.FAILED
        assert sentence in run.error
        assert "\n" not in run.error
        # Where it was stands in the log and at the machine.
        assert str(store.folder) not in run.error
        if "PEFT_DEMO_HOME" in sentence:
            assert f"got {store.folder} (" in run.in_full.error
            assert run.in_full.error in caplog.text
        assert not store.folder_of(run.run_id).exists()

    def test_too_few_reviews_are_told(self, store, forget_reviews, monkeypatch):
        from peft_demo import data
        from peft_demo.data import loading

        pools = data.split([f"review {n}" for n in range(100)], [0, 1] * 50, 2, 5_000)
        monkeypatch.setattr(loading, "_pools", {"imdb": pools})
        run = Engine(store).run(store.start(small_config(num_reviews=60), "me"))
        assert run.status is RunStatus.FAILED
        assert run.error == "num_reviews must be at most 40 for this data set, got 60."

    def test_a_run_that_cannot_be_read_or_started_has_failed_and_the_next_is_trained(
        self, store, home, base
    ):
        unreadable, unstarted, good = (
            store.submit(small_config(**TINY), "me").run_id for _ in range(3)
        )
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            gone = "UPDATE run SET config = replace(config, 'lora', 'gone') WHERE number = 1"
            connection.execute(gone)
            connection.commit()
        store.partial_folder_of(unstarted).write_text("in the way")
        working = Engine(store)
        working.start()
        wait_until(lambda: is_over(store, good))
        working.close()
        runs = [store.get(run_id) for run_id in (unreadable, unstarted, good)]
        assert [run.status for run in runs] == ["failed", "failed", "completed"]
        assert '"gone"' in runs[0].error
        assert runs[1].error.startswith("FileExistsError")

    def test_an_error_in_the_loop_does_not_end_it(self, store, monkeypatch, caplog):
        claim = store.claim
        errors = [RuntimeError("a defect"), StoreError("locked"), TypeError("another")]
        monkeypatch.setattr(
            store, "claim", lambda **but: raise_(errors.pop()) if errors else claim(**but)
        )
        monkeypatch.setattr(engine, "IDLE_SECONDS", 0.01)
        working = Engine(store)
        working.start()
        run_id = working.submit(small_config(**TINY), "me").run_id
        wait_until(lambda: is_over(store, run_id))
        working.close()
        assert store.get(run_id).status is RunStatus.COMPLETED
        assert "a defect" in caplog.text

    def test_an_end_that_cannot_be_recorded_stops_nobody_else(
        self, store, local_engine, monkeypatch, caplog
    ):
        finish = recording.Recording._finish
        bad = []

        def refuse_first(self, *arguments, **named):
            bad.append(self.run.run_id)
            if len(set(bad)) == 1:
                raise StoreError("locked for an hour")
            return finish(self, *arguments, **named)

        monkeypatch.setattr(recording.Recording, "_finish", refuse_first)
        with caplog.at_level(logging.ERROR):
            first = local_engine.submit(small_config(**TINY), "me").run_id
            second = local_engine.submit(small_config(**TINY), "me").run_id
            wait_until(lambda: is_over(store, second))
        assert bad[0] == first
        assert store.get(second).status is RunStatus.COMPLETED


@pytest.mark.slow
class TestEndOfTheProgram:
    def test_a_working_engine_says_so_again_and_again(self, store, base, monkeypatch):
        monkeypatch.setattr(engine, "RENEW_SECONDS", 0.0)
        monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)
        renewed = []
        monkeypatch.setattr(store, "heartbeat", renewed.append)
        run = Engine(store).run(store.start(small_config(), "me"))
        assert renewed.count([run.run_id]) > 1

    def test_closing_interrupts_and_the_queue_is_trained_later(self, store, home, base):
        closing = Engine(store)
        closing.start()
        running = closing.submit(long_config(), "me").run_id
        waiting = closing.submit(small_config(**TINY), "me").run_id
        wait_until(lambda: is_stepping(store, running))
        closing.close()
        run = store.get(running)
        assert (run.status, run.error) == (RunStatus.INTERRUPTED, "The program was ended.")
        assert_only_a_checkpoint_is_left(store, running)
        assert store.get(waiting).queue_position == 1
        store.close()

        again = Store(home)
        later = Engine(again)
        later.start()
        wait_until(lambda: is_over(again, waiting))
        later.close()
        assert again.get(waiting).status is RunStatus.COMPLETED
        assert again.get(running).status is RunStatus.INTERRUPTED
        again.close()

    def test_a_run_stopped_before_closing_is_cancelled(self, store, base):
        working = Engine(store)
        working.start()
        run_id = working.submit(long_config(), "me").run_id
        wait_until(lambda: is_stepping(store, run_id))
        store.request_stop(run_id)
        working.close()
        assert store.get(run_id).status is RunStatus.CANCELLED

    def test_closing_twice_and_before_starting_is_fine(self, store):
        never_started = Engine(store)
        never_started.close()
        never_started.close()

    SERVER = f"""
import sys, time
from pathlib import Path
from peft_demo.execution import Engine
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
engine = Engine(Store(Path(sys.argv[1])))
engine.submit(RunConfig({LONG!r}, method="lora"), "server")
engine.start()
time.sleep(1000)
"""

    def test_a_killed_one_leaves_interrupted(self, store, home, base):
        with subprocess.Popen(
            [sys.executable, "-c", self.SERVER, str(home)], cwd=ROOT, env=environment(home)
        ) as server:
            try:
                wait_until(lambda: store.ids() and is_stepping(store, "run-000001"))
                waiting = store.submit(small_config(**TINY), "me").run_id
            finally:
                server.kill()
        assert store.get("run-000001").status is RunStatus.RUNNING
        assert store.partial_folder_of("run-000001").exists()
        later = Engine(store)
        later.start()
        wait_until(lambda: is_over(store, waiting))
        later.close()
        run = store.get("run-000001")
        assert run.status is RunStatus.INTERRUPTED
        assert "ended before it was finished" in run.error
        assert_only_a_checkpoint_is_left(store, "run-000001")
        assert store.get(waiting).status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("setting", "got_on", "status"),
    [
        ("always", True, RunStatus.QUEUED),
        ("always", False, RunStatus.INTERRUPTED),
        ("asked", True, RunStatus.INTERRUPTED),
    ],
)
def test_interrupted_runs_go_on_by_themselves_if_that_is_set(
    store, monkeypatch, setting, got_on, status
):
    monkeypatch.setenv("PEFT_DEMO_RESUME", setting)
    run_id = store.start(small_config(), "me").run_id
    if got_on:  # or it might be what ends the program
        write_checkpoint(store.partial_folder_of(run_id), 4)
    store.finish(run_id, RunStatus.INTERRUPTED)
    monkeypatch.setattr(Engine, "_took_next", lambda self, claim: False)
    started = Engine(store)
    started.start()
    started.close()
    assert store.get(run_id).status is status


def test_a_machine_that_slept_does_not_interrupt_its_own_runs(store, home, monkeypatch):
    """While a laptop sleeps the clock goes on, and time.monotonic stands still."""
    monkeypatch.setattr(liveness, "WATCHED_SECONDS", 0.0)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.0)  # it looks both times
    mine, left = (store.start(small_config(), "me").run_id for _ in range(2))
    woken = Engine(store)
    woken._active = {mine: None}
    woken._look_after_runs()
    for run_id in (mine, left):
        silent_for(home, run_id, 3600)
    later = time.time() + 3600
    monkeypatch.setattr(engine.time, "time", lambda: later)
    woken._look_after_runs()
    assert store.get(mine).status is RunStatus.RUNNING
    assert store.get(left).status is RunStatus.INTERRUPTED


@pytest.mark.slow
def test_leases_are_renewed_while_it_works_and_those_of_others_are_judged(
    store, home, base, monkeypatch
):
    monkeypatch.setattr(engine, "RENEW_SECONDS", 0.0)
    monkeypatch.setattr(liveness, "WATCHED_SECONDS", 0.0)
    left = store.start(small_config(), "another").run_id
    working = Engine(store)
    working.start()
    mine = working.submit(long_config(), "me").run_id
    wait_until(lambda: is_stepping(store, mine))
    for run_id in (left, mine):
        silent_for(home, run_id, 59)
    wait_until(lambda: store.get(left).status is RunStatus.INTERRUPTED)
    assert store.get(mine).status is RunStatus.RUNNING
    working.close()


@pytest.mark.slow
def test_importing_the_engine_needs_no_torch(home):
    done = subprocess.run(
        [sys.executable, "-c", "import sys, peft_demo.execution; print('torch' in sys.modules)"],
        cwd=ROOT,
        env={**os.environ, **environment(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
