"""Random, wrong and hostile requests to the whole server: none breaks it, or learns how it is made.

500 of them; ``FUZZ=10000`` tries more, ``FUZZ_SEED=1`` others.
"""

import inspect
import io
import json
import os
import random
import re
import traceback
import zipfile
from pathlib import Path

import pytest
from hostile import NAMES, NOT_FOR_PEOPLE, ODD, TEXTS
from whole_server import whole_server

from peft_demo.data import DEFAULT_DATASET
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
from peft_demo.ui import faults
from peft_demo.ui.services import Services

TRIES = int(os.environ.get("FUZZ", "500"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))

FAULT = re.compile(r"fault [0-9a-f]{6}")
"""Allowed where Gradio takes a request apart."""

UPLOAD = re.compile(r"/\S*/fuzzed\d+/uploads\S*|/tmp/[^\s…]*…")

ASKED_FOR = str(Path(__file__))
"""A file that there is, wherever the project lies: a refusal may repeat what was asked for."""

HEAVY = {"predict", "predict_reviews", "count", "compare", "report", "export_code"}
"""Endpoints that bring torch along: they are tried in the long form, and in test_requests."""


class Fuzzer:
    """Sends requests of one kind after another, each made of a random seed."""

    def __init__(self, services):
        self.page, self.client = whole_server(services)
        # The machine's owner may clear all of it.
        self.client.headers["x-forwarded-for"] = "203.0.113.5"
        blocks = self.page.blocks.values()
        (self.header,) = (block for block in blocks if getattr(block, "server_fns", None))
        self.functions = {function.__name__: function for function in self.header.server_fns}
        public = [fn for fn in self.page.fns.values() if fn.api_visibility == "public"]
        heavy = HEAVY if TRIES <= 500 else set()
        self.endpoints = {
            fn.api_name: len(inspect.signature(fn.fn).parameters)
            for fn in public
            if fn.api_name not in heavy
        }
        self.inner = [fn._id for fn in self.page.fns.values() if fn.api_visibility != "public"]

    def odd(self, chance, depth=2):
        """Any value: one of the odd ones, or a list or mapping of some."""
        kind = chance.random()
        if depth and kind < 0.1:
            return [self.odd(chance, depth - 1) for _ in range(chance.randint(0, 4))]
        if depth and kind < 0.2:
            names = chance.sample((*NAMES, "method", "r", "target_modules", "\ud800"), 3)
            return {name: self.odd(chance, depth - 1) for name in names}
        return chance.choice(TEXTS) if kind < 0.6 else chance.choice(ODD)

    def page_function(self, chance):
        function = chance.choice([*self.functions.values()])
        known = function.takes if chance.random() < 0.95 else NAMES
        data = {name: self.odd(chance) for name in known if chance.random() < 0.5}
        name = function.__name__ if chance.random() < 0.95 else self.odd(chance)
        sent = {"component_id": self.header._id, "fn_name": name, "session_hash": "x", "data": data}
        return self.json("component_server", sent)

    def endpoint(self, chance):
        name = chance.choice([*self.endpoints])
        data = [self.odd(chance) for _ in range(self.endpoints[name])]
        return self.heard(f"call/{name}", {"data": data})

    def event(self, chance):
        number = chance.choice(self.inner)
        data = [self.odd(chance) for _ in self.page.fns[number].inputs]
        sent = {"fn_index": number, "data": data, "event_data": self.odd(chance)}
        session = f"s{chance.random()}"
        joined = self.json("queue/join", {**sent, "session_hash": session})
        if joined.status_code != 200:
            return joined
        return self.client.get("/gradio_api/queue/data", params={"session_hash": session})

    def shapeless(self, chance):
        """Bodies that are no request, or not even JSON."""
        path = chance.choice(
            ["component_server", "queue/join", "call/list_runs", "cancel", "run/x"]
        )
        body = json.dumps(self.odd(chance)).encode()
        if chance.random() < 0.5:
            body = body[: chance.randint(0, len(body))] + chance.randbytes(chance.randint(0, 9))
        return self.client.request(
            chance.choice(["POST", "PUT", "DELETE", "PATCH"]),
            f"/gradio_api/{path}",
            content=body,
            headers={"content-type": chance.choice(["application/json", "text/plain", "x"])},
        )

    def link(self, chance):
        """Addresses: of files that are not theirs, of the page with anything in its query."""
        secret = chance.choice(["/etc/passwd", "../../../../etc/passwd", ASKED_FOR])
        path = chance.choice(
            [
                f"/gradio_api/file={secret}",
                f"/file={secret}",
                f"/gradio_api/file=%2e%2e%2f{secret}",
                f"/modules/{secret}",
                f"/static/{secret}",
                f"/theme.css/{secret}",
                f"/worksheets/{chance.choice(TEXTS[:20])}",
                f"/gradio_api/stream/{secret}/1/1/playlist.m3u8",
                f"/gradio_api/proxy={secret}",
                "/",
            ]
        )
        query = {name: str(self.odd(chance))[:900] for name in chance.sample(NAMES, 2)}
        query = {key: value.encode("utf-8", "replace") for key, value in query.items()}
        path = path.encode("utf-8", "replace").decode()
        return self.client.get(path.replace("\x00", "%00"), params=query)

    def upload(self, chance):
        """A file that is no adapter, and the request to import it, or another file."""
        name = chance.choice(TEXTS)[:200].encode("utf-8", "replace").decode()
        name = "".join(c for c in name if c.isprintable()) or "x"
        content = chance.choice([b"", chance.randbytes(99), b"PK\x03\x04" + chance.randbytes(30)])
        if chance.random() < 0.4:
            content = odd_zip(chance)
        sent = self.client.post("/gradio_api/upload", files={"files": (name, content)})
        if sent.status_code != 200 or NOT_FOR_PEOPLE.search(sent.text.rpartition("uploads/")[2]):
            return sent
        path = chance.choice([*sent.json() * 3, "/etc/passwd", 5, None])
        file = {"path": path, "meta": {"_type": chance.choice(["gradio.FileData"] * 4 + ["x"])}}
        rest = [self.odd(chance) for _ in range(self.endpoints["import_adapter"] - 1)]
        rest = rest if chance.random() < 0.3 else ["", DEFAULT_DATASET, "", "", 0, False]
        return self.heard("call/import_adapter", {"data": [file, *rest]})

    def json(self, path, sent):
        body = json.dumps(sent).encode()
        headers = {"content-type": "application/json"}
        return self.client.post(f"/gradio_api/{path}", content=body, headers=headers)

    def heard(self, path, sent):
        joined = self.json(path, sent)
        if joined.status_code != 200:
            return joined
        return self.client.get(f"/gradio_api/{path}/{joined.json()['event_id']}")


def odd_zip(chance):
    """An archive with hostile names and contents."""
    written = io.BytesIO()
    header = (2**60).to_bytes(8, "little") + b"{" * 40
    contents = [b"", b"{}", b"[" * 9_000, b'{"peft_type": "LORA", "r": -1}', header, b"\x80\x04."]
    names = ["adapter_config.json", "adapter_model.safetensors", "../../x", "/etc/x", "a.bin", "é"]
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in chance.sample(names, chance.randint(1, 5)):
            archive.writestr(name, chance.choice(contents))
    return written.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzed") / "home"


@pytest.fixture(scope="module")
def fuzzer(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(home))
        patch.setenv("GRADIO_TEMP_DIR", str(home.parent / "uploads"))
        patch.setenv("PEFT_DEMO_RATE", "1000")
        services = Services()
        services.store.submit(RunConfig({"name": "stays"}), "somebody else")
        fuzzer = Fuzzer(services)
        with fuzzer.client:
            yield fuzzer
        services.close()


@pytest.mark.slow
def test_any_request_gets_an_answer_for_people_and_breaks_nothing(fuzzer, home, caplog):
    faults._logged.clear()
    kinds = [
        *[fuzzer.page_function] * 5,
        *[fuzzer.endpoint] * 2,
        fuzzer.event,
        *[fuzzer.link] * 2,
        fuzzer.shapeless,
        fuzzer.upload,
    ]
    for number in range(TRIES):
        seed = f"{SEED} {number}"
        chance = random.Random(seed)
        kind = chance.choice(kinds)
        answer = kind(chance)
        assert answer.status_code < 500, (seed, kind.__name__, answer.text[:500])
        # Clients know where their own uploads lie: Gradio tells them. A long path is cut short.
        said = UPLOAD.sub("", FAULT.sub("", refusals(answer.text).replace(ASKED_FOR, "")))
        assert not NOT_FOR_PEOPLE.search(said), (seed, kind.__name__, said[:2_000])
        assert "root:x:0:0" not in answer.text, seed
        assert "def test_any_request" not in answer.text, seed
        if "Something went wrong" in answer.text:
            where = [record for record in caplog.records if record.exc_info]
            frames = traceback.extract_tb(where[-1].exc_info[2]) if where else ()
            assert not in_our_rooms(frames), (seed, kind.__name__, caplog.text[-3_000:])
    del fuzzer.client.headers["x-forwarded-for"]
    assert fuzzer.client.get("/health").status_code == 200
    assert fuzzer.client.get("/config").status_code == 200
    again = Store(home)
    names = {run.config.name for run in again.runs()}
    again.close()
    assert "stays" in names
    assert not list(home.glob(".import-*"))


def refusals(text):
    """What an answer says against its request: pages and figures are not meant."""
    lines = [line.partition("data: ")[2] or line for line in text.splitlines()]
    found = []
    for line in lines:
        try:
            plain = json.loads(line)
            plain = json.loads(plain) if isinstance(plain, str) else plain
        except ValueError:
            continue
        if isinstance(plain, dict):
            found += [str(plain[key]) for key in ("error", "detail", "message") if plain.get(key)]
    return "\n".join(found)


def in_our_rooms(frames):
    """Whether a fault came up in our own functions, not where Gradio takes a request apart."""
    for frame in reversed(frames):
        if "/gradio/" in frame.filename or "/starlette/" in frame.filename:
            return False
        if "/peft_demo/" in frame.filename:
            return True
    return False
