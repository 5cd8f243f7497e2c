"""The executors of one machine, which all keep to ``executor_contract``."""

import multiprocessing
import os
import signal
import threading
from collections import deque

import psutil
import pytest
from executor_contract import *  # noqa: F403
from executor_contract import ONE_STEP, events_of
from forked_calls import Lent
from small_runs import long_config, small_config, wait_until

from peft_demo.execution import Engine, executors
from peft_demo.execution.executor import Cancelled
from peft_demo.execution.executors import processes
from peft_demo.execution.worker import NICENESS, warm_up
from peft_demo.models import hardware
from peft_demo.runs import GroupKind, RunStatus, StepMetrics, footprint
from peft_demo.runs.sweeps import Plan

pytestmark = pytest.mark.slow

EXECUTORS = ("thread", "2", "zero_gpu")
"""Values of PEFT_DEMO_WORKERS; and jobs that are computed in forked calls of visits."""


class Visited(executors.ZeroGpuExecutor):
    """Each job is visited at once, as by an open page."""

    slots = 2

    def __init__(self):
        super().__init__(Lent())

    def start(self, jobs):
        handles = super().start(jobs)
        for job in jobs:
            visit = self.visit(job.files.name, 600)
            threading.Thread(target=deque, args=(visit, 0), daemon=True).start()
        return handles


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zero_gpu":
            warm_up()  # as on a Space: a fork has what is loaded
            made = Visited()
        else:
            patch.setenv("PEFT_DEMO_WORKERS", request.param)
            made = executors.preferred()
    yield made
    made.close()


@pytest.fixture
def in_processes(executor):
    if not isinstance(executor, executors.ProcessExecutor):
        pytest.skip("it has no workers that stay")


def send_to_busy(executor, number: int) -> None:
    """Send a signal to the workers that have something to do."""
    for worker in busy(executor):
        os.kill(worker._process.pid, number)


def busy(executor):
    return [worker for worker in executor._workers if worker.is_busy()]


@pytest.mark.usefixtures("in_processes")
class TestProcesses:
    def test_tell_what_a_run_took_of_memory(self, executor, job):
        def took(**changes):
            (events,) = events_of(executor, job(**changes))
            return events[-1].result.memory_bytes

        # Its first runs may begin while it still loads.
        wait_until(took)
        shape = {"per_device_train_batch_size": 16, "max_length": 128, "num_reviews": 20}
        small, large = took(), took(**shape)
        assert 0 < small < large < psutil.virtual_memory().total
        estimate = footprint.training_bytes(small_config(**shape), hardware.training_precision())
        assert estimate / 3 < large < 1.5 * estimate

    def test_one_that_does_not_stop_is_ended(self, executor, job, monkeypatch):
        monkeypatch.setattr(processes, "STUCK_SECONDS", 0.5)
        (handle,) = executor.start([job(long_config())])
        last = None
        for last in handle:
            if isinstance(last, StepMetrics) and last.step == 1:
                (worker,) = busy(executor)
                assert psutil.Process(worker._process.pid).nice() >= NICENESS
                send_to_busy(executor, signal.SIGSTOP)
                handle.cancel()
        assert last == Cancelled()

    def test_a_killed_one_fails_its_run_alone_and_is_replaced(self, executor, store):
        def kill_the_first(run, event):
            if run.run_id == first.run_id and isinstance(event, StepMetrics) and event.step == 1:
                wait_until(lambda: store.get(second.run_id).status.is_over)
                wait_until(lambda: len(busy(executor)) == 1)
                send_to_busy(executor, signal.SIGKILL)

        configs = [long_config(), small_config(**ONE_STEP)]
        group, (first, second) = store.submit_plan(Plan(GroupKind.SWEEP, "sweep", configs), "me")
        engine = Engine(store, lambda: executor, listener=kill_the_first)
        engine.run_group(group.group_id)
        run = store.get(first.run_id)
        assert (run.status, run.result) == (RunStatus.FAILED, None)
        assert "was killed, as happens when the machine's memory is full" in run.error
        assert not store.partial_folder_of(run.run_id).exists()
        assert store.get(second.run_id).status is RunStatus.COMPLETED
        for _ in range(executor.slots):
            assert engine.run(store.start(small_config(**ONE_STEP), "me")).status == "completed"


@pytest.mark.parametrize(
    ("code", "words"),
    [(-9, "was killed, as happens"), (-11, "died of SIGSEGV."), (1, "ended with status 1.")],
)
def test_how_a_worker_died_is_told(code, words):
    assert words in processes._reason(code)


def test_workers_end_with_their_executor():
    before = set(multiprocessing.active_children())
    made = executors.ProcessExecutor(1)
    (worker,) = set(multiprocessing.active_children()) - before
    made.close()
    assert not psutil.pid_exists(worker.pid)


@pytest.mark.parametrize(
    ("asked", "cores", "gigabytes", "workers"),
    [
        ("auto", 1, 64, 0),
        ("auto", 2, 64, 2),
        ("auto", 2, 2, 0),
        ("auto", 4, 64, 2),
        ("auto", 16, 64, 8),
        ("auto", 16, 4, 2),
        ("auto", 16, 2, 0),
        ("thread", 16, 64, 0),
        ("3", 2, 1, 3),
    ],
)
def test_as_many_workers_as_fit(monkeypatch, asked, cores, gigabytes, workers):
    made = []
    monkeypatch.setenv("PEFT_DEMO_WORKERS", asked)
    monkeypatch.setattr(executors, "_cores", lambda: cores)
    monkeypatch.setattr(executors.memory, "free_bytes", lambda: gigabytes * 10**9)
    monkeypatch.setattr(executors, "ProcessExecutor", lambda *given: made.append(given))
    chosen = executors.preferred()
    if workers:
        ((slots, environment),) = made
        assert slots == workers
        assert environment["OMP_NUM_THREADS"] == str(max(1, cores // workers))
        assert environment["PEFT_DEMO_PRECISION"] in ("float32", "bfloat16")
    else:
        assert isinstance(chosen, executors.ThreadExecutor)
