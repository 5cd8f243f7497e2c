"""The range test: its rule on drawn curves and on each method's recorded one, and a real test."""

import json
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from small_runs import Recorder, small_config

from peft_demo import settings
from peft_demo.errors import RunCancelledError
from peft_demo.methods import METHODS
from peft_demo.runs import RangeTest
from peft_demo.training import callback, lr_range
from peft_demo.training.lr_range import find, judge, suggest

FACTOR = 5
"""How far a suggestion may be from the rate that was best in a training."""

RATES = [
    lr_range.rate_at(step)
    for step in range(lr_range.MEASURED_STEPS - 1, lr_range.STEPS, lr_range.MEASURED_STEPS)
]


def valley(lowest: float, depth: float = 0.1, end: float = 1.0) -> list[float]:
    """Flat at ln 2, a valley half a decade wide around one rate, then a cliff three times on."""
    losses = []
    for rate in RATES:
        if rate > end:
            break
        dip = depth * math.exp(-((math.log10(rate / lowest) / 0.4) ** 2))
        losses.append(math.log(2) - dip + (3.0 if rate > 4 * lowest else 0.0))
    return losses


def told(rates, losses):
    found = suggest(rates, losses)
    return found.suggestion, found.is_sure, found.reason, list(found.smoothed)


class TestSuggest:
    @given(st.floats(-3.5, -0.7))
    @example(-0.7890625)
    def test_half_the_rate_of_the_valley(self, power):
        losses = valley(10**power)
        rate, is_sure, reason, smoothed = told(RATES, losses)
        assert rate == pytest.approx(10**power / 2, rel=0.4)
        assert (is_sure, reason) == (True, "")
        assert len(smoothed) == len(losses)

    def test_batch_noise_does_not_hide_it(self):
        noise = np.random.default_rng(3).normal(0, 0.005, len(RATES))
        rate, is_sure, *_ = told(RATES, list(np.array(valley(0.01)) + noise))
        assert rate == pytest.approx(0.005, rel=0.6)
        assert is_sure

    def test_one_lucky_measurement_is_no_valley(self):
        losses = valley(0.03)
        losses[8] -= 0.11
        assert told(RATES, losses)[0] == pytest.approx(0.015, rel=0.4)

    def test_flat(self):
        rate, is_sure, reason, smoothed = told(RATES, [0.69] * len(RATES))
        assert (rate, is_sure) == (None, False)
        assert "hardly fell" in reason
        assert smoothed == pytest.approx([0.69] * len(RATES))

    def test_only_rises(self):
        losses = [0.69 * 1.2**step for step in range(8)]
        assert told(RATES, losses)[:2] == (None, False)

    def test_still_falling(self):
        losses = list(np.linspace(0.69, 0.5, len(RATES)))
        rate, is_sure, reason, _ = told(RATES, losses)
        assert rate == pytest.approx(RATES[-1] / 2, rel=0.05)
        assert not is_sure
        assert "still fell" in reason

    def test_swings(self):
        losses = valley(0.01, depth=0.05)
        losses[8:11] = [0.75] * 3
        _, is_sure, reason, _ = told(RATES, losses)
        assert not is_sure
        assert "chance" in reason

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_diverged_at_once(self, count):
        rate, is_sure, reason, smoothed = told(RATES[:count], [0.7, 3.0, 50.0][:count])
        assert (rate, is_sure, smoothed) == (None, False, [0.7, 3.0, 50.0][:count])
        assert "lowest rates" in reason

    @given(st.lists(st.floats(0, 30), max_size=len(RATES)))
    def test_any_curve_has_an_answer(self, losses):
        rate, is_sure, reason, smoothed = told(RATES[: len(losses)], losses)
        assert np.isfinite(smoothed).all()
        assert rate is None or RATES[0] / 3 < rate < 1
        assert is_sure == (reason == "")
        assert not (is_sure and rate is None)


@pytest.mark.slow
class TestFind:
    def test_rates_grow_and_it_is_reported(self, tmp_path):
        recorder = Recorder()
        found = find(small_config(), tmp_path, recorder)
        rates = np.array(found.learning_rates)
        assert 3 < len(rates) <= len(RATES)
        assert rates == pytest.approx(RATES[: len(rates)])
        assert len(found.losses) == len(found.smoothed) == len(rates)
        assert np.isfinite(found.losses).all()
        assert np.isfinite(found.smoothed).all()
        # What it reports are Trainer's own steps: the rates that were really in force.
        assert [step.learning_rate for step in recorder.steps] == pytest.approx(
            [lr_range.rate_at(step) for step in range(len(recorder.steps))]
        )
        last = recorder.progresses[-1]
        assert (last.phase, last.max_steps) == ("Range test", lr_range.STEPS)
        assert recorder.epochs == []
        assert list(tmp_path.iterdir()) == []

    def test_ends_where_it_diverges(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lr_range, "LOWEST_RATE", 1e-3)
        found = find(small_config(num_reviews=10), tmp_path, Recorder())
        assert len(found.losses) < len(RATES)
        assert np.isfinite(found.losses).all()

    def test_no_number_is_no_failure(self, tmp_path, monkeypatch):
        def log(self, step, loss, learning_rate):
            self._divergence.check_step(math.nan if step == 13 else loss, step)

        monkeypatch.setattr(callback.Monitor, "_step", log)
        found = find(small_config(num_reviews=10), tmp_path, Recorder())
        assert len(found.losses) == 12 // lr_range.MEASURED_STEPS

    def test_measuring_changes_nothing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lr_range, "STEPS", 6)
        monkeypatch.setattr(lr_range, "HIGHEST_RATE", 1e-3)
        losses = []
        for every in (1, 100):
            monkeypatch.setattr(lr_range, "MEASURED_STEPS", every)
            recorder = Recorder()
            find(small_config(), tmp_path, recorder)
            losses.append([step.loss for step in recorder.steps])
        assert len(losses[0]) == 6
        assert losses[0] == losses[1]

    def test_cancelled(self, tmp_path):
        recorder = Recorder(stop_after=4)
        with pytest.raises(RunCancelledError):
            find(small_config(), tmp_path, recorder)
        assert len(recorder.steps) == 4


CURVES = {
    curve["method"]: curve
    for curve in json.loads((settings.BENCHMARKS / "range_tests.json").read_text())["curves"]
}
"""Of each method's range test, as ``python -m benchmarks.range_tests`` recorded them."""


def recorded(method: str) -> RangeTest:
    curve = CURVES[method]
    return judge(METHODS[method], curve["learning_rates"], curve["losses"])


@pytest.mark.parametrize("method", METHODS)
def test_what_each_method_is_told_is_near_its_tuned_rate_or_unsure(method):
    found = recorded(method)
    if found.is_sure:
        tuned_rate = METHODS[method].learning_rate
        assert tuned_rate / FACTOR <= found.suggestion <= tuned_rate * FACTOR
    else:
        assert found.reason


def test_most_methods_are_told_a_rate_for_sure():
    assert sum(recorded(method).is_sure for method in METHODS) > len(METHODS) / 2


def test_a_rate_at_which_trainings_guessed_is_unsure():
    found = recorded("oft")
    assert told(found.learning_rates, found.losses)[1]
    assert not found.is_sure
    assert "did no better than guessing" in found.reason


class TestLosses:
    def test_leaning_to_one_class_is_taken_out(self):
        logits = np.array([[1.0, -1.0], [-1.0, 1.0], [0.5, -0.5], [-0.5, 0.5]])
        labels = np.array([0, 1, 0, 1])
        plain, balanced = lr_range._losses(logits, labels)
        assert balanced == pytest.approx(plain)
        leaning = lr_range._losses(logits + np.array([0.0, 5.0]), labels)
        assert leaning[0] > plain + 1
        assert leaning[1] == pytest.approx(plain)

    def test_all_reviews_alike_is_guessing(self):
        logits = np.tile([3.0, -4.0], (4, 1))
        assert lr_range._losses(logits, np.array([0, 1, 0, 1]))[1] == pytest.approx(math.log(2))
