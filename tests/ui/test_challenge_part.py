"""The challenge on the Learn page: set, entered with one's own run, and shown."""

from html import unescape

import pytest
from compared_runs import finish, probabilities

from peft_demo.runs import RunConfig
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.page import build
from peft_demo.ui.pages.challenge_part import ChallengePart

ME, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def part(services, monkeypatch):
    part = ChallengePart(services)
    monkeypatch.setattr(part._baselines, "get", lambda config: {})
    with acting_as(Visitor(ME)):
        yield part


def trained(services, owner, name):
    config = RunConfig(name=name, num_reviews=40, max_length=16, num_test_reviews=200)
    run = services.store.start(config, owner)
    return finish(services.store, run, probabilities(range(20))).run_id


def test_a_run_of_ones_own_enters_and_is_ranked(part, services):
    mine, theirs = (trained(services, who, f"<i>{who[0]}") for who in (ME, OTHER))
    told, chosen = part.create("Small <b>", "25,000", "", "")
    assert "?challenge=challenge-000001" in told
    assert chosen["value"] == "challenge-000001"
    own, shown, again = part.show(chosen["value"])
    assert own["choices"] == [("<i>a", mine)]
    assert again["active"] is False
    assert "No entry keeps the limits yet" in shown
    assert "run must be a finished training of your own" in part.enter(chosen["value"], theirs)
    assert "takes part" in part.enter(chosen["value"], mine)
    own, shown, _ = part.show(chosen["value"])
    assert own["choices"] == []
    assert "<b>1</b>" in shown
    assert "<i>" not in shown
    assert "Small <b>" in unescape(shown)
    assert ME not in shown


def test_what_is_refused_is_told(part):
    told, chosen = part.create("", "", "none", "")
    assert "title must be 1 to 80 characters" in told
    assert "num_reviews must be a whole number" in told
    assert "value" not in chosen
    assert "challenge must be the id" in part.show("challenge-000007")[1]


def test_the_addresss_challenge_is_chosen(part):
    for title in ("First", "Second"):
        part.create(title, "10", "", "")
    assert part.list("challenge-000001")["value"] == "challenge-000001"
    assert part.list("nonsense")["value"] == "challenge-000002"


def test_the_board_looks_again_while_baselines_are_computed_and_keeps_what_is_chosen(
    part, services, monkeypatch
):
    monkeypatch.setattr(part._baselines, "get", lambda config: None)
    first, second = (trained(services, ME, name) for name in ("first", "second"))
    _, chosen = part.create("Small", "25,000,000", "", "")
    assert part.show(chosen["value"], first)[0]["value"] == first
    assert part.show(chosen["value"], second)[0]["value"] == second
    part.enter(chosen["value"], second)
    own, shown, again = part.show(chosen["value"], second)
    assert own["value"] == first
    assert again["active"] is True
    assert "still being computed" in shown


@pytest.mark.slow
def test_the_pages_poll_draws_the_board_anew(services):
    """No button does: what tells that a run has finished, or was tagged, asks for it."""
    blocks = build(services)
    triggers = {
        (blocks.blocks[target].elem_id, event)
        for function in blocks.fns.values()
        if function.name == "show"
        for target, event in function.targets
        if target is not None
    }
    assert ("header", "finished") in triggers
