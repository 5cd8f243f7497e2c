"""Presses in the player of lessons, and what a browser gets for them."""

import json

import pytest
from asking import ask

from peft_demo.lessons import LESSONS
from peft_demo.ui.learn.moves import Moves, Now
from peft_demo.ui.page import build
from peft_demo.ui.pages import learn

ABOUT = {
    "lesson": "",
    "plan": "",
    "choice": "",
    "several": "",
    "place": {},
    "query": "",
    "form": "",
}
HELD = {"hide": ["compare"], "fix": ["r"]}


def move(action, now=None, limits=None, **about):
    return Moves(now, limits, {**ABOUT, **about}).make(action)


def test_a_link_opens_its_lesson_and_goes_on_where_that_is_open():
    query = "?lesson=rank&hide=compare,data&fix=r&method=lora&r=5"
    begun = move("open", query=query)
    assert begun.now == Now(
        lesson="rank", hide=["compare", "data"], fix=["r"], query="method=lora&r=5"
    )
    assert begun.arrange == {
        "lesson": "rank",
        "plan": "",
        "query": "method=lora&r=5",
        "fix": ["r"],
        "fills": True,
    }
    later = begun.now.model_copy(update={"step": 3})
    assert move("open", later, query=query).now.step == 3
    assert move("open", later, query="?lesson=luck").now.step == 0
    only_hides = move("open", query="?hide=compare")
    assert (only_hides.now.lesson, only_hides.arrange["fills"]) == ("", False)


def test_a_page_that_is_loaded_again_keeps_its_lesson_and_a_links_values():
    now = Now(lesson="rank", step=2)
    assert move("open", now).arrange["fills"]
    assert not move("open", now, query="?method=lora&r=5").arrange["fills"]
    assert move("open").now is None


def test_a_lesson_goes_on_where_it_was_left_and_gives_the_form_back():
    place = {"step": 4, "began": "2026-01-01T00:00:00+00:00", "choices": {"1": 0}, "taken": ["a"]}
    begun = move("begin", lesson="rank", place=place, form="method=ia3")
    assert (begun.now.place(), begun.now.before) == (place, "method=ia3")
    assert (begun.tab, begun.is_moved) == ("training", True)
    left = move("leave", begun.now)
    assert (left.now, left.is_left) == (None, True)
    assert left.arrange["query"] == "method=ia3"
    held = move("leave", begun.now, HELD)
    assert (held.now.hide, held.now.fix, held.arrange["fix"]) == (["compare"], ["r"], ["r"])
    finished = move("finish", begun.now)
    assert finished.progress == {"rank": {"place": None, "isFinished": True}}
    assert finished.tab == "learn-tab"


@pytest.mark.parametrize(
    ("action", "about", "changes"),
    [
        ("next", {}, {"step": 3, "is_folded": False}),
        ("back", {}, {"step": 1, "is_folded": False}),
        ("fold", {}, {"is_folded": False}),
        ("choose", {"choice": "2"}, {"choices": {"0": 1, "2": 2}}),
        ("take", {"plan": "ranks"}, {"taken": ["ranks"]}),
        ("reset", {}, {"step": 0, "choices": {}, "is_folded": False}),
        ("fill", {"plan": "ranks"}, {}),
        ("", {}, {}),
    ],
)
def test_buttons(action, about, changes):
    now = Now(lesson="rank", step=2, choices={"0": 1}, is_folded=True)
    made = move(action, now, **about)
    assert made.now == now.model_copy(update=changes)
    assert (made.arrange or {}).get("plan", "") == ("ranks" if action == "fill" else "")
    assert made.opens == ("" if action == "fill" else None)


@pytest.fixture
def page(services):
    built = []
    original = learn.LearnPage.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            learn.LearnPage,
            "connect",
            lambda self, frame: (built.append(self), original(self, frame)),
        )
        build(services)
    return built[0]


@pytest.mark.slow
def test_a_browser_is_told_what_is_shown_and_what_to_keep(page):
    lesson = next(iter(LESSONS))
    first = json.loads(ask(page, "play", {"action": "begin", "lesson": lesson}))
    assert "step 1 of" in first["html"]
    assert first["state"] == "open"
    assert first["progress"][lesson]["place"]["began"] == first["now"]["began"] != ""
    second = json.loads(ask(page, "play", {"now": first["now"], "action": "next"}))
    assert "step 2 of" in second["html"]
    folded = json.loads(ask(page, "play", {"now": second["now"], "action": "fold"}))
    assert folded["state"] == "small"
    gone = json.loads(ask(page, "play", {"now": {"lesson": "of an earlier version"}}))
    assert (gone["now"], gone["html"], gone["is_left"]) == (None, "", True)
    bar = json.loads(ask(page, "play", {"action": "open", "query": "?hide=compare"}))
    assert "display: none" in bar["style"]
    assert bar["state"] == "small"
    assert "error" in json.loads(ask(page, "play", {"now": {"step": "x"}}))
