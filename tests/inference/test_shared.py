"""What is asked for at the same time is computed once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_runs import wait_until

from peft_demo.inference.shared import Shared


class Slow:
    """Counts how often it was computed, and ends when it may."""

    def __init__(self, *, failing: int = 0) -> None:
        self.times, self.failing = 0, failing
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.times += 1
        number = self.times
        self.begun.set()
        assert self.may_end.wait(10)
        if number <= self.failing:
            raise OSError(f"time {number}")
        return number


class Key:
    """Counts how often it was looked for, which happens while nobody can end."""

    def __init__(self) -> None:
        self.looks = 0

    def __hash__(self) -> int:
        self.looks += 1
        return 1


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as made:
        yield made


def begun_by_four(pool, shared, compute):
    """The first computes; the others have come meanwhile."""
    key = Key()
    first = pool.submit(shared.get, key, compute)
    assert compute.begun.wait(10)
    before = key.looks
    others = [pool.submit(shared.get, key, compute) for _ in range(3)]
    wait_until(lambda: key.looks == before + 3)
    return first, others


def test_four_that_ask_together_get_one_answer(pool):
    shared, compute = Shared(), Slow()
    first, others = begun_by_four(pool, shared, compute)
    # Something else is not waited for.
    assert shared.get("b", lambda: 7) == 7
    compute.may_end.set()
    assert {asked.result(10) for asked in (first, *others)} == {1}
    assert compute.times == 1
    # Nothing is kept: who comes later asks anew.
    assert shared.get("a", compute) == 2


def test_a_failure_is_its_own_askers_alone(pool):
    shared, compute = Shared(), Slow(failing=1)
    first, others = begun_by_four(pool, shared, compute)
    compute.may_end.set()
    assert str(first.exception(10)) == "time 1"
    assert all(other.result(10) > 1 for other in others)
