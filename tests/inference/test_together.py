"""Texts that wait for the same adapter go through it in one pass, each with its own answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
from small_runs import wait_until

from peft_demo.inference import together
from peft_demo.inference.together import LITTLE, MOST_TEXTS, MOST_TOKENS, Together
from peft_demo.ui.turns import AbandonedError, Turns, somebody_waits, waited_for

FAULTY = 13


class Passes:
    """Computes the sum of a text's token ids, and remembers which texts it got at once."""

    def __init__(self):
        self.seen = []

    def __call__(self, texts):
        self.seen.append([len(text) for text in texts])
        if any(FAULTY in text for text in texts):
            raise OSError("it is faulty")
        return np.array([[sum(text), len(text)] for text in texts])


def text(length, first=1):
    return [first, *[2] * (length - 1)]


@pytest.fixture
def turn():
    return threading.Lock()


@pytest.fixture
def waiting(turn):
    return Together(lambda: turn)


def all_at_once(waiting, turn, texts, passes, keys=None):
    """Futures of texts that all wait when the first turn is given."""
    keys = keys or ["an adapter"] * len(texts)
    with ThreadPoolExecutor(len(texts)) as pool, turn:
        asked = [
            pool.submit(waiting.ask, key, each, passes)
            for key, each in zip(keys, texts, strict=True)
        ]
        wait_until(lambda: waiting.num_waiting() == len(texts))
    assert waiting.num_waiting() == 0
    return asked


def test_those_that_wait_are_computed_at_once_and_get_their_own(waiting, turn):
    passes, texts = Passes(), [text(length) for length in (3, 9, LITTLE, 5, 7)]
    asked = all_at_once(waiting, turn, texts, passes)
    assert [sorted(seen) for seen in passes.seen] == [[3, 5, 7, 9, LITTLE]]
    for each, one in zip(texts, asked, strict=True):
        assert one.result().logits.tolist() == [sum(each), len(each)]
        assert one.result().milliseconds >= 0


def test_who_comes_alone_is_computed_alone(waiting):
    passes = Passes()
    for _ in range(2):
        assert waiting.ask("an adapter", text(4), passes).logits.tolist() == [7, 4]
        assert waiting.alone(text(4), passes).logits.tolist() == [7, 4]
    assert passes.seen == [[4]] * 4


def test_passes_are_bounded_and_of_similar_lengths(waiting, turn):
    passes = Passes()
    lengths = [*range(20, 42), *(100, 150, 190, 350), *[300] * 5, 2_000]
    asked = all_at_once(waiting, turn, [text(length) for length in lengths], passes)
    assert sorted(length for seen in passes.seen for length in seen) == sorted(lengths)
    assert [one.result().logits[1] for one in asked] == lengths
    for seen in passes.seen:
        assert len(seen) <= MOST_TEXTS
        assert len(seen) == 1 or max(seen) * len(seen) <= MOST_TOKENS
        assert max(seen) <= max(LITTLE, 2 * min(seen))
    assert len(passes.seen) <= 12


def test_adapters_are_not_mixed(waiting, turn):
    passes = Passes()
    all_at_once(waiting, turn, [text(4), text(5), text(6), text(7)], passes, keys="abab")
    assert sorted(map(sorted, passes.seen)) == [[4, 6], [5, 7]]


def test_a_fault_is_that_of_its_own_text_alone(waiting, turn):
    passes = Passes()
    texts = [text(4), text(6, FAULTY), text(8)]
    fine, faulty, also_fine = all_at_once(waiting, turn, texts, passes)
    assert [one.result().logits.tolist() for one in (fine, also_fine)] == [[7, 4], [15, 8]]
    with pytest.raises(OSError, match="it is faulty"):
        faulty.result()
    assert sorted(map(sorted, passes.seen)) == [[4], [4, 6, 8], [6], [8]]


def test_what_nobody_waits_for_any_more_is_left_out():
    turns, passes, has_gone = Turns(), Passes(), threading.Event()
    waiting = Together(turns.one, somebody_waits)

    def ask(length, is_waited_for):
        with waited_for(is_waited_for):
            return waiting.ask("an adapter", text(length), passes)

    with ThreadPoolExecutor(3) as pool:
        with turns.one():
            asked = [pool.submit(ask, length, lambda: True) for length in (4, 5)]
            gone = pool.submit(ask, 6, lambda: not has_gone.is_set())
            wait_until(lambda: waiting.num_waiting() == 3)
            has_gone.set()
        with pytest.raises(AbandonedError):
            gone.result(10)
    assert [one.result().logits[1] for one in asked] == [4, 5]
    assert [sorted(seen) for seen in passes.seen] == [[4, 5]]
    assert waiting.num_waiting() == 0


def test_without_turns_each_gets_its_own_too(monkeypatch):
    """As the command line and the tests ask: several passes at a time."""
    monkeypatch.setattr(together, "MOST_TEXTS", 3)
    waiting, passes = Together(nullcontext), Passes()
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda n: waiting.ask("a", text(n), passes), [*range(2, 30)] * 20)]
    assert [one.logits[1] for one in found] == [*range(2, 30)] * 20
    assert waiting.num_waiting() == 0
