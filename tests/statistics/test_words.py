"""Verdicts in words, and what importing the statistics loads."""

from types import MappingProxyType

from drawn_statistics import table
from small_runs import run_python

from peft_demo.statistics import (
    Pair,
    compare_pairs,
    pair_in_words,
)


class TestWords:
    names = MappingProxyType({"a": "LoRA r=8", "b": "IA3"})

    def words(self, both: int, only_first: int, only_second: int, neither: int) -> str:
        correct = dict(zip("ab", table(both, only_first, only_second, neither), strict=True))
        (pair,) = compare_pairs(correct)
        accuracies = {run: float(values.mean()) for run, values in correct.items()}
        return pair_in_words(pair, self.names, accuracies, "reviews")

    def test_no_difference_shown(self):
        assert self.words(763, 49, 35, 153) == (
            "LoRA r=8 81.2 %, IA3 79.8 % on the same 1,000 reviews. They disagree on 84. No "
            "difference shown (p = 0.16). To show a difference of this size you would need about "
            "3,400 reviews."
        )

    def test_a_difference_shown(self):
        assert self.words(750, 62, 31, 157) == (
            "LoRA r=8 is better than IA3 by 3.1 points (95 % interval 1.2 to 5.1; p = 0.0017): "
            "81.2 % and 78.1 % on the same 1,000 reviews. They disagree on 93."
        )

    def test_the_better_one_is_named_first(self):
        assert self.words(750, 31, 62, 157).startswith("IA3 is better than LoRA r=8 by 3.1 points")

    def test_identical_predictions(self):
        assert self.words(812, 0, 0, 188) == (
            "LoRA r=8 and IA3: both 81.2 % on the same 1,000 reviews. They answer every one alike, "
            "so no difference is shown. The true difference may still be up to 0.4 points either "
            "way."
        )

    def test_equal_accuracies(self):
        assert self.words(758, 42, 42, 158) == (
            "LoRA r=8 and IA3: both 80.0 % on the same 1,000 reviews. They disagree on 84, and "
            "each is right on half of these. No difference shown (p = 1). The true difference may "
            "still be up to 1.8 points either way."
        )

    def test_a_tiny_p_value(self):
        assert "(95 % interval" in (text := self.words(500, 200, 20, 280))
        assert "; p < 0.001)" in text

    def test_many_texts_needed_are_rounded(self):
        assert "about 1,200,000 reviews" in self.words(4_000, 251, 247, 502)

    def test_among_several_pairs_it_says_that_it_corrects(self):
        correct = dict(zip("ab", table(750, 62, 31, 157), strict=True))
        names = {**self.names, "c": "DoRA", "d": "head only"}
        pairs = compare_pairs({**correct, "c": correct["a"], "d": correct["b"]})
        accuracies = dict.fromkeys(names, 0.8)
        pair = next(pair for pair in pairs if (pair.first, pair.second) == ("a", "b"))
        assert "p = 0.01, corrected for all pairs" in pair_in_words(pair, names, accuracies)

    def test_overlap_of_single_intervals_is_no_argument(self):
        texts = [self.words(758, 40 + more, 44, 158 - more) for more in range(0, 60, 5)]
        assert any("is better" in text for text in texts)
        assert any("No difference shown" in text for text in texts)
        assert not any("overlap" in text for text in texts)


def test_a_pair_near_5_of_100_is_not_rounded_onto_it():
    counts = {"num_texts": 1_000, "only_first": 30, "only_second": 16, "texts_needed": 1_500}
    ends = {"difference": 0.014, "low": 0.0, "high": 0.03}
    names, accuracies = {"a": "A", "b": "B"}, {"a": 0.8, "b": 0.786}
    for p, words in ((0.0496, "p = 0.0496"), (0.0504, "p = 0.0504"), (0.041, "p = 0.041")):
        pair = Pair("a", "b", p=p, p_corrected=p, **counts, **ends)
        assert words in pair_in_words(pair, names, accuracies)


class TestImports:
    def test_neither_torch_nor_gradio_is_needed(self, tmp_path):
        done = run_python(
            """
import sys
import numpy as np
from peft_demo import statistics
heavy = {"scipy", "statsmodels", "sklearn", "pandas"} & set(sys.modules)
assert not heavy, heavy
correct = {"a": np.array([True, True, False]), "b": np.array([True, False, False])}
pair, = statistics.compare_pairs(correct)
statistics.pair_in_words(pair, {"a": "A", "b": "B"}, {"a": 2 / 3, "b": 1 / 3})
statistics.scores(np.array([[0.4, 0.6], [0.7, 0.3]]), np.array([1, 1]))
statistics.repeats_difference([0.8, 0.7], [0.8, 0.6], True)
statistics.mean_interval([0.8, 0.7])
statistics.on_frontier(np.ones((2, 2)), (True, True))
assert not {"torch", "gradio", "transformers"} & set(sys.modules)
""",
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
