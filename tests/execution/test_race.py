"""A race: runs that are trained in turns, each with the numbers that it has alone."""

import time
from contextlib import contextmanager

import pytest
from small_runs import long_config, numbers_in, small_config, wait_until

from peft_demo.execution import Engine
from peft_demo.runs import GroupKind, RunStatus
from peft_demo.runs.sweeps import Plan


@contextmanager
def working(store):
    engine = Engine(store)
    engine.start()
    yield
    engine.close()


@pytest.mark.slow
class TestRace:
    def test_runs_advance_in_turn_with_the_numbers_they_have_alone(self, store):
        configs = [
            small_config("lora", num_train_epochs=6),
            small_config("vera", num_train_epochs=6, seed=11),
            small_config("head_only", num_train_epochs=6, per_device_train_batch_size=16),
        ]
        alone = [Engine(store).run(store.start(config, "test")) for config in configs]
        _, runs = store.submit_plan(Plan(GroupKind.SWEEP, "race", configs, is_race=True), "test")
        seen = []
        with working(store):
            wait_until(
                lambda: (
                    seen.append([len(store.get(r.run_id).epochs) for r in runs])
                    or all(store.get(run.run_id).status.is_over for run in runs)
                )
            )
        for before, run in zip(alone, runs, strict=True):
            assert numbers_in(store, store.get(run.run_id)) == numbers_in(store, before)
        # Never more than the reviews of a few turns apart: an epoch here is half a turn.
        side_by_side = [epochs for epochs in seen if 0 < max(epochs) < 6]
        assert side_by_side
        assert all(max(epochs) - min(epochs) <= 4 for epochs in side_by_side[1:])

    def test_a_loser_is_stopped_and_the_others_go_on(self, store):
        configs = [long_config(), small_config("ia3")]
        _, (slow, fast) = store.submit_plan(
            Plan(GroupKind.SWEEP, "r", configs, is_race=True), "test"
        )
        with working(store):
            wait_until(lambda: store.get(slow.run_id).epochs)
            store.request_stop(slow.run_id)
            wait_until(lambda: store.get(fast.run_id).status.is_over)
            wait_until(lambda: store.get(slow.run_id).status.is_over)
        assert store.get(slow.run_id).status is RunStatus.CANCELLED
        assert store.get(fast.run_id).status is RunStatus.COMPLETED

    def test_time_is_that_of_the_run_alone(self, store):
        configs = [small_config(seed=seed) for seed in (1, 2, 3)]
        _, runs = store.submit_plan(Plan(GroupKind.REPEATS, "r", configs, is_race=True), "test")
        started = time.perf_counter()
        with working(store):
            wait_until(lambda: all(store.get(run.run_id).status.is_over for run in runs))
        elapsed = time.perf_counter() - started
        results = [store.get(run.run_id).result for run in runs]
        assert sum(result.train_output["train_runtime"] for result in results) < elapsed
        for result in results:
            assert 0 < result.test_seconds < result.seconds
