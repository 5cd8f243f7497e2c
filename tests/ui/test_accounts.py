"""Signing in with an account, by Gradio's own routes with the profile of its local mode."""

import gradio.oauth
import pytest
from starlette.testclient import TestClient
from whole_server import whole_server

from peft_demo.ui import accounts
from peft_demo.ui.page import build

USER = {"type": "user", "name": "anna", "fullname": "Anna", "avatarUrl": "https://here/anna.png"}
PAGE = {"accept": "text/html"}


@pytest.fixture
def served(services, monkeypatch):
    """As on a Space with sign-in; Gradio would ask the Hub whose token this machine has."""
    monkeypatch.setenv("OAUTH_CLIENT_ID", "a-client")
    monkeypatch.setattr(gradio.oauth, "get_token", lambda: "hf_x")
    monkeypatch.setattr(gradio.oauth, "whoami", lambda: USER)
    with pytest.warns(UserWarning, match="outside of a Space"):
        page, inside = whole_server(services)
    (header,) = (b for b in page.blocks.values() if getattr(b, "server_fns", None))
    with TestClient(inside.app, "https://localhost", client=("203.0.113.5", 5)) as client:
        client.headers["x-forwarded-for"] = "203.0.113.5"

        def ask(name, data=None):
            sent = {"component_id": header._id, "session_hash": "x", "fn_name": name}
            answer = client.post("/gradio_api/component_server", json={**sent, "data": data or {}})
            return answer.json()

        yield client, ask


def submit(client):
    event = client.post("/gradio_api/call/submit_run", json={"data": [{"num_reviews": 40}]}).json()
    return client.get(f"/gradio_api/call/submit_run/{event['event_id']}").text


def test_the_account_is_the_owner_until_one_signs_out(services, served):
    client, ask = served
    client.get("/", headers=PAGE)
    (cookie,) = (name for name in client.cookies if name.startswith("peft_demo_"))
    before = client.cookies[cookie]
    assert "/login/huggingface?_target_url=/" in ask("you")
    assert '"owner": "guest' in submit(client)
    landed = client.get("/login/huggingface?_target_url=/", headers=PAGE)
    assert (landed.status_code, landed.url.path) == (200, "/")
    told = ask("you")
    assert "@anna" in told
    assert "/logout?_target_url=/" in told
    assert '"owner": "@anna"' in submit(client)
    theirs, mine = services.store.runs()[1], services.store.runs()[0]
    assert (mine.owner, len(theirs.owner)) == ("@anna", 32)
    refused = ask("act", {"action": "star", "run_ids": [theirs.run_id]})
    assert "you are @anna" in refused
    assert ask("act", {"action": "star", "run_ids": [mine.run_id]}) == ""
    assert client.cookies[cookie] == before
    client.get("/logout?_target_url=/", headers=PAGE)
    assert "@anna" not in ask("you")
    assert ask("act", {"action": "star", "run_ids": [theirs.run_id]}) == ""
    assert "belongs to @anna" in ask("act", {"action": "star", "run_ids": [mine.run_id]})


@pytest.mark.parametrize(
    ("session", "name"),
    [
        ({}, ""),
        ({"oauth_info": None}, ""),
        ({"oauth_info": {"userinfo": None}}, ""),
        ({"oauth_info": {"userinfo": {"preferred_username": "anna"}}}, "anna"),
        ({"oauth_info": {"userinfo": {"preferred_username": "anna"}, "expires_at": 1}}, ""),
    ],
)
def test_whose_time_is_over_is_signed_out(session, name):
    assert accounts.account(session) == name


def test_nobody_is_asked_to_sign_in_elsewhere(services, monkeypatch):
    monkeypatch.delenv("OAUTH_CLIENT_ID", raising=False)
    assert not build(services).expects_oauth
