"""Predictions and their numbers, against worked examples."""

import math

import numpy as np
import pytest

from peft_demo import statistics
from peft_demo.statistics import Predictions, log_loss


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
        assert statistics.accuracy(logits, np.array([0, 1, 1, 1])) == 0.75

    def test_softmax_by_hand(self):
        probabilities = statistics.softmax(np.array([[0.0, math.log(3)]]))
        assert probabilities.tolist() == [pytest.approx([0.25, 0.75])]

    def test_softmax_of_large_logits(self):
        assert statistics.softmax(np.array([[1e4, -1e4]])).tolist() == [[1.0, 0.0]]


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

    @pytest.mark.parametrize("kept", [0, 3, 100, -1])
    def test_a_damaged_file(self, tmp_path, kept):
        self.predictions.save(tmp_path)
        path = tmp_path / "test_predictions.npz"
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ValueError, match="is damaged"):
            Predictions.load(tmp_path)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(OSError, match="test_predictions"):
            Predictions.load(tmp_path)
