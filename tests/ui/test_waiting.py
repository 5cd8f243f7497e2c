"""Calls in Gradio's queue: visitors take turns, and what nobody waits for is not done."""

import asyncio
import json
import threading
import time

import gradio as gr
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from peft_demo.ui import waiting
from peft_demo.ui.faults import Blocks
from peft_demo.ui.identity import Visitor
from peft_demo.ui.signing import Signatures
from peft_demo.ui.visitors import Visitors
from peft_demo.ui.waiting import MOST_CALLS, Listeners


class Server:
    """One function that says whom it answered, and waits until it is let go on."""

    def __init__(self, folder):
        self.answered, self.go_on = [], threading.Event()
        self.signatures = Signatures(folder)

        def slow(text: str) -> str:
            self.answered.append(text)
            self.go_on.wait(5)
            return text.upper()

        with Blocks() as blocks:
            gr.api(slow, api_name="slow", concurrency_limit=3)
        site = FastAPI()
        site.add_middleware(Listeners)
        site.add_middleware(Visitors, signatures=self.signatures)
        self.queue = blocks._queue
        self.client = TestClient(gr.mount_gradio_app(site, blocks, "/"), "http://10.0.0.1")

    def ask(self, who, text):
        headers = {"authorization": f"Bearer {self.signatures.sign(who, 'token')}"}
        sent = self.client.post("/gradio_api/call/slow", json={"data": [text]}, headers=headers)
        return sent.json()["event_id"] if sent.status_code == 200 else sent

    def hear(self, event_id):
        return self.client.get(f"/gradio_api/call/slow/{event_id}").text

    def wait(self, until):
        deadline = time.monotonic() + 10
        while not until():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    with server.client:
        yield server
        server.go_on.set()


@pytest.mark.slow
def test_who_asks_much_does_not_make_others_wait_and_has_a_bound(server):
    for number in range(MOST_CALLS):
        server.ask("busy", f"busy {number}")
    refused = server.ask("busy", "one too many")
    assert refused.status_code == 429
    assert f"At most {MOST_CALLS}" in refused.json()["detail"]
    student = server.ask("student", "student")
    server.wait(lambda: "student" in server.answered)
    assert len(server.answered) <= 3
    server.go_on.set()
    assert json.loads(server.hear(student).split("data: ")[-1]) == ["STUDENT"]


def test_what_nobody_listens_to_is_not_done(server, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.2)
    for number in range(2):
        server.ask("busy", f"first {number}")
    abandoned = [server.ask("busy", f"abandoned {number}") for number in range(9)]
    heard, said = server.ask("busy", "heard"), []
    listening = threading.Thread(target=lambda: said.append(server.hear(heard)))
    listening.start()
    server.wait(lambda: waiting._listen[heard])
    time.sleep(0.25)
    server.go_on.set()
    listening.join(10)
    assert "HEARD" in said[0]
    server.wait(lambda: not server.queue._open())
    assert [*sorted(server.answered[:2]), *server.answered[2:]] == ["first 0", "first 1", "heard"]
    assert len(abandoned) == 9
    assert not waiting._listen


@pytest.mark.slow
def test_answers_that_nobody_fetched_are_bounded(server, monkeypatch):
    monkeypatch.setattr(waiting, "_MOST_SESSIONS", 3)
    server.go_on.set()
    for number in range(9):
        server.ask(f"visitor {number}", "x")
    server.wait(lambda: not server.queue._open())
    assert len(server.queue.pending_event_ids_session) <= 4


def test_answers_that_stay_open_are_bounded(monkeypatch):
    """A heartbeat lasts as long as its client likes, and a process may open so many files."""
    monkeypatch.setattr(waiting, "MOST_STREAMS", 3)
    monkeypatch.setattr(waiting, "CLASS_STREAMS", 5)
    statuses = []

    async def endless(_scope, _receive, _send):
        await asyncio.Event().wait()

    async def send(message):
        statuses.append(message.get("status"))

    def asked(owner, address, path="/gradio_api/heartbeat/x"):
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
        visitor = Visitor(owner, address)
        return Listeners(endless)({**scope, "peft_demo.visitor": visitor}, None, send)

    async def all_of_it():
        tasks = [asyncio.create_task(asked("busy", "here")) for _ in range(9)]
        await asyncio.sleep(0)
        assert [status for status in statuses if status] == [429] * 6
        tasks += [asyncio.create_task(asked(f"student {n}", "here")) for n in range(3)]
        tasks += [asyncio.create_task(asked("", "elsewhere")) for _ in range(5)]
        tasks += [asyncio.create_task(asked("other", "far", "/gradio_api/call/x/id"))]
        await asyncio.sleep(0)
        assert [status for status in statuses if status] == [429] * 7  # of an address
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # In a thread of its own: after a browser's tests this one has a loop that runs.
    with start_blocking_portal() as portal:
        portal.call(all_of_it)
    assert not waiting._open
    assert not waiting._listen
