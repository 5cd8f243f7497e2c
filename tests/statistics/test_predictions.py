"""Predictions and their numbers, against worked examples."""

import math

import numpy as np
import pytest

from peft_demo import statistics
from peft_demo.statistics import Predictions, log_loss, predictions


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

    def test_of_several_sets_lie_side_by_side(self, tmp_path):
        other = Predictions(self.predictions.probabilities[:1], self.predictions.labels[:1])
        self.predictions.save(tmp_path)
        other.save(tmp_path, "negation")
        assert len(Predictions.load(tmp_path).labels) == 2
        assert len(Predictions.load(tmp_path, "negation").labels) == 1
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["negation_predictions.npz", "test_predictions.npz"]

    @pytest.mark.parametrize("name", ["", "../test", "a/b", "A", ".hidden", "x" * 61, "a b"])
    def test_of_a_set_whose_id_is_no_files_name_are_refused(self, tmp_path, name):
        for use in (self.predictions.save, Predictions.load):
            with pytest.raises(ValueError, match="evaluation set"):
                use(tmp_path, name)

    def test_from_before_schemas_had_numbers_are_read(self, tmp_path):
        arrays = {
            "probabilities": self.predictions.probabilities,
            "labels": self.predictions.labels,
        }
        np.savez_compressed(tmp_path / "test_predictions.npz", **arrays)
        assert Predictions.load(tmp_path).correct.tolist() == [True, False]

    def test_of_a_newer_version_are_refused(self, tmp_path, monkeypatch):
        self.predictions.save(tmp_path)
        monkeypatch.setattr(predictions, "SCHEMA", predictions.SCHEMA - 1)
        with pytest.raises(ValueError, match="schema"):
            Predictions.load(tmp_path)
