"""The part of the Data page that shows texts: its handlers, and who may look at whose."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from compared_runs import LABELS, finished, probabilities
from own_texts import as_csv, prepared, rows
from small_runs import small_config

from peft_demo.comparison import Looking, look, looking
from peft_demo.errors import NotFoundError
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages import texts_part
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.review import ReviewPage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.pages.texts_part import TextsPart

pytestmark = pytest.mark.slow
"""Texts are read by the built-in base's tokenizer, which comes with torch."""

REFERENCE = "reference-recommended-lora"


@pytest.fixture
def part(services):
    return TextsPart(services, OwnData(services))


def test_a_page_has_its_buttons_and_each_text_the_place_it_is_opened_by(part):
    parts, html, page, before, after = part.show(REFERENCE, None, "", "mistakes")
    assert parts["value"] == "test"
    assert [value for _, value in parts["choices"]] == ["training", "validation", "test"]
    assert (page, before["visible"], after["visible"]) == (1, False, True)
    assert html.count("data-review=") == html.count("✗ wrong") == 20
    assert f'data-runs="{REFERENCE}" data-source="{REFERENCE}" data-part="test"' in html
    assert "Which kinds of texts it gets right" in html
    assert "[CLS]" in html


def test_the_newest_run_is_offered_until_another_is_chosen(services, part):
    run = finished(services.store, "mine", [3])
    assert part.offer()["value"] == part.offer("run-000077")["value"] == run.run_id
    assert part.offer(REFERENCE)["value"] == REFERENCE


def test_a_part_that_another_source_lacks_becomes_its_test_texts(part):
    parts, html, *_ = part.show("rotten_tomatoes", "validation", "", "given")
    assert parts["value"] == "test"
    assert 'data-runs="" data-source="rotten_tomatoes"' in html
    assert "Which kinds of texts" not in html


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("", None, "", "given"), "Choose a run or a data set first"),
        (("run-000077", None, "", "given"), "run-000077"),
        ((REFERENCE, None, "", "best"), "order must be one of"),
        ((REFERENCE, None, "x" * 101, "given"), "search must have at most 100"),
    ],
)
def test_what_is_wrong_stands_where_the_texts_would(part, values, words):
    _, html, _, before, after = part.show(*values)
    assert words in html
    assert html.startswith("<p class='pd-problem'")
    assert (before["visible"], after["visible"]) == (False, False)


def test_texts_are_escaped_and_a_run_opens_its_own(services, part):
    odd = prepared(as_csv([("<b>bold</b> tram", "good"), *rows()]), only_test=True)
    services.changes.add_dataset(odd)
    _, html, *_ = part.show(odd.id, "test", "bold", "given")
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "<b>bold" not in html
    run = finished(services.store, "mine", [3])
    _, source, _, _, *shown = part.open(run.run_id)
    assert source["value"] == run.run_id
    assert run.run_id in {value for _, value in source["choices"]}
    assert "not those that the runs were tested on" in shown[1]


def test_a_training_text_is_opened_for_review(services):
    page = ReviewPage(services)
    review, choice, truth, _ = page.open_review(REFERENCE, 2, REFERENCE, "training")
    third = look(services.store, Looking(REFERENCE, "training")).texts[2]
    assert (review[: looking.LONGEST_SHOWN], truth["value"]) == (
        third.seen + third.unseen,
        third.label,
    )
    assert choice["value"] == [REFERENCE]
    _, usual, *_ = page.open_review("", 2, "imdb", "training")
    assert len(usual["value"]) > 1


def test_texts_that_the_host_hides_are_not_shown_to_others(services, part, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_DATA_OF_OTHERS", "hidden")
    kept = prepared(as_csv(rows()))
    with acting_as(Visitor("a" * 32)):
        services.changes.add_dataset(kept)
        assert "tram number" in part.show(kept.id, "test", "", "given")[1]
        run = services.changes.submit(
            small_config(dataset=kept.id, num_reviews=24, num_test_reviews=16)
        )
        assert "tram number" in part.show(run.run_id, "training", "", "given")[1]
    with acting_as(Visitor("b" * 32)):
        for source in (kept.id, run.run_id):
            shown = part.show(source, "test", "", "given")[1]
            assert "source must be" in shown
            assert "tram" not in shown
        with pytest.raises(NotFoundError):
            ReviewPage(services).open_review("", 0, kept.id)


def test_of_texts_that_split_runs_others_see_no_word(services):
    kept = prepared(as_csv(rows()))
    test = kept.pools.test
    values = {"dataset": kept.id, "num_reviews": 24, "num_test_reviews": len(test)}
    ada, bob = Visitor("a" * 32), Visitor("b" * 32)
    with acting_as(ada):
        services.changes.add_dataset(kept, is_listed=False)
    labels = np.array(test.labels)
    said = {"labels": labels, "test_set": test.fingerprint, "config": values}
    shares = [np.eye(2, dtype=np.float32)[each] for each in (labels, 1 - labels)]
    runs = [
        finished(services.store, name, shares=each, **said)
        for name, each in zip("AB", shares, strict=True)
    ]
    ids = [run.run_id for run in runs]
    page = ComparePage(services)
    shown = {}
    for who in (ada, bob):
        with acting_as(who):
            shown[who] = json.loads(page.compare(ids, limit=20))["parts"]["lists"]
            assert shown[who].count("pd-says") == 2 * min(len(test), 20)
    assert "tram" in shown[ada]
    assert "data-review=" in shown[ada]
    for text in test.texts:
        assert text[:30] not in shown[bob]
    assert "data-review=" not in shown[bob]
    assert "are not shown to others" in shown[bob]


def test_texts_are_shown_to_visitors_from_one_place():
    """Where it is decided who may see them."""
    shows = {"look", "text_at", "disagreements", "part_of", "tested_on", "texts_for"}
    found = {
        path.name
        for path in Path(texts_part.__file__).parents[1].rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and shows & {name.name for name in node.names})
        or (
            isinstance(node, ast.Attribute)
            and node.attr in shows
            and isinstance(node.value, ast.Name)
            and node.value.id in ("comparison", "runs")
        )
    }
    assert found == {"own_data.py"}


def test_a_run_whose_texts_were_deleted_is_read_still(services, part):
    kept = prepared(as_csv(rows()))
    services.changes.add_dataset(kept)
    config = {"dataset": kept.id, "num_reviews": 24, "num_test_reviews": 16}
    shares = probabilities([3])[:16]
    run = finished(services.store, "mine", config=config, shares=shares, labels=LABELS[:16])
    services.changes.remove_dataset(kept.id)
    html = json.loads(RunsPage(services).details(run.run_id))["dialog"]
    assert "93.8 %" in html.replace("\u00a0", " ")
    assert "mine" in html
    shown = part.show(run.run_id, "test", "", "given")[1]
    assert "deleted" in shown
