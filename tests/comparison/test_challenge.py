"""The board of a challenge: limits, places that tests can tell apart, baselines."""

import re

import numpy as np
import pytest
from compared_runs import LABELS, finished, probabilities

from peft_demo.comparison.challenge import board
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.runs import RunConfig
from peft_demo.statistics import Predictions

LIMITS = {"num_adapter_parameters": 25_000, "num_reviews": 100, "minutes": 10}


@pytest.fixture
def challenge(store):
    return store.add_challenge("Small and good", LIMITS, "teacher").challenge_id


def entered(store, challenge, name, wrong, **changes):
    run = finished(store, name, range(wrong), **changes)
    store.enter_challenge(challenge, run.run_id)
    return run


def stands(store, challenge, measure=lambda config: {}):
    return board(store, challenge, measure=measure)


def test_entries_that_tests_cannot_tell_apart_share_a_place(store, challenge):
    for name, wrong in (("Good", 20), ("As good", 22), ("Bad", 90)):
        entered(store, challenge, name, wrong)
    finished(store, "Not entered")
    found = stands(store, challenge)
    assert [(e.place, e.run.name) for e in found.entries] == [
        (1, "Good"),
        (1, "As good"),
        (3, "Bad"),
    ]
    assert (found.num_pairs, found.num_apart) == (3, 0)


def test_on_other_texts_intervals_decide(store, challenge):
    entered(store, challenge, "Good", 20)
    entered(store, challenge, "Elsewhere", 30, test_set="other texts")
    entered(store, challenge, "Far below", 120, test_set="other texts")
    found = stands(store, challenge)
    assert [e.place for e in found.entries] == [1, 1, 3]
    assert (found.num_pairs, found.num_apart) == (1, 2)


def test_who_does_not_qualify_is_told_field_limit_and_value(store, challenge):
    entered(store, challenge, "Fat", 20, num_adapter_parameters=25_001)
    entered(store, challenge, "Slow", 20, seconds=630.0)
    entered(store, challenge, "Greedy", 20, config={"num_reviews": 200})
    waiting = store.submit(RunConfig(name="Waiting"), "me").run_id
    store.enter_challenge(challenge, waiting)
    found = stands(store, challenge)
    assert found.entries == ()
    reasons = {one.run.name: " ".join(one.reasons) for one in found.left_out}
    assert reasons["Fat"] == "num_adapter_parameters must be at most 25,000, got 25,001."
    assert reasons["Slow"] == "minutes must be at most 10, got 10.5."
    assert reasons["Greedy"] == "num_reviews must be at most 100, got 200."
    assert "Waiting" in reasons["Waiting"]


def test_beaten_baselines_are_marked(store, challenge):
    entered(store, challenge, "Good", 20)
    entered(store, challenge, "Bad", 90)
    guess = np.tile(np.float32([0.6, 0.4]), (len(LABELS), 1))
    lines = {
        TFIDF: Predictions(probabilities(range(60)), LABELS),
        MAJORITY: Predictions(guess, LABELS),
    }
    found = stands(store, challenge, lambda config: lines)
    assert {e.run.name: set(e.beats) for e in found.entries} == {
        "Good": {TFIDF, MAJORITY},
        "Bad": set(),
    }


@pytest.mark.parametrize(
    ("title", "limits", "sentence"),
    [
        ("", LIMITS, "title must be 1 to 80 characters"),
        ("x", {}, "limits must have at least one limit, got none."),
        ("x", {"num_reviews": "many"}, "num_reviews must be a whole number between 10 and"),
        ("x", {"rank": 4}, "limits must be of num_adapter_parameters, num_reviews, minutes"),
    ],
)
def test_a_challenge_that_is_none(store, title, limits, sentence):
    with pytest.raises(InvalidFieldsError, match=re.escape(sentence)):
        store.add_challenge(title, limits, "teacher")


def test_challenges_last_and_their_owner_is_told_to_nobody(store, challenge):
    (known,) = store.challenges()
    assert known == store.challenge(challenge)
    assert (known.challenge_id, known.limits) == ("challenge-000001", LIMITS)
    assert "teacher" not in known.model_dump_json()
    with pytest.raises(NotFoundError, match="challenge must be the id of a challenge"):
        store.challenge("challenge-000009")
