"""What trained runs say of a challenge: computed once, kept, recorded as evaluations."""

from types import SimpleNamespace

import numpy as np
import pytest
from asked_challenge import FEW, few_capabilities, few_pairs, few_texts  # noqa: F401

from peft_demo import settings
from peft_demo.capabilities import Pairs
from peft_demo.errors import ConflictError
from peft_demo.inference import Predictor, challenged
from peft_demo.inference.challenging import _may_know
from peft_demo.runs import RunKind
from peft_demo.storage import Store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_texts")]


@pytest.fixture
def lora(trained, tmp_path):
    with_runs = trained.copy(tmp_path / "copy", "lora")
    yield with_runs, Predictor(with_runs), trained.ids("lora")[0]
    with_runs.close()


def test_a_run_says_what_it_says_on_the_page(lora):
    store, predictor, run_id = lora
    positive = challenged(store, predictor, run_id).positive
    text = few_capabilities()[0].texts[0]
    (said,) = predictor.predict(text, [run_id])
    assert positive[text] == pytest.approx(said.probabilities["positive"], abs=0.02)
    assert len(positive) >= 10 * FEW


def test_it_is_computed_once_and_kept_with_the_run(lora, monkeypatch):
    store, predictor, run_id = lora
    first = challenged(store, predictor, run_id)
    monkeypatch.setattr(predictor, "shares", lambda *_: pytest.fail("asked again"))
    assert challenged(store, predictor, run_id) == first
    (kept,) = store.folder_of(run_id).glob("challenge-*_predictions.npz")
    kept.write_bytes(b"damaged")
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        challenged(store, predictor, run_id)


def test_labelled_texts_are_evaluation_sets_of_the_run(lora):
    store, predictor, run_id = lora
    positive = challenged(store, predictor, run_id).positive
    found = {each.evaluation_set: each for each in store.evaluations(run_id)}
    sentences, pairs = found["capabilities"], found["edited-pairs"]
    assert (sentences.num_texts, pairs.num_texts) == (10 * FEW, 2 * FEW)
    both = zip(few_pairs().originals, few_pairs().labels, strict=True)
    edits = zip(few_pairs().edits, few_pairs().edited_labels, strict=True)
    right = [(positive[text] > 0.5) == bool(label) for text, label in (*both, *edits)]
    assert pairs.accuracy == pytest.approx(np.mean(right))


def test_a_reference_is_asked_too_and_its_files_stay_as_they_are(home):
    store = Store(home, settings.ADAPTERS)
    before = sorted(store.folder_of("reference-ia3").iterdir())
    predictor = Predictor(store)
    first = challenged(store, predictor, "reference-ia3")
    assert sorted(store.folder_of("reference-ia3").iterdir()) == before
    assert challenged(store, predictor, "reference-ia3") == first
    assert len([*(home / "challenges" / "reference-ia3").iterdir()]) == 1
    assert len(store.evaluations("reference-ia3")) == 1
    store.close()


def test_pairs_of_ones_own_are_told_where_max_length_hides_the_edit(lora):
    """The runs read 16 tokens."""
    store, predictor, run_id = lora
    begin = "I saw this film last week in the old cinema by the river with my whole family and"
    pairs = Pairs(
        "mine",
        (f"{begin} loved it.", "I loved it."),
        (f"{begin} hated it.", "I hated it."),
        (1, 1),
        (0, 0),
    )
    found = challenged(store, predictor, run_id, pairs)
    assert found.num_hidden == 1
    assert found.positive[pairs.originals[0]] == pytest.approx(found.positive[pairs.edits[0]])
    assert {*pairs.texts} <= found.positive.keys()


@pytest.mark.parametrize(
    ("kind", "dataset", "told"),
    [
        (RunKind.TRAINING, "imdb", ""),
        (RunKind.TRAINING, "stanfordnlp/imdb", "It learned from stanfordnlp/imdb"),
        (RunKind.IMPORTED, "imdb", "It was trained elsewhere"),
    ],
)
def test_who_may_have_learned_from_the_texts_is_said(kind, dataset, told):
    run = SimpleNamespace(kind=kind, config=SimpleNamespace(dataset=dataset))
    assert _may_know(run).startswith(told)
    assert bool(_may_know(run)) == bool(told)


def test_who_tells_other_labels_apart_is_not_asked(lora, monkeypatch):
    store, predictor, run_id = lora
    other = SimpleNamespace(run_id=run_id, config=SimpleNamespace(labels=("dog", "cat")))
    monkeypatch.setattr(predictor, "finished", lambda _: [other])
    with pytest.raises(ConflictError, match="must tell negative and positive apart"):
        challenged(store, predictor, run_id)
