"""Strength: live on a text, as a curve that is kept, and refused where nothing can be scaled."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_runs import wait_until

from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.inference import Predictor, Strengths, strength
from peft_demo.runs.strength import CURVE, StrengthCurve, StrengthPoint

TEXT = "A dull film, but the music is wonderful."


@pytest.fixture
def strengths(trained, tmp_path):
    store = trained.copy(tmp_path / "home", "lora", "ia3", "head_only")
    yield Strengths(store, Predictor(store))
    store.close()


def test_at_1_it_says_what_the_run_says(strengths, trained, in_float32):
    ids = trained.ids("lora")
    (said,) = strengths.predict(TEXT, ids, 1)
    (run,) = strengths._predictor.predict(TEXT, ids)
    assert said.probabilities == pytest.approx(run.probabilities, abs=1e-4)
    assert (said.label, said.strength) == (run.label, 1.0)
    (double,) = strengths.predict(TEXT, ids, 2)
    assert double.probabilities != pytest.approx(run.probabilities, abs=1e-4)


def test_the_curve_goes_through_the_runs_own_accuracy_and_is_kept(strengths, trained, in_float32):
    run = trained.runs["lora"]
    told = []
    curve = strengths.curve(run.run_id, lambda done, most: told.append((done, most)))
    assert told == [(done, len(CURVE)) for done in range(len(CURVE))]
    assert [point.strength for point in curve.points] == [*CURVE]
    assert curve.num_texts == run.result.num_test_reviews
    # The training computed in its own type of number: one text of 50 may fall otherwise.
    assert curve.points[4].accuracy == pytest.approx(run.result.test_accuracy, abs=0.021)
    assert strengths.curve(run.run_id, lambda *_: pytest.fail("computed again")) == curve


def test_what_cannot_be_scaled_is_refused(strengths, trained):
    (run_id,) = trained.ids("head_only")
    with pytest.raises(InvalidFieldsError, match="Head only changes no weight of its base"):
        strengths.curve(run_id)
    with pytest.raises(InvalidFieldsError, match=r"strength must be .* 0 .* 2, got 2.5"):
        strengths.predict(TEXT, trained.ids("lora"), 2.5)
    with pytest.raises(InvalidFieldsError, match="review must have"):
        strengths.predict(" ", trained.ids("lora"), 1)
    with pytest.raises(NotFoundError):
        strengths.curve("run-999999")


class Looked(dict):
    """Counts how often somebody looked for what is being computed."""

    looks = 0

    def get(self, *arguments):
        self.looks += 1
        return super().get(*arguments)


def test_all_who_watch_a_curve_get_the_one_that_is_computed(strengths, trained, monkeypatch):
    (run_id,) = trained.ids("lora")
    going = strengths._going._going = Looked()
    begun, may_end, computed = threading.Event(), threading.Event(), []

    def slowly(run, tell):
        begun.set()
        assert may_end.wait(60)
        point = StrengthPoint(strength=1, accuracy=0.5, low=0.4, high=0.6)
        computed.append(StrengthCurve(run_id=run.run_id, num_texts=50, points=(point,)))
        return computed[-1]

    monkeypatch.setattr(strengths, "_curve", slowly)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(strengths.curve, run_id)
        assert begun.wait(60)
        others = [pool.submit(strengths.curve, run_id) for _ in range(2)]
        wait_until(lambda: going.looks == 3)
        may_end.set()
        curve = first.result(60)
        assert computed == [curve]
        assert all(other.result(60) is curve for other in others)
    assert not going


def test_few_dials_stay_in_memory(strengths, trained, monkeypatch):
    """Each has a copy of the weights that it changes."""
    monkeypatch.setattr(strength, "KEPT", 1)
    lora, ia3 = trained.ids("lora", "ia3")
    first = strengths.predict("Good.", [lora], 1)
    strengths.predict("Good.", [ia3], 1)
    assert [*strengths._held] == [ia3]
    assert strengths.predict("Good.", [lora], 1) == first
    assert [*strengths._held] == [lora]
