"""What every executor keeps to: its test file has a fixture ``executor`` and takes this in.

By ``from executor_contract import *``: the fixture ``job``, and a class for each part.
"""

import itertools
import shutil
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from small_runs import long_config, small_config

from peft_demo import adapters
from peft_demo.execution import Engine
from peft_demo.execution.executor import Cancelled, End, Failed, Finished, Job
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    GroupKind,
    Progress,
    RangeTest,
    RunKind,
    StepMetrics,
    checkpoints,
)
from peft_demo.runs.sweeps import Plan

__all__ = [
    "ONE_STEP",
    "TestCancel",
    "TestEvents",
    "TestFailure",
    "TestKeep",
    "TestNumbers",
    "events_of",
    "heard",
    "job",
    "numbers_in",
    "test_an_adapter_from_elsewhere_is_tested",
]

ONE_STEP = {"num_train_epochs": 1, "num_reviews": 10}


@pytest.fixture
def job(tmp_path):
    """Makes jobs, each with an empty folder."""
    numbers = itertools.count(1)

    def make(config=None, kind=RunKind.TRAINING, **changes) -> Job:
        files = tmp_path / f"{next(numbers)}"
        files.mkdir()
        values = (config or small_config(**{**ONE_STEP, **changes})).flat()
        return Job(kind=kind, config=values, files=files)

    return make


def events_of(executor, *jobs):
    """All events of jobs that are started side by side, each heard in a thread of its own."""
    return heard(executor.start(jobs))


def heard(handles):
    found = [[] for _ in handles]
    threads = [
        threading.Thread(target=lambda place=place, handle=handle: found[place].extend(handle))
        for place, handle in enumerate(handles)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def numbers_in(events):
    """What was computed, without what a clock measured."""
    result = events[-1].result
    return [
        *(event for event in events if isinstance(event, StepMetrics)),
        *(e.model_dump(exclude={"seconds"}) for e in events if isinstance(e, EpochMetrics)),
        (result.test_loss, result.test_accuracy, result.train_output["training_loss"]),
    ]


class TestEvents:
    waits = ()
    """Phases before the first that is computed."""

    def test_come_in_order_and_the_end_comes_once(self, executor, job):
        made = job(num_train_epochs=2, num_reviews=20)
        (events,) = events_of(executor, made)
        kinds = [type(event) for event in events if not isinstance(event, Progress)]
        epochs = 2 * [StepMetrics, StepMetrics, EpochMetrics]
        assert kinds == [BeforeTraining, *epochs, Finished]
        steps = [event.step for event in events if isinstance(event, StepMetrics)]
        assert steps == [1, 2, 3, 4]
        phases = [event.phase for event in events if isinstance(event, Progress)]
        assert [phase for phase, _ in itertools.groupby(phases)] == [
            *self.waits,
            "Loading the base model",
            "Reading the texts",
            "Splitting the texts into tokens",
            "Training",
            "Testing",
            "Saving",
            "Checking the saved adapter",
        ]
        assert {adapters.WEIGHTS, adapters.CONFIG, "test_predictions.npz"} <= {
            path.name for path in made.files.iterdir()
        }

    def test_go_through_json_unchanged(self, executor, job):
        (events,) = events_of(executor, job())
        found = RangeTest(
            learning_rates=(1e-5, 0.1), losses=(0.7, 0.1), smoothed=(0.7, 0.1),
            suggestion=None, is_sure=False, reason="Why.",
        )  # fmt: skip
        for event in (*events, Cancelled(), Failed(reason="Why."), Finished(result=found)):
            assert type(event).model_validate_json(event.model_dump_json()) == event


class TestNumbers:
    def test_of_four_at_once_are_those_alone(self, executor, job, store):
        alone = [numbers_in(events_of(executor, job(seed=seed))[0]) for seed in (1, 2)]
        assert alone[0] != alone[1]
        heard = defaultdict(list)
        configs = [small_config(**ONE_STEP, seed=1 + n % 2) for n in range(4)]
        group, runs = store.submit_plan(Plan(GroupKind.SWEEP, "four", configs), "me")
        engine = Engine(
            store, lambda: executor, listener=lambda run, event: heard[run.run_id].append(event)
        )
        engine.run_group(group.group_id)
        for number, run in enumerate(runs):
            assert numbers_in(heard[run.run_id]) == alone[number % 2]

    def test_of_jobs_that_take_turns_are_those_alone(self, executor, job):
        changes = [{"seed": 1}, {"method": "ia3", "per_device_train_batch_size": 4}]
        alone = [numbers_in(events_of(executor, job(**change))[0]) for change in changes]
        together = events_of(executor, *(job(**change) for change in changes))
        assert [numbers_in(events) for events in together] == alone


class TestCancel:
    late = 2
    """So many steps may begin, or be on their way, before the wish arrives."""

    def test_comes_within_a_step(self, executor, job):
        (handle,) = executor.start([job(long_config())])
        steps, last = [], None
        for last in handle:
            if isinstance(last, StepMetrics):
                steps.append(last.step)
                if last.step == 3:
                    handle.cancel()
                    handle.cancel()
        assert last == Cancelled()
        assert steps == [*range(1, len(steps) + 1)]
        assert 3 <= len(steps) <= 3 + self.late

    def test_before_it_has_begun(self, executor, job):
        handles = [executor.start([job(long_config())])[0] for _ in range(executor.slots)]
        for handle in reversed(handles):
            handle.cancel()
            assert heard([handle])[0][-1] == Cancelled()

    def test_of_one_lets_those_beside_it_go_on(self, executor, job):
        long, short = executor.start([job(long_config()), job()])
        long.cancel()
        ends = [events[-1] for events in heard([long, short])]
        assert [type(end) for end in ends] == [Cancelled, Finished]


class TestKeep:
    late = 1
    """The same in epochs."""

    @pytest.mark.parametrize("then", [Finished, Cancelled])
    def test_ends_with_the_last_whole_epoch_unless_it_is_cancelled(self, executor, job, then):
        made = job(long_config(num_reviews=20, num_test_reviews=50))
        (handle,) = executor.start([made])
        last = None
        for last in handle:
            if isinstance(last, StepMetrics) and last.step == 3:
                handle.keep()
                handle.keep()
            if isinstance(last, Progress) and last.phase == "Testing" and then is Cancelled:
                handle.cancel()
        assert type(last) is then
        files = {path.name for path in made.files.iterdir()}
        if then is Cancelled:
            assert checkpoints.latest(made.files)
            return
        early = last.result.stopped_early
        assert (early.why, early.num_train_epochs) == ("asked", 50)
        assert 1 <= early.epoch <= 1 + self.late
        assert last.result.train_output["global_step"] == 2 * early.epoch
        assert {adapters.WEIGHTS, adapters.CONFIG, "test_predictions.npz"} <= files


class TestFailure:
    @staticmethod
    def failed(executor, made):
        (events,) = events_of(executor, made)
        end = events[-1]
        assert isinstance(end, Failed)
        assert not any(isinstance(event, End) for event in events[:-1])
        return end

    def test_of_a_configuration_that_no_rule_allows(self, executor, job):
        made = job()
        end = self.failed(executor, made.model_copy(update={"config": {"method": "gone"}}))
        assert end.reason.startswith("method must be one of lora")

    def test_of_the_job_is_one_sentence_with_a_traceback(self, executor, job):
        end = self.failed(executor, job(kind=RunKind.IMPORTED))
        assert end.reason.endswith(".")
        assert "\n" not in end.reason
        assert end.traceback.startswith("Traceback")
        assert end.reason in end.traceback

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
    @pytest.mark.parametrize("file", [".test_predictions.npz", adapters.CONFIG])
    def test_of_a_full_disk_names_the_folder(self, executor, job, file):
        made = job()
        (made.files / file).symlink_to("/dev/full")
        end = self.failed(executor, made)
        assert end.reason == (
            f"PEFT_DEMO_HOME must be a folder with free space that can be written to, "
            f"got {made.files.parent} (No space left on device)."
        )


def test_an_adapter_from_elsewhere_is_tested(executor, job):
    trained = job()
    (events,) = events_of(executor, trained)
    imported = job(kind=RunKind.IMPORTED)
    for name in (adapters.CONFIG, adapters.WEIGHTS):
        shutil.copy(trained.files / name, imported.files)
    (again,) = events_of(executor, imported)
    assert again[-1].result.test_accuracy == events[-1].result.test_accuracy
    assert any(isinstance(event, Progress) and event.phase == "Testing" for event in again)
