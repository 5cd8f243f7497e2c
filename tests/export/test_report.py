"""The report: one page that needs nothing else, tells what the comparison tells, and escapes."""

import re
import xml.etree.ElementTree as ET
from html import unescape

import pytest
from compared_runs import finished
from english import english_in

from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.export.charts import Scale
from peft_demo.export.report import report
from peft_demo.languages import speaking
from peft_demo.runs import RunConfig, links

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def written(store, ids, **more):
    return report(store, ids, measure=lambda config: {}, **more)


def text(html):
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)).split())


@pytest.fixture
def two(store):
    return [
        finished(store, name, range(wrong), config={"r": r}, epochs=epochs).run_id
        for name, wrong, r, epochs in (
            ("Good", 20, 4, (0.6, 0.8)),
            ("Bad", 90, 8, (0.5, float("nan"))),
        )
    ]


def test_it_tells_verdict_costs_settings_and_hardware(store, two):
    told = text(written(store, two, author="Ada", notes="I tried\ntwo ranks."))
    assert "Report of Ada" in told
    assert "I tried two ranks." in told
    assert "Good has the higher accuracy" in told or "Good is better than Bad" in told
    assert "90.0 %" in told
    assert "processor a processor" in told
    assert "1,000" in told
    assert "Rank r 4 8" in told


def test_it_asks_for_no_other_file(store, two):
    html = written(store, two, address="http://127.0.0.1:7860/")
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b|url\(|@import|\bsrc=", html)
    places = set(re.findall(r"https?://[^\s\"'<]*", html))
    assert all(place.startswith("http://127.0.0.1:7860/") for place in places)


def test_its_links_give_the_configurations_back(store, two):
    html = written(store, two, address="http://127.0.0.1:7860/")
    (query,) = (
        unescape(link).partition("?")[2] for link in re.findall(r'<a href="([^"]*r=4[^"]*)"', html)
    )
    assert RunConfig(links.from_link(query).values) == store.get(two[0]).config
    assert f"view=compare&run_ids={','.join(two)}" in unescape(html)
    assert "<a " not in written(store, two)


def test_its_charts_are_drawn_and_leave_out_what_is_no_number(store, two):
    html = written(store, two)
    charts = [ET.fromstring(svg) for svg in re.findall(r"<svg(?! class).*?</svg>", html, re.S)]
    assert len(charts) == 4
    assert "nan" not in html
    accuracy = charts[1].findall("polyline")
    assert [len(line.get("points").split()) for line in accuracy] == [2, 1]
    assert "Good ends at 80.0 %; Bad ends at 50.0 %" in charts[1].get("aria-label")
    assert "guessing 2 labels" in ET.tostring(charts[2], encoding="unicode")


def test_whatever_people_write_is_text(store, two):
    store.annotate(two[0], name=HOSTILE[:80], note=HOSTILE, tags=["<b>tag</b>"])
    html = written(
        store, two, author=HOSTILE[:80], notes=HOSTILE, guesses=[HOSTILE], address="https://a.b/"
    )
    assert not re.search(r"<(script|img|b)\b", html)
    assert html.count("</title>") == 1
    paragraphs = re.findall(r'<p class="written">(.*?)</p>', html)
    assert [unescape(paragraph) for paragraph in paragraphs] == [HOSTILE] * 3


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"author": "a" * 81}, "author must be at most 80 characters on one line"),
        ({"notes": "a" * 10_001}, "notes must be at most 10,000 characters"),
        ({"guesses": ["a"] * 101}, "guesses must be at most 100, got 101."),
        ({"address": "javascript:alert(1)"}, "address must begin with http:// or https://"),
    ],
)
def test_what_it_refuses(store, two, more, sentence):
    with pytest.raises(InvalidFieldsError, match=re.escape(sentence)):
        written(store, two, **more)


def test_runs_must_be_there(store, two):
    with pytest.raises(NotFoundError):
        written(store, [*two, "run-999999"])
    with pytest.raises(InvalidFieldsError, match="run_ids must name 1 to 8"):
        written(store, [])


def test_ticks_are_round_and_within(store):
    assert Scale.around([0.52, 0.68], 0, 100).ticks == [0.55, 0.6, 0.65]
    assert Scale.around([3.0], 0, 100)(3.0) == 50


def test_in_german_it_has_no_english_word(store, two):
    with speaking("de"):
        html = written(store, two, author="Anna", address="https://a.b/")
    shown = [unescape(part) for part in re.split(r"<style>.*?</style>|<[^>]*>", html, flags=re.S)]
    shown += [unescape(label) for label in re.findall(r'aria-label="([^"]*)"', html)]
    assert english_in(shown) == []
    assert "Bericht von Anna" in html
    assert "80,0 %" in html
    assert '<html lang="de">' in html
