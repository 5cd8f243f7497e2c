"""The page's parts that search: the form says what fits, the group's page what was found."""

import json
from datetime import UTC, datetime

import gradio as gr
import pytest
from asking import ask
from searches import Simulated, planned, submit

from peft_demo import models
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.search_form import SearchForm
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def form(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        services = Services()
        with gr.Blocks():
            yield SearchForm(services, Form({"base_model": models.BUILTIN_BASE}))
        services.store.close()


def entered(form, minutes=30, over=("r", "learning_rate"), most=""):
    return [minutes, list(over), most, *(control.value for control in form._form.inputs)]


def test_what_fits_is_told_before_anything_is_pressed(form):
    told, button, *wrong = form.describe(*entered(form))
    assert wrong == [""] * 3
    assert "trials in" in told
    assert "to confirm" in told
    assert button["interactive"]
    search = form.search(*entered(form))
    assert search.over == ("r", "learning_rate")


@pytest.mark.parametrize(
    ("changes", "control", "words"),
    [
        ({"minutes": 0}, 0, "between 0.1 and 1,440"),
        ({"minutes": 0.2}, 0, "minutes must be at least"),
        ({"over": ()}, 1, "at least one field"),
        ({"most": "few"}, 2, "a whole number"),
    ],
)
def test_what_is_refused_stands_at_its_control(form, changes, control, words):
    values = entered(form, **changes)
    answers = form.validate(*values)
    assert len(answers) == len(values)
    wrong = {place: a["message"] for place, a in enumerate(answers) if not a["is_valid"]}
    assert list(wrong) == [control]
    assert words in wrong[control]
    fits, button, *told = form.describe(*values)
    if changes == {"over": ()}:  # as the form is at first
        assert "Choose fields to search over" in fits
        assert told == [""] * 3
    else:
        assert [place for place, sentence in enumerate(told) if words in sentence] == [control]
    assert button["interactive"] == (changes == {"over": ()})


def test_a_searchs_page_has_its_trials_its_frontier_and_its_verdict(services):
    group_id = submit(services.store, planned(services.store, 8, over=[], among={"r": [1, 2]}))
    simulated = Simulated(services.store)
    page = ComparePage(services)
    simulated.step(group_id)
    first = json.loads(ask(page, "group", {"group": group_id}))
    assert "Stop the search" in first["parts"]["trials"]
    simulated.run(group_id)
    last = json.loads(ask(page, "group", {"group": group_id, "key": first["key"]}))
    assert "the recommended preset" in last["parts"]["trials"]
    assert "group-000002" in last["parts"]["trials"]
    assert "The winner of the search" in last["parts"]["verdict"]
    assert len(last["figures"]["pareto"]["traces"]) == 1 + len(last["run_ids"])
    confirmed = json.loads(ask(page, "group", {"group": "group-000002"}))
    assert "recommended" in confirmed["parts"]["configurations"]


def test_its_page_says_that_it_is_over_though_its_last_run_ended_before(services):
    store = services.store
    group_id = submit(store, planned(store, 8, over=[], among={"r": [1, 2]}))
    Simulated(store).step(group_id)
    page = ComparePage(services)
    asked = {"group": group_id, "key": json.loads(ask(page, "group", {"group": group_id}))["key"]}
    assert ask(page, "group", asked) is None
    store.mark_search(group_id, ended_at=datetime.now(UTC))
    assert "Stop the search" not in json.loads(ask(page, "group", asked))["parts"]["trials"]


def test_its_page_stops_it(services):
    group_id = submit(services.store, planned(services.store, 8, over=[], among={"r": [1, 2]}))
    answer = json.loads(ask(ComparePage(services), "stop_search", {"group": group_id}))
    assert answer["toast"] == "The search ends with what it has found."
    assert services.store.search(group_id).ended_at
