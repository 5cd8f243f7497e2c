"""JobsExecutor with the Hub of the tests, which runs each job's command in a process of its own."""

import itertools
import math
import time
from types import SimpleNamespace

import executor_contract as contract
import pytest
from executor_contract import *  # noqa: F403
from executor_contract import events_of, heard
from hub_server import Hub
from small_runs import long_config, wait_until

from peft_demo import adapters
from peft_demo.execution import Engine
from peft_demo.execution.executor import Cancelled, Finished
from peft_demo.execution.executors import hub_job, hub_jobs
from peft_demo.execution.executors.hub_account import BUCKET, Account, price
from peft_demo.execution.executors.hub_jobs import Agreements, JobsExecutor
from peft_demo.execution.versions import versions
from peft_demo.runs import EpochMetrics, RunStatus, StepMetrics, checkpoints

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def served():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPACE_ID", "teacher/peft-demo")
        patch.setenv("PEFT_DEMO_PRECISION", "float32")
        patch.setattr(hub_jobs, "GATHER_SECONDS", 0.2)
        patch.setattr("peft_demo.execution.executors.hub_account.AGAIN_SECONDS", 0.05)
        hub = Hub()
        yield hub
        hub.go()


def made(flavor="cpu-upgrade", until=math.inf):
    return JobsExecutor(Account("writer", "hf_writer", until), price(flavor), 60)


@pytest.fixture
def executor():
    """The writer's."""
    executor = made()
    yield executor
    executor.close()


@pytest.fixture(autouse=True)
def no_token_is_left(served):
    yield
    for job in served.jobs.started:
        assert "hf_writer" not in f"{job.spec}{job.log.read_text()}"


class TestEvents(contract.TestEvents):
    waits = (hub_job.STARTING,)


class TestFailure(contract.TestFailure):
    @pytest.mark.parametrize("file", [adapters.CONFIG])
    def test_of_a_full_disk_names_the_folder(self, executor, job, file):
        super().test_of_a_full_disk_names_the_folder(executor, job, file)


class TestKeep(contract.TestKeep):
    # A wish goes through the bucket: the job has done further epochs by then.
    late = 48


def steps_in(events):
    return [event.step for event in events if isinstance(event, StepMetrics)]


class TooManyRequestsError(Exception):
    """As the Hub's client tells of that answer."""

    response = SimpleNamespace(status_code=429)


class TestJob:
    def test_several_runs_are_in_one_and_leave_nothing(self, served, executor, job, monkeypatch):
        put, fetch = [], served.jobs.fetch

        def fetched(xet_hash, place, token_url):
            fetch(xet_hash, place, token_url)
            put.append(place.read_bytes())

        monkeypatch.setattr(served.jobs, "fetch", fetched)
        monkeypatch.setattr(hub_jobs, "GATHER_SECONDS", 2.0)
        before = len(served.jobs.started)
        jobs = [job(seed=seed) for seed in (1, 2, 3)]
        handles = [executor.start([one])[0] for one in jobs]
        for events in heard(handles):
            assert events[-1].result.environment["host"] == "Hugging Face Jobs (cpu-upgrade)"
        assert {handle.machine for handle in handles} == {"Hugging Face Jobs (cpu-upgrade)"}
        (started,) = served.jobs.started[before:]
        assert put
        assert not any(b"hf_writer" in content for content in put)
        assert started.spec["spaceId"] == "teacher/peft-demo"
        assert started.spec["flavor"] == "cpu-upgrade"
        assert started.spec["timeoutSeconds"] == 3570
        assert "secrets" not in started.spec
        wait_until(lambda: executor.used)
        assert executor.left == 60 - executor.used
        bucket = served.jobs.bucket(f"writer/{BUCKET}")
        wait_until(lambda: not [path for path in bucket.rglob("*") if path.is_file()])
        assert served.jobs.private == {f"writer/{BUCKET}": True}

    def test_what_the_log_loses_is_had_from_the_bucket(self, served, executor, job, monkeypatch):
        # Each third line is lost, and the connection cut twice: what is told again is not heard.
        monkeypatch.setattr(served.jobs, "loses", lambda number: number % 3 == 2)
        monkeypatch.setattr(served.jobs, "cuts", [3, 6])
        (events,) = events_of(executor, job(num_train_epochs=2))
        assert steps_in(events) == [1, 2]
        assert [event.epoch for event in events if isinstance(event, EpochMetrics)] == [1, 2]
        assert isinstance(events[-1], Finished)

    def test_one_that_dies_leaves_runs_that_go_on(self, served, executor, store):
        def kill(run, event):
            if isinstance(event, StepMetrics):
                steps.append(event.step)
                if steps == [1, 2, 3]:
                    served.jobs.end(served.jobs.started[-1], "ERROR", "Node lost")

        steps = []
        engine = Engine(store, lambda: executor, listener=kill)
        run = store.start(long_config(num_train_epochs=12, num_reviews=20), "me")
        left = engine.run(run)
        assert left.status is RunStatus.INTERRUPTED
        assert left.error == (
            "Hugging Face Jobs: the job ended before its runs (Node lost). Press Resume to go on."
        )
        kept = checkpoints.step_of(checkpoints.latest(store.partial_folder_of(run.run_id)))
        assert kept >= 2
        told = len(steps)
        store.resume(run.run_id)
        run = engine.run(store.claim())
        assert run.status is RunStatus.COMPLETED, run.error
        assert [step.step for step in store.steps(run.run_id)] == [*range(1, 25)]
        assert [epoch.epoch for epoch in run.epochs] == [*range(1, 13)]
        assert steps[told] == kept + 1

    def test_one_of_another_version_is_left_at_once(self, served, executor, job, monkeypatch):
        ours = {**versions(), "torch": "2.0.1"}
        monkeypatch.setattr("peft_demo.execution.versions.versions", lambda: ours)
        (events,) = events_of(executor, job())
        assert events[-1].reason == (
            f"Hugging Face Jobs is not used: it has torch {versions()['torch']}, and this program "
            "2.0.1. Press Resume to go on."
        )
        wait_until(lambda: served.jobs.started[-1].is_over)

    def test_its_minutes_end_it_and_it_is_said(self, served, job):
        executor = made("cpu-basic")
        executor.minutes = 33 / 60
        (events,) = events_of(executor, job(long_config(num_reviews=20)))
        assert events[-1] == Cancelled(reason=hub_job.CUT)
        assert served.jobs.started[-1].spec["timeoutSeconds"] == 3
        wait_until(lambda: executor.left == 0)

    def test_its_log_is_read_on_when_it_breaks_off(self, served, executor, job, monkeypatch):
        monkeypatch.setattr(hub_job, "RETRY_SECONDS", 0.05)
        lines, reads = executor.account.lines, []

        def broken(job_id):
            reads.append(job_id)
            if len(reads) == 2:
                raise TooManyRequestsError
            yield from itertools.islice(lines(job_id), None if len(reads) > 2 else 3)

        monkeypatch.setattr(executor.account, "lines", broken)
        (events,) = events_of(executor, job())
        assert isinstance(events[-1], Finished)
        assert len(reads) == 3


class TestAgreement:
    def test_holds_until_it_is_used_up_or_ended(self, served, executor):
        agreements = Agreements()
        agreements.add("@writer", executor)
        assert agreements.holding() == {"@writer": executor}
        executor.used = 60
        assert agreements.holding() == {}
        assert agreements.of("@writer").why_not == hub_job.CUT
        agreements.end("@writer")
        assert agreements.of("@writer") is None

    @pytest.mark.parametrize(
        ("has_credit", "seconds_left", "why"),
        [
            (False, math.inf, "the account has no credit left."),
            (True, 20.0, "your sign-in ends too soon, please sign in again."),
        ],
    )
    def test_what_cannot_be_billed_is_said_and_costs_nothing(
        self, served, job, monkeypatch, has_credit, seconds_left, why
    ):
        monkeypatch.setattr(served.jobs, "has_credit", has_credit)
        executor = made(until=time.time() + seconds_left)
        before = len(served.jobs.started)
        (events,) = events_of(executor, job())
        assert events[-1].reason == (
            f"Hugging Face Jobs cannot be used: {why} Press Resume to train it here."
        )
        wait_until(lambda: executor.left == 0)
        assert executor.used == 0
        assert served.jobs.started[before:] == []

    def test_its_end_ends_its_job(self, served, executor, job):
        (handle,) = executor.start([job(long_config())])
        last = None
        for last in handle:
            if isinstance(last, StepMetrics) and last.step == 1:
                executor.end()
        assert last == Cancelled(reason=hub_job.ENDED)
        assert served.jobs.started[-1].stage == "CANCELED"
        assert not executor.left
