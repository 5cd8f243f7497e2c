"""The page in another language: its document, its events, its links, and the gate before it."""

import json
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from peft_demo.ui.gate import OwnPagesOnly
from peft_demo.ui.in_languages import InLanguages
from peft_demo.ui.server import _options, build


@pytest.fixture
def site(services):
    languages = Middleware(
        InLanguages, build=lambda: build(services), options=lambda: _options(services)
    )
    english = Route("/{rest:path}", lambda request: PlainTextResponse("English"))
    app = Starlette(routes=[english], middleware=[Middleware(OwnPagesOnly), languages])
    with TestClient(app, "http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.mark.slow
def test_a_page_is_in_its_language_from_its_first_paint_to_its_events(site):
    assert site.get("/").text == site.get("/deutsch").text == "English"
    to_page = site.get("/de?method=lora&r=4")
    assert (to_page.status_code, to_page.headers["location"][-20:]) == (307, "/de/?method=lora&r=4")
    document = site.get("/de/").text
    assert '<html\n\tlang="de"' in document
    assert "Die Seite wird geöffnet" in document
    config = site.get("/de/config").json()
    labels = {part["props"].get("label") for part in config["components"]}
    assert {"Trainieren", "Lernrate", "Rang r"} <= labels
    (header,) = (part for part in config["components"] if part["props"].get("elem_id") == "header")
    links = header["props"]["value"]
    assert '<a href="../en/" hreflang="en" lang="en">English</a>' in links
    assert '<a href="../de/" hreflang="de" lang="de" aria-current="true">Deutsch</a>' in links
    asked = {"component_id": header["id"], "fn_name": "questions", "data": {}, "session_hash": "x"}
    told = site.post("/de/gradio_api/component_server", json=asked)
    assert "Welche Lernrate braucht LoRA?" in told.text
    (module,) = re.findall(r'href="(modules/\w+/lib/catalogue.js)"', document)
    texts, plural, locale = site.get(f"/de/{module}").text.splitlines()
    texts = json.loads(texts.removeprefix("export const texts = ").removesuffix(";"))
    assert (texts["Guessing"], texts["%(count)s run"][1]) == ("Raten", "%(count)s Läufe")
    assert "Start training" not in texts, "only scripts' texts"
    assert (plural, locale) == (
        "export const plural = n => (n != 1);",
        'export const locale = "de";',
    )
    assert not config["dependencies"][0].get("api_name") or not [
        each for each in config["dependencies"] if each["api_visibility"] == "public"
    ]
    assert "Arbeitsblatt" in site.get("/de/worksheets/rank").text
    assert site.get("/de/", headers={"host": "evil.example"}).status_code == 403
    assert json.loads(site.get("/de/config", headers={"origin": "http://evil.example"}).text)[
        "error"
    ].startswith("Origin must be")


def opened(site, path, **headers):
    found = site.get(path, headers={"accept": "text/html", **headers})
    return found.headers.get("location") or found.text[:7]


@pytest.mark.slow
def test_a_visitor_is_sent_to_the_language_that_he_prefers_until_he_chooses_one(site):
    assert opened(site, "/", **{"accept-language": "en-US,en;q=0.9,de;q=0.8"}) == "English"
    assert opened(site, "/", **{"accept-language": "fr, x;q=y, it;q=0"}) == "English"
    german = {"accept-language": "fr;q=0.9, de-AT, en;q=0.5"}
    assert opened(site, "/?lesson=rank", **german) == "de/?lesson=rank"
    assert site.get("/", headers=german).text == "English", "programs are answered as ever"
    assert opened(site, "/runs", **german) == "English"
    assert opened(site, "/en/?r=4", **german) == "../?r=4"
    assert opened(site, "/", **german) == "English", "it was chosen"
    assert "Die Seite" in site.get("/de/", headers={"accept": "text/html"}).text
    assert opened(site, "/", **{"accept-language": "en"}) == "de/", "and back"
