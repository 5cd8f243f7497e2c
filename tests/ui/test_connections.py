"""Connections that say nothing, or say it slowly: they are closed, and leave room for others."""

import socket
import sys
import time
from contextlib import ExitStack, suppress

import pytest
from gradio.http_server import start_server
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.config import HTTP_PROTOCOLS

from peft_demo.ui import bodies, connections

HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"


async def _echo(request):
    return JSONResponse({"bytes": len(await request.body())})


@pytest.fixture
def connect(monkeypatch):
    """Opens a connection to a server that Gradio started."""
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    connections.bound()
    routes = [Route("/", _echo, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(bodies.Bodies)])
    *_, server = start_server(app, "127.0.0.1", 0)
    address = server.servers[0].sockets[0].getsockname()
    with ExitStack() as opened:

        def new(sent=b"", source="127.0.0.1"):
            made = socket.create_connection(address, timeout=30, source_address=(source, 0))
            opened.enter_context(made)
            with suppress(ConnectionError):  # it may be closed already
                made.sendall(sent)
            return made

        yield new
    server.close()


def _answer(connection, end=None):
    """What comes until an end, or until the server closes."""
    told = b""
    with suppress(ConnectionError):
        while not (end and end in told) and (part := connection.recv(65_536)):
            told += part
    return told


def _asks(connection):
    with suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return _answer(connection, b'{"bytes":0}')


@pytest.mark.parametrize("sent", [b"", HALF])
def test_a_request_that_does_not_come_is_not_waited_for(connect, monkeypatch, sent):
    monkeypatch.setattr(connections, "SECONDS", 0.1)
    assert _answer(connect(sent)) == b""


def test_nor_one_that_comes_after_another_though_bytes_of_it_come(connect, monkeypatch):
    connection = connect()
    assert b"200 OK" in _asks(connection)
    monkeypatch.setattr(connections, "SECONDS", 0.1)
    connection.settimeout(0.05)
    for _ in range(600):
        try:
            connection.sendall(b"G")
            assert connection.recv(65_536) == b""
            break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    else:
        pytest.fail("it is open after half a minute")


def test_what_its_first_lines_ask_is_answered_however_long_the_rest_takes(connect, monkeypatch):
    connection = connect()
    assert b"200 OK" in _asks(connection)
    monkeypatch.setattr(connections, "SECONDS", 0.1)
    connection.sendall(POST)
    time.sleep(0.3)
    connection.sendall(b"x" * 9)
    assert b'{"bytes":9}' in _answer(connection, b"}")


def test_a_body_that_comes_too_slowly_is_refused_in_a_sentence(connect, monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE", 0.1)
    told = _answer(connect(POST + b"x"), b"}")
    assert b"408" in told
    assert b"must come within 0 s and a second for each 20,000 bytes" in told


def test_a_body_may_take_as_long_as_its_size_allows(connect, monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE", 0.5)
    monkeypatch.setattr(bodies, "SLOWEST", 0.1)
    connection = connect(POST + b"x")
    time.sleep(0.7)
    connection.sendall(b"x" * 8)
    assert b'{"bytes":9}' in _answer(connection, b"}")


def test_an_address_has_half_of_all_connections_until_it_closes_some(connect, monkeypatch):
    monkeypatch.setattr(connections, "MOST", 8)
    held = [connect(HALF) for _ in range(4)]
    assert _answer(connect(HALF)) == b""
    if sys.platform == "linux":  # others have one address of their own only
        assert b"200 OK" in _asks(connect(source="127.0.0.2"))
    held[0].sendall(b"\r\n\r\n")
    assert b"200 OK" in _answer(held[0], b"}")
    held[0].close()
    deadline = time.monotonic() + 15
    while b"200 OK" not in _asks(connect()):
        assert time.monotonic() < deadline


def test_there_are_fewer_where_a_process_may_open_few_files(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    assert connections.most() == 768
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    assert connections.most() == connections.MOST


@pytest.mark.parametrize(
    ("soft", "hard", "wanted"),
    [(1_024, 2**20, [4_096]), (1_024, 2_048, [2_048]), (8_192, 2**20, []), (1_024, 1_024, [])],
)
def test_more_files_may_be_open_than_at_first(monkeypatch, soft, hard, wanted):
    resource = pytest.importorskip("resource")
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda *new: asked.append(new))
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    connections.bound()
    assert asked == [(resource.RLIMIT_NOFILE, (each, hard)) for each in wanted]
