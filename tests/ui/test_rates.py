"""How much one visitor may ask, and what he may send: others do not have to wait for him."""

import json
import threading
import time

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from peft_demo.ui import bodies
from peft_demo.ui.bodies import DEEPEST, LARGEST_JSON, Bodies, has_half_characters, is_deep
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.rates import BURST, CLASS, Buckets, Rates
from peft_demo.ui.signing import Signatures
from peft_demo.ui.turns import AbandonedError, Turns, waited_for
from peft_demo.ui.visitors import Visitors


async def echo(request):
    return JSONResponse({"bytes": len(await request.body())})


@pytest.fixture
def client(tmp_path):
    """Of a server that answers everybody, as one of a class behind one router."""
    middleware = [
        Middleware(Visitors, signatures=Signatures(tmp_path)),
        Middleware(Rates),
        Middleware(Bodies),
    ]
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])], middleware=middleware)

    def new(address="10.0.0.7", at="http://10.0.0.1"):
        return TestClient(app, at, client=(address, 5))

    return new


def visits(client):
    client.get("/", headers={"accept": "text/html"})
    return client


@pytest.mark.slow
def test_thirty_who_poll_each_second_from_one_address_pass_and_a_flood_does_not(client):
    class_ = [visits(client()) for _ in range(30)]
    for _ in range(12):  # all at once, and what a second brings besides
        assert all(student.post("/", json={}).status_code == 200 for student in class_)
    flood = visits(client())
    answers = [flood.post("/", json={}) for _ in range(80)]
    assert [answer.status_code for answer in answers[:60]] == [200] * 60
    # One more passes for every tenth of a second that this takes.
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert "at most 10 a second" in refused.json()["detail"]
    assert class_[0].post("/", json={}).status_code == 200
    # Who throws his cookie away is bounded by his address, a program here by nothing.
    assert client().post("/", json={}).status_code == 200
    here = client("127.0.0.1", "http://localhost")
    assert all(here.post("/", json={}).status_code == 200 for _ in range(100))


def test_a_bucket_fills_with_time_and_many_are_not_kept(monkeypatch):
    now = [0.0]
    buckets = Buckets(lambda: now[0])
    assert sum(buckets.take("a", 10) for _ in range(100)) == 10 * BURST
    now[0] = 0.5
    assert sum(buckets.take("a", 10) for _ in range(100)) == 5
    monkeypatch.setattr("peft_demo.ui.rates._KEPT", 3)
    for key in range(9):
        buckets.take(key, 10)
    assert len(buckets._left) == 3
    assert CLASS >= 30


def test_bodies_are_bounded_in_bytes_and_depth(client):
    asked = visits(client())
    headers = {"content-type": "application/json"}
    assert asked.post("/", content=b"[" * 9, headers=headers).json() == {"bytes": 9}
    deep = asked.post("/", content=b"[" * 100_000, headers=headers)
    assert (deep.status_code, "levels" in deep.json()["error"]) == (400, True)
    many = asked.post("/", content=b" " * (LARGEST_JSON + 1), headers=headers)
    assert (many.status_code, "bytes" in many.json()["error"]) == (413, True)

    def parts():  # says nothing of how much comes
        for _ in range(9):
            yield b" " * 1_000_000

    assert asked.post("/", content=parts(), headers=headers).status_code == 413


def test_an_upload_is_bounded_whatever_it_says_of_its_size(client, monkeypatch):
    monkeypatch.setattr(bodies, "LARGEST_UPLOAD", 1_000)
    monkeypatch.setattr(bodies, "_AROUND", 0)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    asked = visits(client())
    assert asked.post("/", content=b" " * 1_000, headers=headers).status_code == 200
    assert asked.post("/", content=iter([b" " * 600] * 2), headers=headers).status_code == 413


def test_half_a_character_is_refused():
    """Gradio's stream of answers would break where a request's text is repeated."""
    assert has_half_characters(json.dumps("\ud800").encode())
    assert not has_half_characters(json.dumps("🎬 \\ud800").encode())
    assert not has_half_characters(b'"\\ud800')


def test_brackets_in_texts_are_not_depth():
    assert is_deep(b"[" * (DEEPEST + 1))
    assert not is_deep(b"[" * DEEPEST + b"]" * DEEPEST)
    assert not is_deep(b'["' + b"[" * 999 + b'\\"[[' * 99 + b'"]')
    assert not is_deep(b"[[]," * 20 + b"{}")
    assert not is_deep(b",".join([b"[[]]"] * 999))


def test_visitors_take_turns_piece_by_piece():
    """Eight pieces of work of one, and a small one of another that came last."""
    turns, done, first = Turns(), [], threading.Event()

    def work(who, pieces):
        with acting_as(Visitor(who)):
            for _ in range(pieces):
                with turns.one():
                    done.append(who)
                    first.set()
                    time.sleep(0.01)

    busy = [threading.Thread(target=work, args=("busy", 5)) for _ in range(8)]
    for thread in busy:
        thread.start()
    first.wait()
    before = len(done)
    work("student", 2)
    assert len(done) - before <= 2 + 3
    for thread in busy:
        thread.join()
    assert done.count("busy") == 40
    assert not turns._last


def test_a_turn_that_nobody_waits_for_is_dropped():
    turns = Turns()
    with waited_for(lambda: False), pytest.raises(AbandonedError), turns.one():
        raise AssertionError
    asked = []

    def leaves():
        asked.append(1)
        return len(asked) < 2

    with turns.one():
        thread_said = []

        def wait():
            try:
                with waited_for(leaves), turns.one():
                    thread_said.append("went on")
            except AbandonedError as error:
                thread_said.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(5)
    assert thread_said == ["Nobody waited for the answer any more."]
    with turns.one():
        pass
