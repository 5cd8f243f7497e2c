"""Leases: a run is alive as long as whoever works on it says so, on whatever host."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from small_runs import ROOT, environment, small_config, wait_until
from stored_runs import RESULT, judged, silent_for, submit, write_checkpoint

from peft_demo.runs import RunStatus
from peft_demo.storage import DATABASE, Store, liveness

TRAINER = """
import sys
import time
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
store = Store(Path(sys.argv[1]))
run = store.start(RunConfig(), "other")
store.partial_folder_of(run.run_id).mkdir()
print(run.run_id, flush=True)
while True:
    time.sleep(0.1)
    store.heartbeat([run.run_id])
"""


def heartbeat_of(store: Store, run_id: str) -> str | None:
    with closing(sqlite3.connect(store.folder / DATABASE)) as connection:
        number = int(run_id.removeprefix("run-"))
        question = "SELECT heartbeat_at FROM run WHERE number = ?"
        return connection.execute(question, (number,)).fetchone()[0]


@pytest.mark.slow
def test_a_killed_process_leaves_its_run_at_once(store, home):
    with subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(home)],
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    ) as trainer:
        run_id = trainer.stdout.readline().strip()
        first = heartbeat_of(store, run_id)
        wait_until(lambda: heartbeat_of(store, run_id) != first)
        # A clock that was set ends nobody's run: the process is there.
        silent_for(home, run_id, 7200)
        assert store.interrupt_orphans() == []
        assert store.get(run_id).status is RunStatus.RUNNING
        trainer.kill()
        trainer.wait()
    # At once, though its lease still holds: it is dead on this machine.
    assert store.interrupt_orphans() == [run_id]
    assert not [*home.glob(".working-*")]
    run = store.get(run_id)
    assert run.status is RunStatus.INTERRUPTED
    assert "ended before it was finished" in run.error
    assert not store.partial_folder_of(run_id).exists()
    assert store.interrupt_orphans() == []


def test_who_is_killed_after_the_end_was_recorded_leaves_nothing(store, home):
    run = store.start(small_config(), "me")
    [mark] = home.glob(".working-*")
    store.finish(run.run_id, RunStatus.CANCELLED)
    assert not mark.exists()
    mark.touch()
    store.start(small_config(), "me")
    assert store.interrupt_orphans() == []
    [other] = home.glob(".working-*")
    assert other != mark


@pytest.mark.parametrize("renamed", [False, True])
def test_a_run_with_all_its_files_was_done(store, renamed):
    run_id = store.start(small_config(), "me").run_id
    files = store.partial_folder_of(run_id)
    write_checkpoint(files, 4)
    store.write_result(run_id, RESULT)
    if renamed:
        files.rename(store.folder_of(run_id))
    silent_for(store.folder, run_id, liveness.ORPHAN_SECONDS + 5)
    assert judged(store) == []
    run = store.get(run_id)
    assert (run.status, run.result, run.error) == (RunStatus.COMPLETED, RESULT, None)
    assert (store.folder_of(run_id) / "result.json").exists()
    assert not files.exists()


@pytest.mark.parametrize("how", ["claim", "start"])
def test_only_the_silent_are_interrupted(store, how):
    (waiting,) = submit(store)
    run = store.claim() if how == "claim" else store.start(small_config(), "me")
    seen = store.version
    silent_for(store.folder, run.run_id, liveness.ORPHAN_SECONDS - 5)
    assert judged(store) == []
    silent_for(store.folder, run.run_id, liveness.ORPHAN_SECONDS + 5)
    store.heartbeat([run.run_id])
    assert judged(store) == []
    assert store.version == seen
    silent_for(store.folder, run.run_id, liveness.ORPHAN_SECONDS + 5)
    assert judged(store) == [run.run_id]
    assert [changed.run_id for changed in store.runs(seen)] == [run.run_id]
    assert how == "claim" or store.get(waiting).status is RunStatus.QUEUED


@pytest.fixture
def elsewhere(store, home) -> str:
    """A run of another host: this machine knows of no process."""
    run_id = store.start(small_config(), "me").run_id
    for known in home.glob(".working-*"):
        known.unlink()
    store._working._held.clear()
    return run_id


class TestAnotherHostsRun:
    @pytest.fixture
    def later(self, monkeypatch):
        clock = [liveness.time.monotonic()]
        monkeypatch.setattr(liveness.time, "monotonic", lambda: clock[0])

        def go_on(seconds: float) -> None:
            clock[0] += seconds

        return go_on

    def test_a_clock_that_is_set_ends_nobodys(self, store, elsewhere, later):
        silent_for(store.folder, elsewhere, 7200)
        assert store.interrupt_orphans() == []
        assert store.is_late(elsewhere)
        later(liveness.RENEW_SECONDS)
        silent_for(store.folder, elsewhere, 7190)  # by its own clock it has renewed its lease
        assert store.interrupt_orphans() == []
        later(liveness.WATCHED_SECONDS - 1)
        assert store.interrupt_orphans() == []
        later(1)
        assert store.interrupt_orphans() == [elsewhere]
        assert not store.is_late(elsewhere)

    def test_a_clock_that_was_set_back_hides_no_silence(self, store, elsewhere, later):
        silent_for(store.folder, elsewhere, -7200)
        assert store.interrupt_orphans() == []
        later(liveness.ORPHAN_SECONDS - 1)
        assert store.interrupt_orphans() == []
        later(1)
        assert store.interrupt_orphans() == [elsewhere]


def test_a_heartbeat_brings_nothing_back(store):
    (run_id,) = submit(store)
    store.heartbeat([run_id])
    assert heartbeat_of(store, run_id) is None
    store.claim()
    ended = store.finish(run_id, RunStatus.CANCELLED)
    store.heartbeat([run_id])
    assert store.get(run_id) == ended


def test_three_renewals_fit_into_the_silence():
    assert liveness.RENEW_SECONDS * 3 <= liveness.ORPHAN_SECONDS
    assert liveness.RENEW_SECONDS < liveness.WATCHED_SECONDS
