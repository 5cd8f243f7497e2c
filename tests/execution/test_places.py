"""Who has an executor of his own waits for nobody, and nobody for him."""

from collections import Counter

import pytest
from small_runs import small_config, wait_until

from peft_demo.execution import Engine
from peft_demo.execution.executor import Cancelled, Handle
from peft_demo.execution.machines import Machine

pytestmark = pytest.mark.slow

WRITER = "@writer"


class Held(Handle):
    """Goes on until it is cancelled."""

    machine = "there"

    def cancel(self):
        self.tell(Cancelled())


class Holding:
    """Computes nothing."""

    def __init__(self, slots):
        self.slots = slots
        self.files, self.handles = [], []

    def start(self, jobs):
        self.files += [job.files for job in jobs]
        self.handles += [Held() for _ in jobs]
        return self.handles[-len(jobs) :]

    def machines(self):
        return [Machine(name="there", slots=self.slots)]

    def close(self):
        pass


@pytest.fixture
def for_all():
    return Holding(1)


@pytest.fixture
def own():
    return {WRITER: Holding(2)}


@pytest.fixture
def engine(store, for_all, own):
    made = Engine(store, lambda: for_all, own=lambda: own)
    yield made
    made.close()


def test_nobody_waits_for_another_executor(store, engine, for_all, own):
    his = own[WRITER]
    owners = {}
    for owner in (WRITER, WRITER, WRITER, WRITER, "me", "you"):
        run = store.submit(small_config(), owner)
        owners[store.partial_folder_of(run.run_id)] = owner

    def begun():
        return [Counter(owners[files] for files in one.files) for one in (for_all, his)]

    engine.start()
    wait_until(lambda: begun() == [{"me": 1}, {WRITER: 2}])
    machine, run_ids = engine.machines()[0]
    assert (machine.slots, len(run_ids)) == (3, 3)
    his.handles[0].cancel()
    wait_until(lambda: begun() == [{"me": 1}, {WRITER: 3}])
    for_all.handles[0].cancel()
    wait_until(lambda: begun() == [{"me": 1, "you": 1}, {WRITER: 3}])
    # The last one goes where all go, in its turn.
    own.clear()
    for_all.handles[1].cancel()
    wait_until(lambda: begun()[0] == {"me": 1, "you": 1, WRITER: 1})
    assert engine.slots == 1
