"""Raw requests of any shape to the running app: a sentence, never a 500, nothing of Python's."""

import http.client
import itertools
import json
import random
import re
import urllib.error
import urllib.request

import pytest

NOT_FOR_PEOPLE = re.compile(
    r"Traceback|object has no|unhashable|NoneType|Error:|KeyError|not iterable|not subscriptable"
    r"|positional argument|sqlite|SELECT |<class|site-packages|/home|/tmp"
)
ODD = (None, True, -1, 1.5, "x", "lora", [], [[]], {}, {"a": 1}, [{"r": []}], {"method": []})


def post(app, path, body):
    """Status and text of the answer to a body of any shape."""
    request = urllib.request.Request(
        f"{app.url}/gradio_api/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def outcome(app, name, data):
    """What an event of the queue ends with."""
    status, text = post(app, f"call/{name}", {"data": data})
    if status != 200:
        return text
    address = f"{app.url}/gradio_api/call/{name}/{json.loads(text)['event_id']}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def config(app):
    return json.load(urllib.request.urlopen(f"{app.url}/config", timeout=60))


@pytest.fixture(scope="module")
def header(config):
    (found,) = (c for c in config["components"] if c["props"].get("server_fns"))
    return found


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays_in_the_queue(app, header):
    """Some of the shapes are right, and queue runs."""

    def call(name, data):
        sent = {"session_hash": "x", "component_id": header["id"], "fn_name": name, "data": data}
        return json.loads(post(app, "component_server", sent)[1])

    before = json.loads(call("poll", {"since": -1}))["ids"]
    yield
    queued = [i for i in json.loads(call("poll", {"since": -1}))["ids"] if i not in before]
    for run_id in queued:
        call("act", {"action": "stop", "run_ids": [run_id]})
    call("act", {"action": "delete", "run_ids": queued})


@pytest.fixture
def log(app):
    """What the server writes during a test; each traceback has its number."""
    path = app.home.parent / "server.log"
    start = path.stat().st_size
    yield
    for line in path.read_bytes()[start:].decode().splitlines():
        is_numbered = line.startswith("{") and json.loads(line).get("fault")
        assert is_numbered or "Traceback" not in line, line


def check(status, text, sent):
    assert status < 500, (status, text, sent)
    assert not NOT_FOR_PEOPLE.search(text), (text, sent)


@pytest.mark.usefixtures("log")
def test_page_functions(app, header):
    chance = random.Random(1)
    for name in header["props"]["server_fns"]:
        for odd in chance.sample(ODD, 4):
            sent = {
                "session_hash": "x", "component_id": header["id"], "fn_name": name, "data": odd
            }  # fmt: skip
            status, text = post(app, "component_server", sent)
            assert status == 200
            check(status, text, sent)


@pytest.mark.usefixtures("log")
def test_what_gradio_itself_cannot_make_sense_of(app):
    for sent in (
        {"session_hash": "x", "component_id": 99_999, "fn_name": "poll", "data": {}},
        {"session_hash": "x", "component_id": "no", "fn_name": "poll", "data": {}},
        {"session_hash": "x"},
        [],
        None,
    ):
        status, text = post(app, "component_server", sent)
        check(status, text, sent)
        assert status != 200
    for path in ("run/nowhere", "call/nowhere", "queue/join"):
        for sent in ({"data": []}, {"data": [], "fn_index": 99_999, "session_hash": "x"}, 5):
            check(*post(app, path, sent), (path, sent))


@pytest.mark.usefixtures("log")
def test_endpoints_and_the_pages_own_events(app, config):
    chance = random.Random(2)
    for event in config["dependencies"]:
        name = event["api_name"]
        if not event["backend_fn"] or not isinstance(name, str):
            continue
        for _ in range(2):
            data = [chance.choice(ODD) for _ in event["inputs"]]
            if chance.random() < 0.2:
                data = data[:-1]
            sent = {"data": data, "fn_index": event["id"], "event_data": chance.choice(ODD)}
            check(*post(app, f"run/{name}", sent), (name, sent))
            assert not NOT_FOR_PEOPLE.search(outcome(app, name, data)), (name, data)


def test_a_page_of_another_site_does_nothing(app, header):
    """What a browser sends for it: plain text with cookies, without asking first."""
    for name in ("act", "poll"):
        sent = {"session_hash": "x", "component_id": header["id"], "fn_name": name, "data": {}}
        request = urllib.request.Request(
            f"{app.url}/gradio_api/component_server",
            json.dumps(sent).encode(),
            {"Content-Type": "text/plain", "Origin": "http://evil.example"},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 403
        assert "evil.example" in refused.value.read().decode()


def test_an_upload_larger_than_any_adapter_is_not_kept(app):
    size = 215_000_000
    start, end = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n',
        b"\r\n--x--",
    )
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    connection.request(
        "POST",
        "/gradio_api/upload",
        itertools.chain([start], itertools.repeat(bytes(1_000_000), size // 1_000_000), [end]),
        {
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(len(start) + size + len(end)),
        },
    )
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()
