"""What probabilities are worth, by hand."""

import numpy as np
import pytest

from peft_demo import statistics
from peft_demo.statistics import Predictions, Scores, wilson_interval


def scores(probabilities: np.ndarray, labels: np.ndarray) -> Scores:
    return statistics.scores(Predictions(probabilities, labels))


class TestScores:
    # Rows: right and sure, wrong and sure, right and less sure, right and less sure.
    probabilities = np.array([[0.04, 0.96], [0.02, 0.98], [0.7, 0.3], [0.72, 0.28]])
    labels = np.array([1, 0, 0, 0], dtype=np.int8)

    def test_by_hand(self):
        found = scores(self.probabilities, self.labels)
        assert found.accuracy == 0.75
        assert found.interval == wilson_interval(3, 4)
        # Rows are true, columns predicted labels.
        assert found.confusion == ((2, 1), (0, 1))
        # Negative: precision 1, recall 2/3; positive: precision 1/2, recall 1.
        assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
        assert found.log_loss.value == pytest.approx(-np.log([0.96, 0.02, 0.7, 0.72]).mean())
        assert found.brier == pytest.approx((0.04**2 + 0.98**2 + 0.3**2 + 0.28**2) / 4)

    def test_calibration_by_hand(self):
        found = scores(self.probabilities, self.labels)
        # Fifteen bins: 0.70 and 0.72 lie in (10/15, 11/15], 0.96 and 0.98 in (14/15, 1].
        assert [(each.count, each.accuracy) for each in found.bins] == [(2, 1.0), (2, 0.5)]
        assert [each.confidence for each in found.bins] == pytest.approx([0.71, 0.97])
        assert [(each.low, each.high) for each in found.bins] == [
            pytest.approx((10 / 15, 11 / 15)),
            pytest.approx((14 / 15, 1)),
        ]
        assert found.calibration_error == pytest.approx((2 * 0.29 + 2 * 0.47) / 4)

    def test_answering_only_when_sure_by_hand(self):
        told = {each.threshold: each for each in scores(self.probabilities, self.labels).answered}
        assert [*told][:3] == [0.5, 0.55, 0.6]
        assert [(told[t].count, told[t].right) for t in (0.5, 0.7, 0.75, 0.95, 0.99)] == [
            *((4, 3), (4, 3), (2, 1), (2, 1), (0, 0)),
        ]
        assert told[0.75].interval == wilson_interval(1, 2)

    def test_of_five_labels_thresholds_begin_at_guessing(self):
        found = scores(np.full((4, 5), 0.2), np.array([0, 0, 1, 2]))
        assert (found.answered[0].threshold, found.answered[0].count) == (0.2, 4)
        assert {each.count for each in found.answered[1:]} == {0}

    def test_single_precision_as_runs_keep_it(self):
        kept = scores(self.probabilities.astype(np.float32), self.labels)
        assert kept.log_loss.value == pytest.approx(
            scores(self.probabilities, self.labels).log_loss.value
        )

    def test_certain_mistakes_and_a_label_that_nobody_predicts(self):
        found = scores(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 1, 1]))
        assert np.isfinite(found.log_loss.value)
        assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
        assert found.brier == found.calibration_error == 0.5
        (only,) = found.bins
        assert (only.high, only.confidence, only.count) == (1.0, 1.0, 4)

    def test_bins_hold_every_review_and_probabilities_that_are_true_are_calibrated(self):
        random = np.random.default_rng(9)
        positive = random.random(20_000)
        labels = (random.random(20_000) < positive).astype(np.int8)
        found = scores(np.stack([1 - positive, positive], axis=1), labels)
        assert sum(each.count for each in found.bins) == 20_000
        assert found.calibration_error < 0.02
        assert found.brier == pytest.approx(1 / 6, abs=0.005)  # mean of p (1 - p)

    def test_no_reviews(self):
        with pytest.raises(ValueError, match="got 0 of 0"):
            scores(np.empty((0, 2)), np.empty(0))


class TestFiveLabels:
    labels = np.array([0, 1, 2, 3, 4, 0])
    probabilities = np.full((6, 5), 0.1)
    probabilities[np.arange(6), [0, 1, 2, 3, 4, 1]] = 0.6

    def test_by_hand(self):
        found = scores(self.probabilities, self.labels)
        assert found.accuracy == pytest.approx(5 / 6)
        assert found.confusion == (
            (1, 1, 0, 0, 0),
            (0, 1, 0, 0, 0),
            (0, 0, 1, 0, 0),
            (0, 0, 0, 1, 0),
            (0, 0, 0, 0, 1),
        )
        # Recall and precision of 1/2 with 1 for the first two, all right for the others.
        assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 3) / 5)
        assert found.log_loss.value == pytest.approx(-(5 * np.log(0.6) + np.log(0.1)) / 6)
        right, wrong = 0.4**2 + 4 * 0.1**2, 0.9**2 + 0.6**2 + 3 * 0.1**2
        assert found.brier == pytest.approx((5 * right + wrong) / 6)
        assert sum(each.count for each in found.bins) == 6

    def test_of_two_labels_the_brier_score_is_that_of_one(self):
        positive = np.random.default_rng(4).random(200)
        labels = np.arange(200) % 2
        found = scores(np.stack([1 - positive, positive], axis=1), labels)
        assert found.brier == pytest.approx(np.mean((positive - labels) ** 2), rel=1e-12)
