"""RayExecutor on a real cluster of two nodes: the contract, and what only a cluster has."""

import os
import platform
import signal
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import executor_contract as contract
import pytest
from executor_contract import *  # noqa: F403
from executor_contract import events_of, heard, numbers_in
from ray_nodes import one_node
from small_runs import long_config, wait_until

from peft_demo import adapters
from peft_demo.execution import Engine, cluster_worker, executors
from peft_demo.execution.cluster_worker import Joined
from peft_demo.execution.executor import Cancelled, Failed, Finished
from peft_demo.execution.executors import ray_cluster
from peft_demo.execution.executors.ray_cluster import WAITING
from peft_demo.execution.executors.ray_nodes import Node
from peft_demo.execution.versions import versions
from peft_demo.runs import Progress, RunStatus, StepMetrics, checkpoints

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    with one_node() as made:
        yield made


@pytest.fixture(scope="module")
def executor(cluster):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_RAY_ADDRESS", cluster.address)
        patch.setenv("PEFT_DEMO_RAY_CPUS", "1")
        patch.setenv("PEFT_DEMO_WORKERS", "2")
        patch.setattr(ray_cluster, "PATIENCE_SECONDS", 600.0)
        made = executors.preferred()
        try:
            wait_until(made.machines)
            assert made.slots == 1
            cluster.second = cluster.join()
            wait_until(lambda: made.slots == 2)
            both = []
            while len(both) < 2:
                wait_until(lambda: (worker := made._take_worker()) and both.append(worker) is None)
            for worker in both:
                wait_until(lambda worker=worker: worker.join(1))
                worker.release()
            yield made
        finally:
            made.close()


@contextmanager
def only(executor, node=None):
    """All workers but that of one node are taken by somebody else; the process of that one."""
    others = [
        worker for worker in executor._workers if node is None or worker.node.id != node.node_id
    ]
    for worker in others:
        wait_until(worker.take)
    found = [worker for worker in executor._workers if worker not in others]
    yield next((pid_of(worker) for worker in found), None)
    for worker in others:
        worker.release()


def pid_of(worker):
    import ray

    return ray.get(worker._actor.__ray_call__.remote(lambda actor: os.getpid()))


class TestCancel(contract.TestCancel):
    # Nobody waits until a step has been heard elsewhere: when a wish arrives, others are over.
    late = 150


class TestKeep(contract.TestKeep):
    late = 45

    @pytest.mark.parametrize("then", [Finished])
    def test_ends_with_the_last_whole_epoch_unless_it_is_cancelled(self, executor, job, then):
        super().test_ends_with_the_last_whole_epoch_unless_it_is_cancelled(executor, job, then)


class TestFailure(contract.TestFailure):
    @pytest.mark.parametrize("file", [adapters.CONFIG])
    def test_of_a_full_disk_names_the_folder(self, executor, job, file):
        super().test_of_a_full_disk_names_the_folder(executor, job, file)


class TestMachines:
    def test_each_tells_of_itself_and_a_job_where_it_is(self, executor, job):
        first, second = executor.machines()
        assert first.name != second.name
        assert {first.name.partition(" ")[0], second.name.partition(" ")[0]} == {platform.node()}
        for machine in (first, second):
            assert (machine.slots, machine.trouble) == (1, "")
            assert machine.precision in ("float32", "bfloat16")
        (handle,) = executor.start([job()])
        (events,) = heard([handle])
        assert handle.machine in (first.name, second.name)
        assert events[-1].result.environment["host"] == platform.node()
        wait_until(lambda: all(machine.load is not None for machine in executor.machines()))

    def test_one_with_other_versions_is_refused_in_a_sentence(self, executor):
        node = Node("elsewhere", "lab-7", 1)
        theirs = Joined("lab-7", "a processor", "float32", {**versions(), "torch": "2.0.1"})
        ended = []
        worker = SimpleNamespace(node=node, join=lambda _: theirs, kill=lambda: ended.append(node))
        assert not executor._joins(worker)
        assert ended == [node]
        assert executor._nodes.trouble(node) == (
            f"lab-7 is not used: it has torch 2.0.1, and this program {versions()['torch']}."
        )

    def test_one_where_no_worker_starts_says_why(self, executor):
        node, ended = Node("bare", "lab-8", 1), []

        def join(_):
            raise RuntimeError("It died:\n  ^^^\nModuleNotFoundError: No module named 'peft_demo'")

        end = {"kill": lambda: ended.append(node)}
        worker = SimpleNamespace(node=node, joined=None, join=join, **end)
        assert not executor._joins(worker)
        assert ended == [node]
        assert executor._nodes.trouble(node) == (
            "lab-8 is not used: no worker starts there (ModuleNotFoundError: No module named "
            "'peft_demo')."
        )

    def test_a_worker_that_died_while_idle_is_let_go_and_its_machine_is_not_blamed(self, executor):
        node, ended = Node("there", "lab-9", 1), []

        def join(_):
            raise RuntimeError("The actor died unexpectedly")

        worker = SimpleNamespace(node=node, joined=True, join=join, kill=lambda: ended.append(node))
        assert not executor._joins(worker)
        assert ended == [node]
        assert executor._nodes.trouble(node) == ""

    def test_a_job_outlives_a_cluster_that_is_lost_as_its_worker_starts(self, executor, job):
        tried, patch = threading.Event(), pytest.MonkeyPatch()

        def lose(*_):
            tried.set()
            raise ConnectionError

        with executor._lock:
            patch.setattr(executor._nodes, "actor", lose)
            patch.setattr(executor, "_workers", [])
        (handle,) = executor.start([job()])
        was_tried = tried.wait(60)
        with executor._lock:
            patch.undo()
        assert was_tried
        (events,) = heard([handle])
        assert isinstance(events[-1], Finished)

    def test_a_job_waits_for_one_and_says_so(self, executor, job, monkeypatch):
        monkeypatch.setattr(ray_cluster, "PATIENCE_SECONDS", 0.0)
        with only(executor):
            (handle,) = executor.start([job()])
            events = iter(handle)
            assert next(events) == Progress(phase=WAITING)
            handle.cancel()
            assert next(events) == Cancelled()


def tell_nothing_after(worker, checkpoint):
    """So that what is heard last is known, however slow the one who hears is."""

    def hold(_):
        class Held(cluster_worker.Sent):
            def new(self):
                while checkpoint in self._there():
                    time.sleep(0.1)
                return super().new()

        cluster_worker.Sent = Held

    import ray

    ray.get(worker._actor.__ray_call__.remote(hold))


def test_those_outside_of_the_cluster_are_told_the_same_step_by_step(executor, job, monkeypatch):
    (streamed,) = events_of(executor, job())
    monkeypatch.setattr(executor._nodes, "can_stream", False)
    (events,) = events_of(executor, job())
    assert numbers_in(events) == numbers_in(streamed)


def test_a_lost_machine_leaves_its_run_to_the_other(executor, cluster, store):
    """From here on there is one."""

    def lose(run, event):
        if not isinstance(event, StepMetrics):
            return
        places.extend(where.name for where, runs in engine.machines() if run.run_id in runs)
        if event.step == 6 and not kept:
            kept.append(checkpoints.latest(store.partial_folder_of(run.run_id)).name)
            os.kill(pid, signal.SIGSTOP)
            cluster.remove_node(cluster.second, allow_graceful=False)
            os.kill(pid, signal.SIGKILL)

    kept, places = [], []
    engine = Engine(store, lambda: executor, listener=lose)
    with only(executor, cluster.second) as pid:
        (worker,) = [each for each in executor._workers if each.node.id == cluster.second.node_id]
        tell_nothing_after(worker, "checkpoint-6")
        engine.start()
        run = engine.submit(long_config(num_train_epochs=4, num_reviews=20), "me")
        wait_until(lambda: kept and store.get(run.run_id).status is not RunStatus.RUNNING)
    over = (RunStatus.COMPLETED, RunStatus.FAILED)
    wait_until(lambda: store.get(run.run_id).status in over)
    engine._closing.set()  # its executor is for all tests
    engine._thread.join()
    run = store.get(run.run_id)
    assert run.status is RunStatus.COMPLETED, run.error
    # It went on from the checkpoint that had come before: each step and epoch is there once.
    assert kept == ["checkpoint-4"]
    assert [step.step for step in store.steps(run.run_id)] == [*range(1, 9)]
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3, 4]
    assert len({*places}) == 2
    trouble = [machine.trouble for machine in executor.machines() if machine.name == places[0]]
    assert trouble in ([], [f"{places[0]} is not used: it could not be reached."])


def test_one_that_does_not_stop_is_ended_and_what_ran_beside_fails(
    executor, cluster, job, monkeypatch
):
    """The last test: nobody needs another worker."""
    monkeypatch.setattr(ray_cluster, "STUCK_SECONDS", 0.5)
    with only(executor, cluster.head_node) as pid:
        stopped, beside = executor.start([job(long_config()), job(long_config())])
        told = []
        hearing = threading.Thread(target=lambda: told.extend(beside))
        hearing.start()
        last = None
        for last in stopped:
            if isinstance(last, StepMetrics) and last.step == 1:
                os.kill(pid, signal.SIGSTOP)
                stopped.cancel()
        hearing.join()
    assert last == Cancelled()
    assert isinstance(told[-1], Failed)
    assert told[-1].reason.startswith(f"The process on {beside.machine} that worked on it died, as")
