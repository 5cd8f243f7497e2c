"""Where runs are computed, as the engine tells it, and what becomes of one if that is lost."""

import json
import platform

import pytest
from small_runs import small_config, wait_until

from peft_demo.execution import Engine
from peft_demo.execution.executor import Cancelled, Handle
from peft_demo.execution.executors import ProcessExecutor, ThreadExecutor, ZeroGpuExecutor
from peft_demo.execution.machines import Machine
from peft_demo.execution.versions import difference, versions
from peft_demo.runs import EpochMetrics, RunStatus, checkpoints

LOST = Cancelled(reason="lab-1 could not be reached.", was_lost=True)


class TwoMachines:
    """Each job goes to the next machine, and tells nothing until it is told what."""

    slots = 2

    def __init__(self) -> None:
        self.handles: list[Handle] = []

    def start(self, jobs):
        for job in jobs:
            job.files.mkdir(exist_ok=True)
            self.handles.append(Handle())
            self.handles[-1].machine = f"lab-{len(self.handles) % 2}"
        return self.handles[-len(jobs) :]

    def machines(self):
        return [Machine(name=f"lab-{n}", slots=1, load=0.5) for n in range(2)]

    def close(self):
        for handle in self.handles:
            handle.tell(Cancelled())


@pytest.fixture
def executor():
    return TwoMachines()


@pytest.fixture
def engine(store, executor):
    made = Engine(store, lambda: executor)
    made.start()
    yield made
    executor.close()
    made.close()


def begun(engine, executor, count):
    runs = [engine.submit(small_config(seed=seed), "me") for seed in range(count)]
    wait_until(lambda: len(executor.handles) == count)
    return runs


def leave_a_checkpoint(store, run):
    files = store.partial_folder_of(run.run_id)
    written = checkpoints.part_of(files) / f"{checkpoints.PREFIX}2"
    written.mkdir(parents=True)
    (written / "trainer_state.json").write_text(json.dumps({}))
    checkpoints.keep(files, 2)


def test_the_engine_tells_which_run_is_where(engine, executor):
    first, second = begun(engine, executor, 2)
    (one, there), (other, beside) = engine.machines()
    assert (one.name, there) == ("lab-0", [second.run_id])
    assert (other.name, beside) == ("lab-1", [first.run_id])


def test_none_is_known_before_the_first_run(store):
    assert Engine(store, TwoMachines).machines() == []


@pytest.mark.parametrize("made", [ThreadExecutor, lambda: ZeroGpuExecutor(lambda call: call)])
def test_what_computes_here_is_one_machine(made):
    executor = made()
    (machine,) = executor.machines()
    assert (machine.name, machine.slots) == (platform.node(), executor.slots)
    assert machine.load is None or machine.load >= 0
    assert Handle().machine == machine.name


def test_worker_processes_are_one_machine_too():
    executor = ProcessExecutor(3)
    (machine,) = executor.machines()
    executor.close()
    assert (machine.name, machine.slots) == (platform.node(), 3)


def test_a_run_goes_on_elsewhere_by_itself_if_it_had_got_on(engine, executor, store):
    (run,) = begun(engine, executor, 1)
    epoch = {"train_loss": 0.5, "eval_loss": 0.5, "eval_accuracy": 0.5, "seconds": 1}
    executor.handles[0].tell(EpochMetrics(epoch=1, step=2, **epoch))
    leave_a_checkpoint(store, run)
    executor.handles[0].tell(LOST)
    wait_until(lambda: len(executor.handles) == 2)
    assert store.get(run.run_id).status is RunStatus.RUNNING
    # It leaves no other checkpoint there: it may be what ends machines.
    executor.handles[1].tell(LOST)
    wait_until(lambda: store.get(run.run_id).status is RunStatus.INTERRUPTED)
    wait_until(lambda: not engine.machines()[0][1])
    kept = store.get(run.run_id)
    assert (kept.error, kept.can_resume) == ("lab-1 could not be reached.", True)
    assert len(executor.handles) == 2


def test_versions_that_differ_are_named():
    ours = versions()
    assert set(ours) == {"torch", "transformers", "peft", "peft_demo"}
    assert difference("lab-1", ours) == ""
    assert difference("lab-1", {**ours, "peft": "0.1"}) == (
        f"lab-1 is not used: it has peft 0.1, and this program {ours['peft']}."
    )
    assert "it has peft_demo nowhere, and this program 0.1.0 (" in difference(
        "lab-1", {name: ours[name] for name in ("torch", "transformers", "peft")}
    )
