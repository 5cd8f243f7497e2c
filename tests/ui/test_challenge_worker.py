"""Challenged after training: whose runs, from when on, once each, whatever comes of it."""

import json

import pytest
from asking import ask
from compared_runs import finished

from peft_demo import inference
from peft_demo.errors import ConflictError
from peft_demo.ui.challenge_worker import ChallengeWorker
from peft_demo.ui.identity import acting_as
from peft_demo.ui.visitors import Visitor
from peft_demo.ui.watching import Watching

ME, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def asked(monkeypatch):
    """The runs that are challenged; one that is called "other labels" is refused."""
    found = []

    def challenged(store, predictor, run_id):
        found.append(run_id)
        if store.get(run_id).config.name == "other labels":
            raise ConflictError("it must tell negative and positive apart")

    monkeypatch.setattr(inference, "challenged", challenged)
    return found


@pytest.mark.slow  # loads torch
def test_what_is_queued_from_the_wish_on_is_challenged_once_it_is_tested(store, asked):
    worker = ChallengeWorker(store, lambda: None)
    before = finished(store, "before")
    store.wish_challenges(before.owner, True)
    refused, after = finished(store, "other labels"), finished(store, "after")
    waiting = store.submit(after.config, before.owner)
    worker.look()
    assert asked == [refused.run_id, after.run_id]
    worker.look()
    assert len(asked) == 2
    assert waiting.run_id not in asked
    store.wish_challenges(before.owner, False)
    finished(store, "no longer")
    worker.look()
    assert len(asked) == 2


def test_each_wishes_for_himself(services):
    def wish(is_wished):
        request = {"review": "A film.", "is_wished": is_wished}
        return json.loads(ask(Watching(services), "challenge_next", request))["html"]

    with acting_as(Visitor(ME)):
        assert 'aria-pressed="true"' in wish(True)
        services.changes.watch(["A film."])
        assert services.changes.wishes_challenges()
    with acting_as(Visitor(OTHER)):
        assert not services.changes.wishes_challenges()
    with acting_as(Visitor(ME)):
        assert services.changes.watched() == ("A film.",)
        assert 'aria-pressed="false"' in wish(False)
        assert not services.changes.wishes_challenges()
