"""Verdicts on pairs in words."""

import re
from pathlib import Path

import numpy as np
import pytest
from compared_runs import compare, finished
from drawn_statistics import table

from peft_demo import comparison
from peft_demo.comparison.facts import PairFacts
from peft_demo.comparison.words import p_value
from peft_demo.languages import speaking


def pairs(store, counts: tuple[int, ...], names: str = "ab") -> tuple[PairFacts, ...]:
    """Runs that are right in turn on the first and on the second's texts of a table."""
    shares = {}
    for name, correct in zip(names, 2 * table(*counts), strict=False):
        labels = np.arange(len(correct)) % 2
        answers = np.where(correct, labels, 1 - labels)
        shares[name] = np.eye(2, dtype=np.float32)[answers]
    called = {"a": "LoRA r=8", "b": "IA3"}
    runs = [
        finished(store, called.get(name, name), shares=some, labels=np.arange(len(some)) % 2)
        for name, some in shares.items()
    ]
    return compare(store, *runs).pairs


def words(store, *counts: int) -> str:
    (pair,) = pairs(store, counts)
    return pair.words


class TestWords:
    def test_no_difference_shown(self, store):
        assert words(store, 763, 49, 35, 153) == (
            "LoRA r=8 81.2 %, IA3 79.8 % on the same 1,000 reviews. They disagree on 84. No "
            "difference shown (p = 0.16). To show a difference of this size you would need about "
            "3,400 reviews. Nor are they shown to be practically equal, within ±2 points "
            "(p = 0.26): for that you would need about 14,000 reviews."
        )

    def test_a_difference_shown(self, store):
        assert words(store, 750, 62, 31, 157) == (
            "LoRA r=8 is better than IA3 by 3.1 points (95 % interval 1.2 to 5.1; p = 0.0017): "
            "81.2 % and 78.1 % on the same 1,000 reviews. They disagree on 93."
        )

    def test_the_better_one_is_named_first(self, store):
        assert words(store, 750, 31, 62, 157).startswith(
            "IA3 is better than LoRA r=8 by 3.1 points"
        )

    def test_identical_predictions(self, store):
        assert words(store, 812, 0, 0, 188) == (
            "LoRA r=8 and IA3: both 81.2 % on the same 1,000 reviews. They answer every one alike, "
            "so no difference is shown. The true difference may still be up to 0.4 points either "
            "way. They are practically equal: the difference is shown to lie within ±2 points "
            "(p < 0.001)."
        )

    def test_equal_accuracies(self, store):
        assert words(store, 758, 42, 42, 158) == (
            "LoRA r=8 and IA3: both 80.0 % on the same 1,000 reviews. They disagree on 84, and "
            "each is right on half of these. No difference shown (p = 1). The true difference may "
            "still be up to 1.8 points either way. They are practically equal: the difference is "
            "shown to lie within ±2 points (p = 0.016)."
        )

    def test_a_tiny_p_value(self, store):
        assert "(95 % interval" in (text := words(store, 500, 200, 20, 280))
        assert "; p < 0.001)" in text

    def test_many_texts_needed_are_rounded(self, store):
        assert "about 1,200,000 reviews" in words(store, 4_000, 251, 247, 502)

    def test_overlap_of_single_intervals_is_no_argument(self, store):
        texts = [words(store, 758, 40 + more, 44, 158 - more) for more in range(0, 60, 20)]
        assert any("is better" in text for text in texts)
        assert any("No difference shown" in text for text in texts)
        assert not any("overlap" in text for text in texts)

    def test_among_several_pairs_it_says_that_it_corrects(self, store):
        found = pairs(store, (750, 62, 31, 157), "abcd")
        told = [pair.words for pair in found if pair.words.startswith("LoRA r=8 is better")]
        assert "p = 0.01, corrected for all pairs" in told[0]


@pytest.mark.parametrize(
    ("p", "words"), [(0.0496, "p = 0.0496"), (0.0504, "p = 0.0504"), (0.041, "p = 0.041")]
)
def test_a_p_value_near_5_of_100_is_not_rounded_onto_it(p, words):
    assert p_value(p) == words
    with speaking("de"):
        assert p_value(p) == words.replace(".", ",")


def test_every_template_is_used_and_every_one_that_is_used_is_there():
    room = Path(comparison.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    used = set(re.findall(r'(?:sentences\(\s*|corrected\(\w+, )"(\w+)"', code))
    assert used == {path.stem for path in (room / "sentences").iterdir()}
