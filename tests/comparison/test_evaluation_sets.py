"""Runs compared on another evaluation set than the test set."""

import json

import pytest
from compared_runs import HARD, compare, evaluated, finished

from peft_demo.errors import InvalidFieldsError


@pytest.fixture
def two(store):
    """A is better on the test set, B on the other one."""
    a, b = finished(store, "A", range(5)), finished(store, "B", range(60))
    return evaluated(store, a, range(80)), evaluated(store, b, range(10))


def test_the_test_set_is_compared_unless_another_is_named(store, two):
    usual = compare(store, *two)
    assert usual.evaluation_set == "test"
    assert usual.verdict[0].startswith("A is better than B")
    other = compare(store, *two, evaluation_set=HARD)
    json.dumps(other.model_dump(mode="json"))
    assert other.evaluation_set == HARD
    assert other.verdict[0].startswith("B is better than A")
    assert [run.quality.accuracy for run in other.runs] == [0.6, 0.95]
    assert (other.baselines, other.baseline_checks, other.problems) == ((), (), ())


def test_both_sets_are_kept_apart(store, two):
    for _ in range(2):
        for name, best in (("test", "A"), (HARD, "B")):
            found = compare(store, *two, evaluation_set=name).verdict
            assert found[0].startswith(f"{best} is better")


def test_what_was_evaluated_again_is_read_again(store, two):
    a, b = two
    compare(store, a, b, evaluation_set=HARD)
    evaluated(store, b, range(80, 180))
    found = compare(store, a, b, evaluation_set=HARD)
    assert found.verdict[0].startswith("A 60.0 %, B 50.0 %")


def test_a_run_that_was_not_evaluated_on_it_is_told(store, two):
    c = finished(store, "C")
    found = compare(store, *two, c, evaluation_set=HARD)
    assert "C has no predictions on the evaluation set negations." in found.problems
    assert found.verdict[0].startswith("B is better than A")


def test_other_texts_under_the_same_name_are_not_compared(store):
    a = evaluated(store, finished(store, "A"), range(8))
    b = evaluated(store, finished(store, "B"), range(8), "other texts")
    (pair,) = compare(store, a, b, evaluation_set=HARD).refused
    assert "different reviews (200 each, but not the same)" in pair.reason


@pytest.mark.parametrize("name", ["", "../../etc", "A", "x" * 61, "_a"])
def test_what_cannot_be_a_set_is_refused(store, two, name):
    with pytest.raises(InvalidFieldsError, match="evaluation_set must be 1 to 60 small letters"):
        compare(store, *two, evaluation_set=name)
