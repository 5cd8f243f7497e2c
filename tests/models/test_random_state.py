"""The shared random generators: who owns them draws what he would draw alone."""

import multiprocessing
import random
import threading
import time

import numpy as np
import pytest
import torch

from peft_demo.models import base as base_models
from peft_demo.models import random_state
from peft_demo.models.random_state import borrowed_generators, lend_generators, own_generators


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), float(torch.rand(()))


def alone(seed: int, count: int) -> list[tuple[float, float, float]]:
    with own_generators(seed):
        return [draw() for _ in range(count)]


def test_the_same_seed_draws_the_same():
    assert alone(1, 5) == alone(1, 5)
    assert alone(1, 5) != alone(2, 5)


def test_the_generators_are_put_back():
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    alone(3, 4)
    with borrowed_generators():
        draw()
    assert states == (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    )


def test_they_are_put_back_after_an_error():
    before = torch.get_rng_state().tolist()
    with pytest.raises(ZeroDivisionError), own_generators(1):
        1 / 0  # noqa: B018
    assert torch.get_rng_state().tolist() == before
    assert alone(1, 1)  # and the next one gets in


def test_the_owner_may_borrow_from_himself():
    with own_generators(5):
        first = draw()
        with borrowed_generators():
            second = draw()
    assert [first, second] == alone(5, 2)


def test_borrowers_wait_until_they_are_lent_to():
    borrowed, finished = threading.Event(), threading.Event()

    def borrow() -> None:
        with borrowed_generators():
            borrowed.set()
        finished.set()

    with own_generators(1):
        thread = threading.Thread(target=borrow)
        thread.start()
        assert not borrowed.wait(0.2)
        # The thread waits already, so it is let in here and nowhere else.
        lend_generators()
        assert borrowed.is_set()
    thread.join()
    assert finished.is_set()


def test_many_borrowers_change_nothing_for_the_owner():
    expected = alone(11, 200)
    stop = threading.Event()
    borrowed = []

    def borrow() -> None:
        while not stop.is_set():
            with borrowed_generators():
                torch.manual_seed(0)
                borrowed.append(draw())

    threads = [threading.Thread(target=borrow) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        with own_generators(11):
            drawn = []
            for _ in range(200):
                drawn.append(draw())
                lend_generators()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert drawn == expected
    assert len(borrowed) > 4


def test_two_owners_take_turns():
    expected = {seed: alone(seed, 50) for seed in (1, 2)}
    drawn = {}

    def own(seed: int) -> None:
        with own_generators(seed):
            drawn[seed] = []
            for _ in range(50):
                drawn[seed].append(draw())
                lend_generators()

    threads = [threading.Thread(target=own, args=(seed,)) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == expected


class TestForks:
    """A forked process has one thread: what another one had locked stays locked there."""

    @pytest.fixture
    def fork(self):
        """A fork in a thread; when it was done, and how the process ended that draws there."""
        ended = {}

        def start():
            process = multiprocessing.get_context("fork").Process(target=alone, args=(2, 1))
            process.start()
            ended["at"] = time.monotonic()
            process.join(20)
            ended["code"] = process.exitcode
            process.kill()

        thread = threading.Thread(target=start, daemon=True)
        return thread, ended

    def test_wait_for_the_end_of_a_step(self, fork):
        thread, ended = fork
        with own_generators(1):
            thread.start()
            time.sleep(0.1)  # a step
            assert not ended
            lent = time.monotonic()
            lend_generators()
            after = draw()
        thread.join()
        assert ended["at"] > lent
        assert ended["code"] == 0
        with own_generators(1):
            assert draw() == after  # nothing was drawn meanwhile

    def test_do_not_wait_for_ever(self, fork, monkeypatch):
        monkeypatch.setattr(random_state, "FORK_SECONDS", 0.05)
        thread, ended = fork
        with own_generators(1):
            thread.start()
            thread.join()
        assert ended["code"] == 0
        assert alone(1, 1)  # and nobody stands in the line for it

    def test_wait_for_a_tokenizer(self, fork):
        thread, ended = fork
        with base_models._tokenizing:
            thread.start()
            time.sleep(0.1)
            assert not ended
        thread.join()
        assert ended["code"] == 0
        assert not base_models._tokenizing.locked()
