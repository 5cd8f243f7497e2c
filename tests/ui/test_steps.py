"""Steps: they come as they are told, the result after them; who leaves ends the computation."""

import threading

import pytest

from peft_demo.ui.steps import Steps


def test_steps_come_and_then_the_result():
    def compute(tell):
        tell(0, 2)
        tell(1, 2)
        return "found"

    going = Steps(compute)
    assert [*going] == [(0, 2), (1, 2)]
    assert going.result == "found"


def test_what_it_raises_comes_after_the_steps():
    def compute(tell):
        tell(0, 1)
        raise ValueError("no")

    going = Steps(compute)
    assert [*going] == [(0, 1)]
    with pytest.raises(ValueError, match="no"):
        _ = going.result


def test_who_leaves_ends_it_at_its_next_step():
    is_left, is_over = threading.Event(), threading.Event()

    def compute(tell):
        try:
            tell(0, 2)
            assert is_left.wait(10)
            tell(1, 2)
            pytest.fail("it went on")
        finally:
            is_over.set()

    going = iter(Steps(compute))
    assert next(going) == (0, 2)
    going.close()
    is_left.set()
    assert is_over.wait(10)
