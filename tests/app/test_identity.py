"""Identity through the whole server: by page, API and raw requests, from another machine."""

import http.cookiejar
import json
import urllib.error
import urllib.request

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}
SMALL = {"num_reviews": 40, "max_length": 16}


class Guest:
    """A browser on another machine."""

    def __init__(self, app) -> None:
        self.app = app
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def open(self, path, body=None, **headers):
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **ELSEWHERE, **headers}
        request = urllib.request.Request(f"{self.app.url}/{path}", sent, headers)
        return self.opener.open(request, timeout=60).read().decode()

    def ask(self, name, **asked):
        config = json.loads(self.open("config"))
        (header,) = (c for c in config["components"] if c["props"].get("server_fns"))
        sent = {"session_hash": "x", "component_id": header["id"], "fn_name": name, "data": asked}
        return json.loads(self.open("gradio_api/component_server", sent))

    def token(self):
        return self.ask("you").partition("Bearer ")[2].partition('"')[0].partition("&")[0]

    def client(self, *, with_token=True):
        headers = {"Authorization": f"Bearer {self.token()}"} if with_token else {}
        return Client(self.app.url, headers={**ELSEWHERE, **headers}, verbose=False)


@pytest.fixture(scope="module")
def guests(app):
    guests = [Guest(app), Guest(app)]
    for guest in guests:
        guest.open("", Accept="text/html")
    return guests


@pytest.fixture(scope="module")
def theirs(guests):
    """A run of the second guest, who is called Nora."""
    _, second = guests
    assert "<bdi>Nora</bdi>" in second.ask("call_me", nickname="Nora")
    return second.client().predict(SMALL, api_name="/submit_run")


def test_a_token_acts_for_its_owner_and_nobody_else(guests, theirs):
    first, second = guests
    run_id = theirs["run_id"]
    assert theirs["owner"] == "Nora"
    assert "Nora" in second.ask("you")
    refused = first.ask("act", action="stop", run_ids=[run_id])
    assert refused.startswith(f"{run_id} belongs to Nora; you are guest ")
    with pytest.raises(AppError, match="belongs to Nora"):
        first.client().predict(run_id, api_name="/cancel_run")
    assert second.ask("act", action="tag", run_ids=[run_id], tags="week 1") == ""


def test_who_is_not_known_may_look_only(app, guests, theirs):
    client = guests[0].client(with_token=False)
    assert client.predict(theirs["run_id"], api_name="/get_run")["owner"] == "Nora"
    for sent in ((SMALL, "/submit_run"), (theirs["run_id"], "/cancel_run")):
        with pytest.raises(AppError, match="does not know who asks"):
            client.predict(sent[0], api_name=sent[1])
    nobody = Guest(app)
    assert "does not know who asks" in nobody.ask("queue_plan", lesson="better", plan="four")
    assert nobody.token() == ""


def test_the_pages_own_events_know_who_acts(app, guests):
    """They run in Gradio's queue, in another task than the request."""
    config = json.loads(guests[0].open("config"))
    start = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "start")
    (event,) = (
        d for d in config["dependencies"] if [start, "click"] in d["targets"] and d["backend_fn"]
    )
    shown = {c["id"]: c["props"].get("value") for c in config["components"]}
    data = [shown[id] for id in event["inputs"]]
    for guest, told in ((guests[0], "was put into the queue"), (Guest(app), "not know who asks")):
        sent = {"data": data, "fn_index": event["id"], "session_hash": "events"}
        guest.open("gradio_api/queue/join", sent)
        assert told in guest.open("gradio_api/queue/data?session_hash=events")
    (mine, *_) = guests[0].client().predict(api_name="/list_runs")
    assert mine["owner"].startswith("guest ")
    assert guests[0].ask("act", action="stop", run_ids=[mine["run_id"]]) == ""


@pytest.fixture
def page_elsewhere(app, visit):
    window = visit()
    window.page.set_extra_http_headers(ELSEWHERE)
    yield window.open(app.url)
    window.page.set_extra_http_headers({})


def test_a_page_keeps_its_name_and_leaves_others_runs_alone(page_elsewhere, theirs):
    page = page_elsewhere
    page.get_by_role("button", name="Who you are").click()
    page.get_by_label("Nickname").fill("Ben")
    page.keyboard.press("Enter")
    page.locator("#pd-you b", has_text="Ben").wait_for()
    page.reload()
    page.get_by_role("button", name="Who you are").click()
    page.locator("#pd-you b", has_text="Ben").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Runs").click()
    row = page.locator(f".pd-runs tr[data-run={theirs['run_id']}]")
    row.locator("[data-select]").check()
    assert page.locator(".pd-runs [data-do=delete]").is_disabled()
    assert row.locator("[data-edit]").is_hidden()
    assert row.locator("[data-cell=owner]").inner_text() == "Nora"
