"""The challenge on the Compare page: runs beside each other, and what is not right."""

import json
import re
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from asked_challenge import FEW, few_pairs, few_texts  # noqa: F401
from compared_runs import finished

from peft_demo import capabilities
from peft_demo.comparison import text_baseline
from peft_demo.inference import Predictor
from peft_demo.statistics import Predictions
from peft_demo.ui.pages import understanding_part
from peft_demo.ui.pages.understanding_part import UnderstandingPart

pytestmark = pytest.mark.slow


def answered(store, name, wrong=()):
    """A finished run that was asked already: right but on texts that hold one of these words."""
    run = finished(store, name)
    texts = capabilities.all_texts(capabilities.every(), capabilities.built_in())
    labels = np.asarray(texts.labels, dtype=np.int8)
    is_wrong = np.array([any(word in text for word in wrong) for text in texts.texts])
    positive = np.where(labels ^ is_wrong, 0.9, 0.1).astype(np.float32)
    said = Predictions(np.stack([1 - positive, positive], axis=1), labels)
    store.keep_challenge(run.run_id, texts.fingerprint, said)
    return run.run_id


@pytest.fixture
def part(store, monkeypatch):
    monkeypatch.setattr(text_baseline, "said", counted)
    runs = lambda: {run.run_id: run for run in store.runs()}  # noqa: E731
    services = SimpleNamespace(store=store, runs=runs, predictor=Predictor(store))
    return UnderstandingPart(services)


def counted(config, texts, folder=None):
    half = np.full((len(texts), 2), 0.5, dtype=np.float32)
    return Predictions(half, np.asarray(texts.labels, dtype=np.int8))


def ask(part, run_ids, file=None):
    event = gr.EventData(None, {"run_ids": run_ids})
    return [*part.asked(file, event)]


def test_runs_stand_beside_each_other_as_they_are_asked(part, store):
    good, bad = answered(store, "Good"), answered(store, "Bad", ["but "])
    first, *_, last = ask(part, [good, bad])
    assert "2 more on their way" in first
    assert "<table" not in first
    assert last.count('class="pd-group"') == 4
    assert "TF-IDF" in last
    assert f'"run_id": "{bad}", "name": "but"' in last
    assert f'"run_id": "{good}", "name": "but"' not in last  # all of it is right


def test_equal_test_accuracies_that_differ_here_are_said_so(part, store):
    good, bad = answered(store, "Good"), answered(store, "Bad", ["but ", "Although"])
    *_, last = ask(part, [good, bad])
    assert "Good and Bad are practically equal on the test set (within ±2 points)" in last
    assert "in But, Good is better than Bad" in last
    *_, alike = ask(part, [good, answered(store, "Also good")])
    assert "No difference is shown between the runs in any capability" in alike


@pytest.mark.usefixtures("few_texts")
def test_what_is_not_right_opens_on_the_review_page(part, store):
    run_id = answered(store, "Bad", [few_pairs().edits[0]])
    (failed,) = part.functions()
    assert "learned from stanfordnlp/imdb" not in ask(part, [run_id])[-1]
    dialog = json.loads(failed({"run_id": run_id, "name": "consistency"}))["dialog"]
    assert "1 text is not right" in dialog
    assert dialog.count('data-tell="recalled"') == 1
    for asked in (
        {"run_id": run_id, "name": "?"},
        {"run_id": finished(store, "C").run_id, "name": "but"},
    ):
        assert "was not asked for" in json.loads(failed(asked))["error"]


@pytest.mark.usefixtures("few_texts")
def test_texts_of_ones_own_pairs_open_too(part, store, tmp_path, monkeypatch):
    run_id = answered(store, "A")
    said = {"Dull.": 0.9, "Not dull.": 0.8, "Fine.": 0.7, "Not fine.": 0.1}

    def shares(run_id, texts, batch):
        return np.array([[1 - said[text], said[text]] for text in texts])

    monkeypatch.setattr(part._services.predictor, "shares", shares)
    file = tmp_path / "pairs.csv"
    file.write_text(
        "original,edited,label,edited_label\nDull.,Not dull.,0,1\nFine.,Not fine.,1,0\n"
    )
    *_, last = ask(part, [run_id], str(file))
    (key,) = {*re.findall('"name": "consistency", "own": "([0-9a-f]{64})"', last)}
    (failed,) = part.functions()
    asked = {"run_id": run_id, "name": "originals", "own": key}
    dialog = json.loads(failed(asked))["dialog"]
    assert ("1 text is not right" in dialog, ">Dull.<" in dialog) == (True, True)
    # Who does not have the file cannot name it.
    assert "was not asked for" in json.loads(failed({**asked, "own": "0" * 64}))["error"]
    assert "was not asked for" in json.loads(failed({**asked, "run_id": "run-000099"}))["error"]


@pytest.mark.usefixtures("few_texts")
def test_of_peoples_own_pairs_the_last_files_are_kept(part, store, tmp_path, monkeypatch):
    monkeypatch.setattr(understanding_part, "MOST_OWN", 2)
    monkeypatch.setattr(
        part._services.predictor, "shares", lambda _, texts, batch: np.full((len(texts), 2), 0.5)
    )
    run_id, (failed,) = answered(store, "A"), part.functions()
    asked = []
    for number in range(3):
        file = tmp_path / f"pairs-{number}.csv"
        file.write_text(f"original,edited,label,edited_label\nDull {number}.,Not dull.,0,1\n")
        (key,) = {*re.findall('"own": "([0-9a-f]{64})"', ask(part, [run_id], str(file))[-1])}
        asked.append({"run_id": run_id, "name": "edits", "own": key})
    assert len(part._own) == 2
    assert ["dialog" in json.loads(failed(each)) for each in asked] == [False, True, True]


@pytest.mark.usefixtures("few_texts")
def test_what_cannot_be_asked_is_said_and_keeps_none_from_it(part, store, tmp_path):
    run_id = answered(store, "A")
    *_, last = ask(part, ["run-000099", run_id])
    assert "run-000099" in last
    assert "<table" in last
    for nothing in ([], None, "run-000001"):
        (said,) = ask(part, nothing)
        assert "Choose the runs to compare first." in said
    file = tmp_path / "pairs.csv"
    file.write_text("original,edited\ngood,bad\n")
    (said,) = ask(part, [run_id], str(file))
    assert "without label, edited_label" in said
