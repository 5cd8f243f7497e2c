"""Jobs on a GPU that is lent to visitors: limits, quotas, closed pages, and the processor."""

import threading
from types import SimpleNamespace

import pytest
from compared_runs import finish, probabilities
from forked_calls import Lent
from small_runs import long_config, small_config, wait_until

from peft_demo import settings
from peft_demo.execution import Engine
from peft_demo.execution.executor import Finished, Job
from peft_demo.execution.executors import zero_gpu
from peft_demo.execution.executors.zero_gpu import ZeroGpuExecutor
from peft_demo.execution.worker import warm_up
from peft_demo.models import hardware
from peft_demo.runs import EpochMetrics, RunKind, RunStatus, StepMetrics
from peft_demo.ui import gpu_visits
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.page import build
from peft_demo.ui.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def loaded():
    warm_up()


@pytest.fixture
def engine_of(store):
    """An engine whose jobs wait for visits."""
    started = []

    def make(executor):
        started.append(Engine(store, lambda: executor))
        started[-1].start()
        return started[-1]

    yield make
    for engine in started:
        engine.close()


def name_of(store, run):
    return store.partial_folder_of(run.run_id).name


def visited(executor, store, run, seconds=600.0):
    """Let it be computed as soon as it waits; what it told."""
    wait_until(lambda: name_of(store, run) in executor._waiting)
    told = list(executor.visit(name_of(store, run), seconds))
    wait_until(lambda: store.get(run.run_id).status.is_over)
    return told


def config(**changes):
    return small_config(**{"num_train_epochs": 1, "num_reviews": 10, **changes})


def test_a_visit_trains_in_a_forked_process_and_the_store_has_it_all(store, engine_of):
    lent = Lent()
    executor = ZeroGpuExecutor(lent)
    run = engine_of(executor).submit(config(), "me")
    told = visited(executor, store, run, 450)
    found = store.get(run.run_id)
    assert found.status is RunStatus.COMPLETED, found.error
    assert lent.asked == [450]
    assert len(lent.processes) == 1
    assert [step for step in told if isinstance(step, StepMetrics)] == store.steps(run.run_id)
    assert not [*store.folder_of(run.run_id).glob(".visit")]


def test_a_visit_that_came_while_another_forked_is_begun_again(store, engine_of):
    lent = Lent(busy=2)
    executor = ZeroGpuExecutor(lent)
    run = engine_of(executor).submit(config(), "me")
    visited(executor, store, run)
    assert store.get(run.run_id).status is RunStatus.COMPLETED, store.get(run.run_id).error
    assert (len(lent.asked), len(lent.processes)) == (3, 1)


def test_a_run_that_is_too_long_is_cut_at_an_epoch_and_goes_on_in_the_next_visit(
    store, engine_of, monkeypatch
):
    """To the same numbers as one that was not cut."""
    executor = ZeroGpuExecutor(Lent())
    engine = engine_of(executor)
    whole = engine.submit(config(num_train_epochs=3), "me")
    visited(executor, store, whole)
    run = engine.submit(config(num_train_epochs=3), "me")
    visited(executor, store, run, zero_gpu.RESERVE_SECONDS)  # no second epoch fits
    cut = store.get(run.run_id)
    assert (cut.status, cut.error) == (RunStatus.INTERRUPTED, zero_gpu.CUT)
    assert len(cut.epochs) == 1
    assert cut.can_resume
    engine.resume(run.run_id)
    visited(executor, store, run)
    done, known = store.get(run.run_id), store.get(whole.run_id)
    assert done.status is RunStatus.COMPLETED
    assert store.steps(run.run_id) == store.steps(whole.run_id)
    assert done.result.test_loss == known.result.test_loss


def test_one_that_the_platform_kills_keeps_its_epochs(store, engine_of):
    executor = ZeroGpuExecutor(lent := Lent())
    run = engine_of(executor).submit(long_config(num_reviews=20), "me")
    wait_until(lambda: name_of(store, run) in executor._waiting)
    for event in executor.visit(name_of(store, run), 600):
        if isinstance(event, EpochMetrics) and event.epoch == 2:
            lent.processes[0].kill()
    wait_until(lambda: store.get(run.run_id).status.is_over)
    found = store.get(run.run_id)
    assert (found.status, found.error) == (RunStatus.INTERRUPTED, zero_gpu.CUT)
    assert len(found.epochs) >= 2


def test_no_epoch_in_time_says_so_and_the_processor_takes_it(store, engine_of):
    executor = ZeroGpuExecutor(Lent(limit=0.01))
    engine = engine_of(executor)
    run = engine.submit(config(), "me")
    visited(executor, store, run)
    assert store.get(run.run_id).error == zero_gpu.TOO_LONG
    engine.resume(run.run_id)
    wait_until(lambda: store.get(run.run_id).status is RunStatus.COMPLETED)


def test_a_quota_that_is_used_up_says_so_and_a_restart_remembers_it(store, engine_of, monkeypatch):
    executor = ZeroGpuExecutor(Lent(quota=20))
    engine = engine_of(executor)
    run = engine.submit(config(), "me")
    visited(executor, store, run, 60)
    found = store.get(run.run_id)
    assert found.status is RunStatus.INTERRUPTED
    assert found.error == (
        "You have exceeded your ZeroGPU quota (60s requested vs. 20s left). Try again in 5:00:00. "
        "Press Resume to train on the Space's processor instead."
    )
    engine.close()
    monkeypatch.setattr(settings, "is_zero_gpu", lambda: True)
    monkeypatch.setenv("PEFT_DEMO_HOME", str(store.folder))
    services = Services()
    services.store.close()
    engine = engine_of(services.zero_gpu)
    engine.resume(run.run_id)  # nobody visits it, and it does not wait for that
    wait_until(lambda: store.get(run.run_id).status is RunStatus.COMPLETED)


def test_one_that_nobody_visits_is_for_the_processor(store, engine_of):
    executor = ZeroGpuExecutor(Lent(), wait_seconds=0.1)
    run = engine_of(executor).submit(config(), "me")
    wait_until(lambda: store.get(run.run_id).status is RunStatus.COMPLETED)


def test_a_page_that_is_closed_ends_its_visit_and_the_run_can_go_on(store, engine_of):
    executor = ZeroGpuExecutor(lent := Lent())
    run = engine_of(executor).submit(long_config(num_reviews=20), "me")
    wait_until(lambda: name_of(store, run) in executor._waiting)
    visit = executor.visit(name_of(store, run), 600)
    assert any(isinstance(event, EpochMetrics) for event in visit)  # any stops at the first
    visit.close()
    wait_until(lambda: store.get(run.run_id).status.is_over)
    found = store.get(run.run_id)
    assert (found.status, found.error) == (RunStatus.INTERRUPTED, zero_gpu.LEFT)
    assert found.can_resume
    assert not lent.processes[0].is_alive()


def test_who_waits_can_be_stopped(store, engine_of):
    executor = ZeroGpuExecutor(Lent())
    engine = engine_of(executor)
    run = engine.submit(config(), "me")
    wait_until(lambda: name_of(store, run) in executor._waiting)
    engine.cancel(run.run_id)
    wait_until(lambda: store.get(run.run_id).status is RunStatus.CANCELLED)
    assert list(executor.visit(name_of(store, run), 60)) == []


def test_with_the_real_package_outside_a_space(tmp_path, monkeypatch):
    """Its decorator leaves the function as it is there, and no process is forked."""
    monkeypatch.setattr(hardware, "_lent", threading.Event())
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    executor = zero_gpu.on_this_space()
    (tmp_path / "job").mkdir()
    job = Job(kind=RunKind.TRAINING, config=config().flat(), files=tmp_path / "job")
    (handle,) = executor.start([job])
    threading.Thread(target=lambda: list(executor.visit("job", 60)), daemon=True).start()
    assert isinstance([*handle][-1], Finished)


def test_a_visit_asks_for_as_long_as_such_runs_took(store, monkeypatch):
    run = finish(store, store.start(config(), "me"), probabilities([]))
    assert gpu_visits.seconds_for(run, []) == gpu_visits.UNKNOWN_SECONDS
    on_gpu = run.result.model_copy(
        update={"environment": {"device": "cuda"}, "train_output": {"train_runtime": 40.0}}
    )
    known = run.model_copy(update={"result": on_gpu})
    assert 60 <= gpu_visits.seconds_for(run, [known]) <= gpu_visits.MOST_SECONDS
    slow = {"train_output": {"train_runtime": 4e6}}
    slower = known.model_copy(update={"result": on_gpu.model_copy(update=slow)})
    assert gpu_visits.seconds_for(run, [slower]) == gpu_visits.MOST_SECONDS


def test_the_event_of_start_stays_until_what_it_queued_is_computed(store, engine_of, monkeypatch):
    monkeypatch.setattr(gpu_visits, "LOOK_SECONDS", 0.01)
    executor = ZeroGpuExecutor(lent := Lent())
    services = SimpleNamespace(zero_gpu=executor, store=store, known_runs=store.runs)
    engine = engine_of(executor)
    with acting_as(Visitor("b" * 32)):
        assert list(gpu_visits.stays(services)) == []
        runs = [engine.submit(config(), "b" * 32) for _ in range(2)]  # not offered yet
        list(gpu_visits.stays(services))
    assert [store.get(run.run_id).status for run in runs] == [RunStatus.COMPLETED] * 2
    assert len(lent.asked) == 2


def test_it_does_not_stay_for_what_does_not_begin(store, monkeypatch):
    monkeypatch.setattr(gpu_visits, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(gpu_visits, "MOST_QUEUED_SECONDS", 0.05)
    store.submit(config(), "b" * 32)
    executor = ZeroGpuExecutor(Lent())
    services = SimpleNamespace(zero_gpu=executor, store=store, known_runs=store.runs)
    with acting_as(Visitor("b" * 32)):
        assert 0 < len(list(gpu_visits.stays(services))) < 50


@pytest.mark.parametrize("is_there", [True, False])
def test_only_a_zero_gpu_space_lets_start_go_on(tmp_path, monkeypatch, is_there):
    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path))
    monkeypatch.setattr(settings, "is_zero_gpu", lambda: is_there)
    services = Services()
    events = build(services).fns.values()
    services.store.close()
    follow = [event for event in events if event.name == "stay"]
    assert len(follow) == (4 if is_there else 0)  # Start, the range test, several runs, a search
    for event in follow:
        assert event.types_generator
        assert event.trigger_after is not None
        assert event.trigger_only_on_success


def test_only_ones_own_runs_are_visited(store, engine_of, monkeypatch):
    executor = ZeroGpuExecutor(Lent())
    engine = engine_of(executor)
    theirs, mine = (engine.submit(config(), owner) for owner in ("a" * 32, "b" * 32))
    services = SimpleNamespace(zero_gpu=executor, store=store, known_runs=store.runs)
    wait_until(lambda: len(executor._waiting) == 2)
    with acting_as(Visitor("b" * 32)):
        list(gpu_visits.visits(services))
    wait_until(lambda: store.get(mine.run_id).status is RunStatus.COMPLETED)
    assert store.get(theirs.run_id).status is RunStatus.RUNNING
    engine.cancel(theirs.run_id)


@pytest.mark.parametrize("value", ["true", "1", "True"])
def test_a_gpu_that_is_only_promised_is_not_used(monkeypatch, value):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(hardware, "_lent", threading.Event())
    monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert hardware.device() == "cpu"
    hardware.have_gpu()
    assert hardware.device() == "cuda"
    monkeypatch.delenv("SPACES_ZERO_GPU")
    assert hardware.device() == "cuda"
