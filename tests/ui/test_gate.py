"""Whom the server answers."""

import socket

import pytest

from peft_demo.ui.gate import OwnPagesOnly, is_own_name, refusal

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "192.168.7.3", "a.localhost:1"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_own_pages_and_clients_are_let_in(host, method):
    assert not refusal(method, {"host": host})
    assert not refusal(method, {"host": host, **JSON})
    own = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert not refusal(method, {**own, "content-type": "multipart/form-data; boundary=x"})


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"origin": "http://evil.example"}, "http://evil.example"),
        ({"origin": "http://localhost:8000"}, "http://localhost:8000"),
        ({"origin": "null"}, "null"),
        ({"origin": ""}, "Origin must be"),
        ({"sec-fetch-site": "cross-site"}, "cross-site"),
        ({"sec-fetch-site": "same-site"}, "same-site"),
        ({"content-type": "text/plain;charset=UTF-8"}, "text/plain"),
        ({"content-type": "application/x-www-form-urlencoded"}, "urlencoded"),
        ({"host": "evil.example:7860"}, "Host must be"),
        ({"host": ""}, "Host must be"),
        ({"host": "127.0.0.1.evil.example"}, "Host must be"),
        ({"host": "[x"}, "Host must be"),
    ],
)
def test_a_foreign_page_is_not(headers, named):
    sentence = refusal("POST", {"host": "localhost:7860", **JSON, **headers})
    assert named in sentence
    assert "must be" in sentence


def test_a_foreign_page_reads_nothing_but_may_link_here():
    assert refusal("GET", {"host": "10.0.0.2:7860", "origin": "http://evil.example"})
    assert not refusal("GET", {"host": "10.0.0.2:7860", "sec-fetch-site": "cross-site"})


def test_names_of_its_own(monkeypatch):
    assert is_own_name(socket.gethostname().lower())
    assert not is_own_name("lab.example")
    monkeypatch.setenv("PEFT_DEMO_HOSTS", "lab.example")
    assert is_own_name("lab.example")
    # A proxy for that name that calls us by another.
    behind = {"host": "127.0.0.1:7860", "origin": "https://lab.example", **JSON}
    assert not refusal("POST", behind)
    monkeypatch.setenv("SPACE_HOST", "me-peft.hf.space")
    assert is_own_name("me-peft.hf.space")


def test_a_refused_request_reaches_nobody():
    answered = []

    async def app(scope, receive, send):
        raise AssertionError("it was let in")

    async def send(message):
        answered.append(message)

    headers = [(b"host", b"evil.example")]
    scope = {"type": "http", "method": "POST", "headers": headers}
    # Nothing waits here, and pytest's process may have a loop of the browser's.
    with pytest.raises(StopIteration):
        OwnPagesOnly(app)(scope, None, send).send(None)
    assert answered[0]["status"] == 403
    assert b"evil.example" in answered[1]["body"]
