"""Statistics, against worked examples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peft_demo import evaluation
from peft_demo.evaluation import Predictions, compare, log_loss, mcnemar, wilson_interval


def right(*answers: int) -> np.ndarray:
    return np.array(answers, dtype=bool)


class TestWilsonInterval:
    def test_newcombes_example(self):
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263.
        low, high = wilson_interval(81, 263)
        assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)

    @pytest.mark.parametrize(
        ("correct", "total", "expected"),
        [(15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
    )
    def test_newcombes_other_examples(self, correct, total, expected):
        low, high = wilson_interval(correct, total)
        assert (round(low, 4), round(high, 4)) == pytest.approx(expected, abs=1e-4)

    @given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_holds_the_share_and_stays_between_0_and_1(self, counts):
        correct, total = counts
        low, high = wilson_interval(correct, total)
        assert 0 <= low <= correct / total <= high <= 1


class TestMcnemar:
    def test_by_hand(self):
        # 1 review only the first gets right, 7 only the second: 2 · (1 + 8) / 2^8.
        first = right(*[1] * 5, 1, *[0] * 7, *[0] * 3)
        second = right(*[1] * 5, 0, *[1] * 7, *[0] * 3)
        assert mcnemar(first, second) == pytest.approx(18 / 256)
        assert mcnemar(second, first) == pytest.approx(18 / 256)

    def test_equal_answers_show_no_difference(self):
        assert mcnemar(right(1, 0, 1), right(1, 0, 1)) == 1.0

    def test_as_many_either_way_show_no_difference(self):
        assert mcnemar(right(1, 0), right(0, 1)) == 1.0


class TestHolm:
    def test_holms_steps(self):
        # 4 · 0.005, then max(0.02, 3 · 0.01), max(0.03, 2 · 0.03), max(0.06, 0.04)
        corrected = evaluation._holm([0.01, 0.04, 0.03, 0.005])
        assert corrected == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_stays_at_most_one(self):
        assert evaluation._holm([0.9, 0.8]) == [1.0, 1.0]

    def test_a_single_value_stays(self):
        assert evaluation._holm([0.2]) == [0.2]


class TestLogLoss:
    def test_guessing_costs_ln_2(self):
        loss = log_loss(np.full((4, 2), 0.5), np.array([0, 1, 1, 0]))
        assert loss == pytest.approx(math.log(2))

    def test_by_hand(self):
        probabilities = np.array([[0.8, 0.2], [0.4, 0.6]])
        expected = -(math.log(0.8) + math.log(0.4)) / 2
        assert log_loss(probabilities, np.array([0, 0])) == pytest.approx(expected)

    def test_a_certain_mistake_stays_finite(self):
        assert math.isfinite(log_loss(np.array([[1.0, 0.0]]), np.array([1])))


class TestAccuracyAndSoftmax:
    def test_share_of_right_labels(self):
        logits = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [0.0, 1.0]])
        assert evaluation.accuracy(logits, np.array([0, 1, 1, 1])) == 0.75

    def test_softmax_by_hand(self):
        probabilities = evaluation.softmax(np.array([[0.0, math.log(3)]]))
        assert probabilities.tolist() == [pytest.approx([0.25, 0.75])]

    def test_softmax_of_large_logits(self):
        assert evaluation.softmax(np.array([[1e4, -1e4]])).tolist() == [[1.0, 0.0]]


class TestPredictions:
    predictions = Predictions(
        np.array([[0.9, 0.1], [0.3, 0.7]], dtype=np.float32), np.array([0, 0], dtype=np.int8)
    )

    def test_which_are_correct(self):
        assert self.predictions.correct.tolist() == [True, False]

    def test_keep_through_a_file(self, tmp_path):
        self.predictions.save(tmp_path)
        loaded = Predictions.load(tmp_path)
        assert np.array_equal(loaded.probabilities, self.predictions.probabilities)
        assert np.array_equal(loaded.labels, self.predictions.labels)
        assert loaded.probabilities.dtype == np.float32

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(OSError, match="test_predictions"):
            Predictions.load(tmp_path)


class TestCompare:
    total = 200
    weak = right(*[1] * 100, *[0] * 100)
    alike = right(*[1] * 95, *[0] * 5, *[1] * 8, *[0] * 92)
    strong = right(*[1] * 180, *[0] * 20)

    def test_runs_that_can_be_told_apart_come_better_first(self):
        found = compare({"weak": self.weak, "strong": self.strong})
        assert found.different_pairs == (("strong", "weak"),)
        assert not found.all_overlap
        assert found.num_reviews == 200
        assert found.smallest_p == pytest.approx(2 / 2**80)

    def test_runs_that_cannot(self):
        found = compare({"weak": self.weak, "alike": self.alike})
        assert found.different_pairs == ()
        assert found.all_overlap
        assert found.smallest_p > 0.5

    def test_p_values_are_corrected_for_the_number_of_pairs(self):
        two = compare({"weak": self.weak, "strong": self.strong})
        three = compare({"weak": self.weak, "alike": self.alike, "strong": self.strong})
        assert three.smallest_p == pytest.approx(3 * two.smallest_p)
        assert set(three.different_pairs) == {("strong", "weak"), ("strong", "alike")}

    @pytest.mark.parametrize("correct", [{}, {"a": right(1)}, {"a": right(1), "b": right(1, 0)}])
    def test_what_cannot_be_compared(self, correct):
        with pytest.raises(ValueError, match="at least two runs on the same reviews"):
            compare(correct)
