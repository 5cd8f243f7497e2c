"""The page where one agrees to jobs on one's own account: price, agreement, and its end."""

import html
import json
import re

import pytest
from asking import ask
from small_runs import small_config
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from peft_demo.execution.executors.hub_account import Price
from peft_demo.execution.executors.hub_jobs import JobsExecutor
from peft_demo.ui import hub_jobs
from peft_demo.ui.identity import Visitor, acting, acting_as
from peft_demo.ui.pages.board import Board


class SignedIn:
    """As Gradio keeps an account that signed in, and ``Visitors`` says so."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        info = {"access_token": "hf_writer", "userinfo": {"preferred_username": "writer"}}
        with acting_as(Visitor("@writer")):
            await self._app({**scope, "session": {"oauth_info": info}}, receive, send)


@pytest.fixture
def space(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "teacher/peft-demo")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "a-client")
    monkeypatch.setenv("OAUTH_SCOPES", "openid profile contribute-repos jobs")
    monkeypatch.setenv("PEFT_DEMO_JOBS", "cpu-upgrade")


@pytest.fixture
def served(services, space):
    app = Starlette(routes=hub_jobs.routes(services), middleware=[Middleware(SignedIn)])
    return TestClient(app, base_url="https://space")


def sent(served, **form):
    fields = {name: (None, value) for name, value in form.items()}
    return served.post("/jobs", files=fields).text


AGREED = {"minutes": "60", "dollars_a_minute": "0.0005", "agreed": "on"}


def test_the_price_is_told_and_agreed_to_before_anything_is_billed(services, served, hub):
    page = served.get("/jobs")
    assert page.headers["cache-control"] == "no-store"
    assert (
        "<b>writer</b>, by the minute: $0.03 an hour for cpu-upgrade (8 vCPU, 32 GB)" in page.text
    )
    assert "240 minutes: $0.12 at most" in page.text
    assert services.agreements.holding() == {}
    answer = sent(served, **AGREED)
    assert "of which 60 are left" in answer
    assert "hf_writer" not in f"{page.text}{answer}"
    (agreed,) = services.agreements.holding().values()
    (machine,) = (machine for machine, _ in services.engine.machines())
    assert machine.name == "Hugging Face Jobs (cpu-upgrade)"
    assert (agreed.left, agreed.price.dollars_a_minute) == (60, 0.0005)
    with acting_as(Visitor("@writer")):
        told = Board(services).machines()
    assert "billed to writer at $0.03 an hour: $0.03 at most for the 60 minutes" in told
    with acting_as(Visitor("@reader")):
        assert "billed" not in Board(services).machines()
    assert "How much may it cost?" in sent(served, end="yes")
    assert services.agreements.holding() == {}
    assert not hub.jobs.started


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": "1000"}, "minutes must be one of 10, 30, 60, 120, 240, got"),
        ({"minutes": ""}, "minutes must be one of 10, 30, 60, 120, 240, got"),
        ({"dollars_a_minute": "0.0001"}, "The price has changed since you read it"),
        ({"agreed": None}, "Nothing is billed unless you agree to it here."),
    ],
)
def test_what_is_not_agreed_to_in_full_is_refused_at_its_field(
    services, served, hub, changes, words
):
    said = {name: value for name, value in {**AGREED, **changes}.items() if value is not None}
    assert re.search(f'role="alert">{re.escape(words)}', sent(served, **said))
    assert services.agreements.holding() == {}


def test_without_the_hub_no_price_is_told(served):
    assert "The price of Hugging Face Jobs cannot be read: the Hugging Face Hub cannot be" in (
        served.get("/jobs").text
    )


def test_who_is_not_signed_in_is_asked_to(services, space, hub):
    app = Starlette(routes=hub_jobs.routes(services))
    served = TestClient(app, base_url="https://space")
    assert "/login/huggingface?" in served.get("/jobs").text
    assert "/login/huggingface?" in sent(served, **AGREED)
    assert services.agreements.holding() == {}


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("OAUTH_SCOPES", "openid profile", hub_jobs.NO_SCOPE),
        ("PEFT_DEMO_JOBS", "off", hub_jobs.OFF),
        ("SPACE_ID", "", hub_jobs.NO_SPACE),
    ],
)
def test_it_is_offered_on_a_space_that_asks_for_the_right_alone(
    services, served, monkeypatch, variable, value, why
):
    monkeypatch.setenv(variable, value)
    assert why in html.unescape(served.get("/jobs").text)
    assert why in html.unescape(sent(served, **AGREED))
    assert services.agreements.holding() == {}
    with acting_as(Visitor("@writer")):
        assert "jobs" not in Board(services).machines()


def places(board):
    return json.loads(ask(board, "poll", {"since": -1}))["places"]


def test_who_has_machines_of_his_own_stands_in_a_line_of_his_own(services):
    submit, board = services.store.submit, Board(services)
    theirs = [submit(small_config(seed=n), "@writer").run_id for n in range(2)]
    mine = submit(small_config(), acting().owner).run_id
    assert places(board)[mine] == "Number 2 in the queue"
    services.agreements.add("@writer", JobsExecutor(None, Price("cpu-upgrade", "", 0.1), 60))
    told = places(board)
    assert told[mine] == "Next in the queue"
    assert [told[run_id] for run_id in theirs] == ["Next in the queue", "Number 2 in the queue"]
