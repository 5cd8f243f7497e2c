"""Requests of any shape get a sentence: no Python, SQL or path, and no fault without number."""

import inspect
import json
import logging
import random
import re
from typing import get_origin, get_type_hints

import gradio as gr
import pytest
from hostile import NAMES, NOT_FOR_PEOPLE, ODD

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig
from peft_demo.ui import faults
from peft_demo.ui.page import build
from peft_demo.ui.requests import (
    MOST_IDS,
    Parameters,
    RunIds,
    checked,
    page_function,
    unchecked,
)
from peft_demo.ui.services import Services


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
    services = Services()
    services.store.submit(RunConfig(), "me")
    yield services
    services.close()
    patch.undo()


@pytest.fixture(scope="module")
def page(services):
    return build(services)


@pytest.fixture(scope="module")
def page_functions(page):
    (header,) = (block for block in page.blocks.values() if getattr(block, "server_fns", None))
    assert len(header.server_fns) > 10
    return header.server_fns


@pytest.fixture(scope="module")
def endpoints(page):
    found = [fn.fn for fn in page.fns.values() if fn.api_visibility == "public"]
    assert len(found) > 10
    return found


def refusal(function, arguments):
    """What an endpoint says against its arguments, or nothing; another error is not caught."""
    try:
        function(*arguments)
    except gr.Error as error:
        return "Traceback" if error.print_exception else error.message
    return ""


def said(answer):
    """The sentences in an answer, if it is a refusal."""
    try:
        plain = json.loads(answer)
    except ValueError:
        return answer
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict) else ""


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.slow
def test_any_shape_to_a_page_function_is_answered_readably(page_functions, caplog, seed):
    chance = random.Random(seed)
    for function in page_functions:
        for _ in range(12):
            request = {name: chance.choice(ODD) for name in function.takes if chance.random() < 0.7}
            if chance.random() < 0.1:
                request[chance.choice(NAMES)] = chance.choice(ODD)
            if chance.random() < 0.2:
                request = chance.choice(ODD)
            answer = function(request)
            assert answer is None or isinstance(answer, str)
            assert not NOT_FOR_PEOPLE.search(said(answer or "")), (function, request, answer)
    assert not caplog.records


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_any_shape_to_an_endpoint_is_answered_readably(endpoints, caplog, seed, monkeypatch):
    # By chance two runs are named that can be mixed: one mix answers as readably as nine.
    monkeypatch.setattr("peft_demo.inference.mix.LINE", (0.5,))
    chance = random.Random(seed)
    for function in endpoints:
        for _ in range(12):
            arguments = [chance.choice(ODD) for _ in inspect.signature(function).parameters]
            if chance.random() < 0.1:
                arguments = arguments[1:] if chance.random() < 0.5 else [*arguments, 1]
            error = refusal(function, arguments)
            assert not NOT_FOR_PEOPLE.search(error), (function, arguments, error)
    assert not caplog.records


def made_up(text: str, run_ids: RunIds = ()) -> str:
    if text == "fault":
        raise KeyError("/home/secret")
    return f"{text} {len(run_ids)}"


def test_a_run_that_is_named_often_is_asked_about_once():
    assert Parameters(made_up).read({"text": "a", "run_ids": ["x", "y"] * 9}) == {
        "text": "a",
        "run_ids": ("x", "y"),
    }


def test_a_refused_request_names_field_limits_and_value():
    parameters = Parameters(made_up)
    for request, parts in (
        ({"text": 5}, ("text must be a text, got 5",)),
        ({}, ("text must be a text, got nothing",)),
        ({"text": "a", "run_ids": [1]}, ("run_ids must be a list of at most", "got 1")),
        ({"text": "a", "run_ids": ["x"] * (MOST_IDS + 1)}, (f"at most {MOST_IDS:,} ids",)),
        ({"text": ["a"]}, ("text must be a text, got a list with a.",)),
        ({"text": "a", "run_ids": "run-000001"}, ("run_ids must be a list", 'got "run-000001".')),
        ({"text": "a", "run_ids": ["x", ["y"]]}, ("got a list with y as number 2.",)),
        ([1], ("request must be a mapping with text, run_ids, got a list with 1",)),
        ({"text": "a", "run_id": "x"}, ('no other names than text, run_ids, got "run_id".',)),
        ({5: "a"}, ("have no other names than text, run_ids, got 5.",)),
    ):
        with pytest.raises(InvalidFieldsError) as caught:
            parameters.read(request)
        for part in parts:
            assert part in str(caught.value)
    # Of megabytes of names one sentence is told.
    flood = {f"n{number}": 1 for number in range(200_000)}
    with pytest.raises(InvalidFieldsError) as caught:
        parameters.read(flood)
    assert len(str(caught.value)) < 100
    with pytest.raises(InvalidFieldsError, match=r"arguments must be 2 \(text, run_ids\), got 3"):
        parameters.place((1, 2, 3), {})


def counting(count: int = 1, share: float = 0.5, race: bool = False) -> tuple[int, float, bool]:
    return count, share, race


def test_numbers_may_come_as_texts_and_are_not_taken_for_true_or_false():
    assert checked(counting)("3", "0.25", True) == (3, 0.25, True)
    for arguments, sentence in (
        ((True,), "count must be a whole number, got true."),
        ((1, False), "share must be a number, got false."),
        ((1, 0.5, 1), "race must be true or false, got 1."),
        ((1, 0.5, "yes"), 'race must be true or false, got "yes".'),
        (("many", 0.5, "no"), 'got "many".'),
    ):
        assert sentence in refusal(checked(counting), arguments)


WRONG = {str: "a text", int: 10**30, bool: False, dict: {"a": 1}, list: ["reference-ia3"]}
"""Of each type a value that is wrong where another is wanted."""


def test_every_endpoint_says_which_argument_is_of_the_wrong_type(endpoints):
    """A text where a list is wanted, a list where a text is, and so on, each in its place."""
    tried = 0
    for function in endpoints:
        hints = get_type_hints(inspect.unwrap(function))
        for name in inspect.signature(function).parameters:
            right = get_origin(hints[name]) or hints[name]
            for kind, value in WRONG.items():
                if kind is not right:
                    said = refusal(function, _with(function, name, value))
                    assert f"{name} must be" in said, (function, name, value, said)
                    tried += 1
    assert tried > 80


def _with(function, name, value):
    """Arguments of which one has this value; the others do not matter."""
    return [value if other == name else None for other in inspect.signature(function).parameters]


def test_a_fault_is_a_sentence_with_the_number_that_stands_in_the_log(caplog):
    faults._logged.clear()
    answer = json.loads(page_function(made_up)({"text": "fault"}))["error"]
    number = re.fullmatch(
        r"Something went wrong here \(fault ([0-9a-f]{6})\); the log says more\.", answer
    )[1]
    (record,) = caplog.records
    assert number in record.getMessage()
    assert "KeyError: '/home/secret'" in logging.Formatter().format(record)
    # The same defect again is the same number, and one line.
    with pytest.raises(gr.Error, match="Something went wrong"):
        checked(made_up)("fault")
    assert json.loads(page_function(made_up)({"text": "fault"}))["error"] == answer
    assert caplog.records[-1].exc_info is None
    assert number in caplog.records[-1].getMessage()


def test_a_control_that_gradio_made_anew_is_unchecked_still():
    with gr.Blocks():
        control = unchecked(gr.Dropdown(["r"], value="r"))
    anew = type(control)(**{**control.constructor_args, "choices": ["other"], "render": False})
    assert anew.preprocess("r") == "r"
    assert anew.get_block_name() == "dropdown"
