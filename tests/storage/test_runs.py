"""What the store keeps of runs, and how it tells who watches what has changed."""

import sqlite3
from contextlib import closing

import pytest
from small_runs import run_python
from stored_runs import RESULT, epoch, step, submit

from peft_demo.errors import NotFoundError
from peft_demo.runs import (
    BeforeTraining,
    Progress,
    RunStatus,
)
from peft_demo.storage import DATABASE, Store


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

    def test_who_moves_up_in_the_queue_has_not_changed(self, store):
        """Else all that wait would be sent again to all who watch, whenever a run begins."""
        first, second, third = submit(store, 3)
        seen = store.version
        store.claim()
        assert [run.run_id for run in store.runs(seen)] == [first]
        assert [store.get(each).queue_position for each in (second, third)] == [1, 2]
        assert [run.queue_position for run in store.runs()] == [2, 1, None]
        seen = store.version
        store.request_stop(second)
        assert [run.run_id for run in store.runs(seen)] == [second]
        assert store.get(third).queue_position == 1

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
        # A training that has to begin anew tells of its start again.
        for loss in (0.7, 0.69):
            store.report(run_id, epoch=BeforeTraining(eval_loss=loss, eval_accuracy=0.5))
        store.report(run_id, epoch=epoch(1))
        store.report(run_id, epoch=epoch(2))
        before = store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
        version = store.version
        store.close()
        again = Store(home)
        assert again.get(run_id) == before
        assert before.result == RESULT
        assert before.before_training == BeforeTraining(eval_loss=0.69, eval_accuracy=0.5)
        assert before.epochs == (epoch(1), epoch(2))
        assert again.steps(run_id) == [step(1), step(2)]
        assert again.version == version
        again.close()

    def test_epochs_of_what_is_over_are_read_once(self, store, home):
        (run_id,) = submit(store)
        store.claim()
        store.report(run_id, epoch=epoch(1))
        store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
        with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
            connection.execute("DELETE FROM epoch")
        store.annotate(run_id, note="seen")
        (run,) = store.runs()
        assert (run.note, run.epochs) == ("seen", (epoch(1),))
        again = Store(home)
        assert again.get(run_id).epochs == ()
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


@pytest.mark.slow
def test_importing_and_opening_need_no_torch(home):
    done = run_python(
        "import sys; from pathlib import Path; from peft_demo.storage import Store\n"
        "Store(Path(sys.argv[1])).runs(); print('torch' in sys.modules)",
        home,
        str(home),
    )
    assert done.stdout.strip() == "False", done.stderr
