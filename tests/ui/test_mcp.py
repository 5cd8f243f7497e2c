"""Whom a tool's request seems to come from."""

import pytest
from own_loop import run

from peft_demo.ui.mcp import PATH, NoLoopback


def passed_on(client, path=PATH, host=b"localhost:7860"):
    """The headers that reach the app."""
    seen = []

    async def app(scope, receive, send):
        seen.extend(scope["headers"])

    scope = {"type": "http", "path": path, "client": (client, 5), "headers": [(b"host", host)]}
    run(NoLoopback(app)({**scope, "method": "POST", "query_string": b""}, None, None))
    return dict(seen)


def test_a_stranger_who_says_localhost_stays_one():
    assert passed_on("203.0.113.5")[b"x-forwarded-for"] == b"203.0.113.5"
    assert passed_on("127.0.0.1", host=b"evil.example")[b"x-forwarded-for"] == b"127.0.0.1"


@pytest.mark.parametrize(("client", "path"), [("127.0.0.1", PATH), ("203.0.113.5", "/other")])
def test_others_are_left_as_they_are(client, path):
    assert b"x-forwarded-for" not in passed_on(client, path)
