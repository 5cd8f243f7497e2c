"""Ids of several runs: a list, never a text letter by letter."""

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs.run_ids import each_once


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (None, []),
        ([], []),
        (["run-000002", "run-000001", "run-000002"], ["run-000002", "run-000001"]),
        (("run-000001",), ["run-000001"]),
        (iter(["run-000001"]), ["run-000001"]),
    ],
)
def test_each_comes_once(given, ids):
    assert each_once(given) == ids


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ("run-000001", '"run-000001"'),
        ("", '""'),
        (b"run-000001", "b'run-000001'"),
        ({"run-000001": 1}, "{'run-000001': 1}"),
        (7, "7"),
        (["run-000001", 7], "run-000001, 7"),
        ([["run-000001"]], "['run-000001']"),
    ],
)
def test_anything_else_is_refused_as_what_it_is(given, came):
    with pytest.raises(InvalidFieldsError) as caught:
        each_once(given)
    assert caught.value.problems == {
        "run_ids": f"run_ids must be a list of ids of runs, got {came}."
    }
