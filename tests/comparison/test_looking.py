"""Texts as a model sees them: parts, search, orders, slices, pages."""

import numpy as np
import pytest
from compared_runs import finished, probabilities
from own_texts import as_csv, prepared, rows

from peft_demo import data
from peft_demo.comparison import Looking, look, looking, text_at
from peft_demo.errors import AssetError, InvalidFieldsError, NotFoundError
from peft_demo.runs import RunConfig, draw
from peft_demo.statistics import wilson_interval

pytestmark = pytest.mark.slow
"""The built-in base's tokenizer comes with torch."""

REFERENCE = "reference-recommended-lora"


@pytest.fixture
def own_run(store):
    """A run of own texts that is wrong on three of its sixteen test texts, once hardly."""
    kept = prepared(as_csv(rows()))
    store.add_dataset(kept, "tester")
    values = {"dataset": kept.id, "num_reviews": 24, "max_length": 8, "num_test_reviews": 16}
    config = RunConfig({"name": "mine", **values})
    test = draw(data.load(kept.id), config).test
    shares = probabilities([0, 1])[:16]
    shares[1], shares[5] = [0.8, 0.2], [0.52, 0.48]
    return finished(
        store,
        "mine",
        config=values,
        shares=shares,
        labels=np.asarray(test.labels),
        test_set=test.fingerprint,
    )


def test_every_part_of_a_run_is_what_it_drew(store, own_run):
    drawn = draw(data.load(own_run.config.dataset), own_run.config)
    for part, texts in (
        ("training", drawn.train),
        ("validation", drawn.validation),
        ("test", drawn.test),
    ):
        found = look(store, Looking(own_run.run_id, part))
        assert found.parts == ("training", "validation", "test")
        assert found.num_texts == len(texts)
        named = [own_run.config.labels[label] for label in texts.labels]
        shown = [(text.seen + text.unseen, text.label) for text in found.texts]
        assert shown == list(zip(texts.texts, named, strict=True))[:20]
        has_predictions = part == "test"
        assert (found.texts[0].said is not None) is has_predictions
        assert bool(found.slices) is has_predictions
        assert bool(found.notes) is not has_predictions


def test_tokens_the_cut_and_the_padding_are_the_models(store, own_run, base):
    found = look(store, Looking(own_run.run_id))
    for text in found.texts:
        whole = text.seen + text.unseen
        ids = base.encode([whole], 8)["input_ids"][0]
        assert list(text.tokens) == base.tokenizer.convert_ids_to_tokens(ids)
        assert text.num_tokens == len(base.encode([whole])["input_ids"][0])
        assert text.num_padding == 8 - len(ids)
        assert (text.unseen != "") is (text.num_tokens > 8)
        again = base.encode([text.seen])["input_ids"][0]
        assert again == ids


def test_mistakes_are_the_surest_first_and_the_unsure_by_their_margin(store, own_run):
    mistakes = look(store, Looking(own_run.run_id, order="mistakes"))
    assert [text.index for text in mistakes.texts] == [0, 1, 5]
    unsure = look(store, Looking(own_run.run_id, order="unsure"))
    assert unsure.texts[0].index == 5
    assert unsure.num_found == 16
    lengths = [
        len((text.seen + text.unseen).split())
        for text in look(store, Looking(own_run.run_id, order="longest")).texts
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_a_slice_counts_whole_words(store, own_run):
    found = look(store, Looking(own_run.run_id, search="  TRAM   number "))
    texts = data.load(own_run.config.dataset).test.texts
    having = [number for number, text in enumerate(texts) if "tram number" in text]
    assert 0 < len(having) < 16
    assert [text.index for text in found.texts] == having
    by_name = {one.name: one for one in found.slices}
    whole = look(store, Looking(own_run.run_id)).slices[0]
    assert by_name["All"] == whole
    right = sum(bool(text.is_right) for text in found.texts)
    assert by_name['With "TRAM number"'].accuracy == wilson_interval(right, len(having))
    assert look(store, Looking(own_run.run_id, search="tra")).num_found == 0
    assert look(store, Looking(own_run.run_id, search="tra")).texts == ()


def test_reference_runs_are_sliced_by_negation_and_by_the_cut(with_references):
    found = look(with_references, Looking(REFERENCE, page=50))
    assert (found.num_pages, found.page, len(found.texts)) == (50, 50, 20)
    assert look(with_references, Looking(REFERENCE, page=99)).page == 50
    counts = {one.name: one.count for one in found.slices}
    assert counts["All"] == 1_000
    assert counts["Cut after 128 tokens"] + counts["Read whole, in 128 tokens"] == 1_000
    assert counts["Truly negative"] == counts["Truly positive"] == 500
    assert 700 < counts['With "not" or "n\'t"'] < 950


def test_a_data_set_has_texts_without_predictions(store):
    found = look(store, Looking("rotten_tomatoes", "training", order="mistakes"))
    assert found.parts == ("training", "test")
    assert found.texts[0].said is None
    assert len(found.notes) == 2
    text, label = text_at(store, "rotten_tomatoes", 3, "training")
    assert text == found.texts[3].seen
    assert label == found.texts[3].label


def test_what_was_deleted_says_so(store, own_run):
    store.remove_dataset(own_run.config.dataset, "tester")
    with pytest.raises(AssetError):
        look(store, Looking(own_run.run_id))


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"source": "nothing"}, NotFoundError, "source must be the id of a run or a data set"),
        ({"part": "all"}, InvalidFieldsError, "part must be one of training, test, got"),
        ({"order": "best"}, InvalidFieldsError, "order must be one of given, mistakes"),
        ({"search": "x" * 101}, InvalidFieldsError, "search must have at most 100 characters"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(store, asked, error, words):
    with pytest.raises(error, match=words):
        look(store, Looking(**{"source": "rotten_tomatoes", **asked}))


def test_a_long_text_is_shown_in_part(store, monkeypatch):
    monkeypatch.setattr(looking, "LONGEST_SHOWN", 20)
    text = look(store, Looking("rotten_tomatoes")).texts[0]
    assert len(text.seen + text.unseen) == 20
    assert text.num_hidden > 0
