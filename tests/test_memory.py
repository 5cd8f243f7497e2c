"""What glibc keeps is given back."""

import numpy as np
import psutil

from peft_demo import memory


def test_what_lies_free_is_given_back():
    process = psutil.Process()
    # Below what malloc maps apart, which goes back by itself; the last piece stays, at the top.
    pieces = [np.ones(100_000, dtype=np.uint8) for _ in range(2_000)]
    held, last = process.memory_info().rss, pieces[-1]
    del pieces
    memory.give_back()
    assert held - process.memory_info().rss > 100_000_000
    assert last.sum() == 100_000


def test_elsewhere_nothing_is_done(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    memory._glibc.cache_clear()
    memory.share()
    memory.give_back()
    memory._glibc.cache_clear()
