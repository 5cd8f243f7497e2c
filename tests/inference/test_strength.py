"""Strength: live on a text, as a curve that is kept, and refused where nothing can be scaled."""

import pytest

from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.inference import Predictor, Strengths
from peft_demo.runs.strength import CURVE

TEXT = "A dull film, but the music is wonderful."


@pytest.fixture
def strengths(trained, tmp_path):
    store = trained.copy(tmp_path / "home", "lora", "head_only")
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
