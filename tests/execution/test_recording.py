"""What the engine writes of a training that goes on."""

import sqlite3
import threading

import pytest
from small_runs import small_config

from peft_demo.execution import Engine, recording
from peft_demo.runs import EpochMetrics, RunStatus, StepMetrics
from peft_demo.storage import DATABASE, Store
from peft_demo.storage import database as store_module

pytestmark = pytest.mark.slow


class TestLockedDatabase:
    def test_a_training_goes_on_and_loses_nothing(self, home, base, monkeypatch):
        monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.1)
        monkeypatch.setattr(recording, "REPORT_SECONDS", 0.0)
        store = Store(home)
        run = store.start(small_config(), "me")
        other = sqlite3.connect(home / DATABASE, isolation_level=None, check_same_thread=False)
        locked_for = []

        def lock(run, event):
            if not isinstance(event, StepMetrics):
                return
            if event.step == 2:
                other.execute("BEGIN EXCLUSIVE")
            elif event.step == 4:  # an epoch ends here, and is waited for
                release = threading.Timer(1.0, other.execute, ["ROLLBACK"])
                locked_for.append(release)
                release.start()

        done = Engine(store, listener=lock).run(run)
        assert locked_for
        assert done.status is RunStatus.COMPLETED, done.error
        assert [step.step for step in store.steps(run.run_id)] == list(range(1, 13))
        assert [epoch.epoch for epoch in done.epochs] == [1, 2, 3]
        other.close()
        store.close()


class TestProgress:
    def test_tells_speed_and_time_left(self, store, base, monkeypatch):
        monkeypatch.setattr(recording, "REPORT_SECONDS", 0.0)
        told = []
        report = store.report

        def remember(run_id, progress=None, steps=(), epoch=None):
            told.append(progress)
            report(run_id, progress, steps, epoch)

        monkeypatch.setattr(store, "report", remember)
        epochs = []

        def keep(_run, event):
            if isinstance(event, EpochMetrics):
                epochs.append(event)

        Engine(store, listener=keep).run(store.start(small_config(), "me"))
        training = [one for one in told if one.phase == "Training" and one.step]
        assert {one.step for one in training} == set(range(1, 13))
        assert {one.max_steps for one in training} == {12}
        assert all(one.samples_per_second > 0 for one in training)
        assert training[-1].seconds_left == 0
        assert training[0].seconds_left > 0
        assert training[0].learning_rate == small_config().learning_rate
        assert {"Loading the base model", "Testing", "Saving"} <= {one.phase for one in told}
        assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
