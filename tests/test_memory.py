"""How much memory there is, and that what glibc keeps is given back."""

import sys

import numpy as np
import psutil
import pytest

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


@pytest.fixture
def dedicated(monkeypatch):
    monkeypatch.setattr(memory, "_is_dedicated", True)


@pytest.mark.usefixtures("dedicated")
@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells a peak so")
class TestPeaks:
    def test_of_what_is_taken_and_given_back_is_told(self):
        with memory.watched() as peak:
            taken = np.ones(300_000_000, dtype=np.uint8)
            del taken
            found = peak.so_far()
        assert 290_000_000 < found < 600_000_000
        with memory.watched() as peak:
            assert peak.so_far() < 100_000_000  # it was set back

    def test_nobodys_are_told_where_two_are_at_work(self):
        with memory.watched() as first, memory.watched() as second:
            assert (first.so_far(), second.so_far()) == (None, None)
        with memory.watched() as third:
            assert third.so_far() is not None

    def test_none_is_told_where_others_share_the_process(self, monkeypatch):
        monkeypatch.setattr(memory, "_is_dedicated", False)
        with memory.watched() as peak:
            assert peak.so_far() is None


@pytest.mark.parametrize(
    ("files", "left"),
    [
        (
            {
                "memory.max": "1000\n",
                "memory.current": "700",
                "memory.stat": "anon 1\ninactive_file 50\n",
            },
            350,
        ),
        (
            {"memory.max": "max\n", "memory.current": "700", "memory.stat": "inactive_file 50\n"},
            None,
        ),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "900",
                "memory/memory.stat": "inactive_file 7\ntotal_inactive_file 20\n",
            },
            120,
        ),
        ({}, None),
    ],
    ids=["v2", "without limit", "v1", "none"],
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, files, left):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    if left is None:
        assert memory.free_bytes() > 1_000_000
    else:
        assert memory.free_bytes() == left


def test_what_the_program_has_is_its_own():
    assert memory.held_bytes() >= psutil.Process().memory_info().rss // 2
