"""The Data page's own handlers: typed and pasted texts, names of labels, what is offered."""

import gradio as gr
import pytest
from hub_sets import news
from own_texts import as_csv, prepared, rows, texts

from peft_demo.data import own
from peft_demo.runs import RunConfig
from peft_demo.ui.form.data_form import MOST_TYPED, DataForm, Entered
from peft_demo.ui.form.data_sets import fitting, learnable
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages.data import DataPage

pytestmark = pytest.mark.slow
"""Lengths are counted by the built-in base's tokenizer, which comes with torch."""


@pytest.fixture
def form(services):
    made = DataForm(OwnData(services))
    with gr.Blocks(analytics_enabled=False):
        made.draw()
    return made


def drawn(services):
    page = DataPage(services)
    with gr.Blocks(analytics_enabled=False):
        page._form.draw()
    return page


def entered(way: str, pasted: str = "", names: str = "", only_test: bool = False, typed=(), **more):
    groups = [*typed, *[""] * (2 * MOST_TYPED - len(typed))]
    of_hub = [""] * 5
    values = [way, None, pasted, None, "", None, None, names, only_test, False, *of_hub, *groups]
    for field, value in more.items():
        values[Entered._fields.index(field)] = value
    return values


def last(answers):
    """What stands at the end of what was told meanwhile."""
    return [*answers][-1]


def told_at(page, outputs):
    """The fields that an answer has a sentence for."""
    told = dict(zip(page._form.problems, outputs[-len(page._form.problems) :], strict=True))
    assert all(update["visible"] is bool(update["value"]) for update in told.values())
    return {field: update["value"] for field, update in told.items() if update["visible"]}


def test_its_controls_are_as_many_as_it_reads(form):
    assert len(form.inputs) == len(entered("typed"))


def test_twenty_typed_sentences_are_a_data_set(form):
    typed = ["calm", "\n".join(texts(10, "calm")), "loud", "\n".join(texts(10, "loud")) + "\n\n"]
    found = form.read(entered("typed", typed=typed)).report
    assert (found.name, found.labels, found.rows) == ("Typed sentences", ("calm", "loud"), 20)
    assert found.balance == {"calm": (6, 4), "loud": (6, 4)}


def test_pasted_texts_get_the_names_that_are_entered(form):
    pasted = as_csv(rows(("0", "1")))
    found = form.read(entered("pasted", pasted, names="0=negative, 1 = positive")).report
    assert found.labels == ("negative", "positive")


FEW = as_csv(rows()[:4])

ODD = as_csv(rows(), header="first,second")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        (entered("file"), "file", "file must be a file with texts and labels, got none"),
        (entered("pasted"), "file", "file must hold texts with labels"),
        (entered("typed"), "file", "file must hold texts with labels, got no sentence"),
        (entered("pasted", FEW), "file", "at least 20 different texts with labels, got 4"),
        (entered("pasted", as_csv(rows()), names="good"), "label_names", "must be LABEL=NAME"),
        (entered("pasted", as_csv(rows()), name="x" * 81), "name", "1 to 80 characters"),
        (
            entered("pasted", as_csv(rows()), text_column="body"),
            "text_column",
            "one of text, label",
        ),
        (entered("pasted", as_csv(rows()), label_column="text"), "label_column", "got 40 in text"),
        (entered("pasted", as_csv(rows()), test="/nowhere/else.csv"), "test", "just chosen"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(services, values, field, words):
    page = drawn(services)
    report, keep, *columns = answer = last(page.look(*values))
    assert (report, keep["visible"]) == ("", False)
    assert [*told_at(page, answer)] == [field]
    assert words in told_at(page, answer)[field]
    # Columns can still be chosen where there are some.
    assert columns[0]["visible"] is (values[0] == "pasted" and bool(values[2]))
    mended = last(page.look(*entered("pasted", as_csv(rows()))))
    assert told_at(page, mended) == {}
    assert "40 texts" in mended[0]


def test_columns_that_nobody_could_guess_are_chosen(services):
    page = drawn(services)
    unlike = as_csv([(text, str(7 * n)) for n, (text, _) in enumerate(rows())], "first,second")
    answer = last(page.look(*entered("pasted", unlike)))
    assert "none looks like" in told_at(page, answer)["file"]
    assert answer[2]["choices"] == ["first", "second"]
    chosen = last(page.look(*entered("pasted", ODD, text_column="first", label_column="second")))
    assert [update["value"] for update in chosen[2:4]] == ["first", "second"]


def test_what_is_not_listed_is_found_by_its_owner_alone(services):
    page = drawn(services)
    typed = ["calm", "\n".join(texts(10, "calm")), "loud", "\n".join(texts(10, "loud"))]
    values = entered("typed", typed=typed, is_private=True)
    with acting_as(Visitor("a" * 32)):
        words, *_ = page.keep(400, 200, *values)
        assert "Typed sentences (own-" in words
        assert [one.is_listed for one in services.changes.seen_datasets()] == [False]
    with acting_as(Visitor("b" * 32)):
        assert services.changes.seen_datasets() == []


def test_a_set_of_the_hub_is_looked_at_and_kept_as_it_was_seen(
    services, hub, monkeypatch, tmp_path
):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    page, said = drawn(services), entered("hub", hub="somebody/news")
    assert "hub must be the id" in told_at(page, last(page.look(*entered("hub"))))["hub"]
    assert hub.asked == []
    assert "the Hub has none of that name" in told_at(page, last(page.look(*said)))["hub"]
    commit = hub.dataset("somebody/news", news())
    report, keep, *columns = last(page.look(*said))[:4]
    assert f"somebody/news, default, train at {commit[:12]}" in report
    assert keep["visible"]
    assert [column["value"] for column in columns] == ["body", "topic"]
    hub.go()  # what was looked at is what is kept
    page.keep(10, 10, *said)
    (kept,) = services.store.datasets()
    assert kept.origin is not None
    assert kept.origin.commit == commit


def test_a_report_escapes_what_people_wrote(services):
    odd = [("<b>bold</b> tram", "good"), *rows()]
    report, *_ = last(drawn(services).look(*entered("pasted", as_csv(odd))))
    assert "&lt;b&gt;bold&lt;/b&gt; tram" in report
    assert "<b>bold" not in report


def test_what_is_kept_is_offered_for_training_unless_it_is_to_test_on(services):
    learned, tested = prepared(as_csv(rows())), prepared(as_csv(rows(("x", "y"))), only_test=True)
    for each in (learned, tested):
        services.changes.add_dataset(each)
    page = DataPage(services)
    kept, runs, form = page.offer(tested.id)
    assert {learned.id, tested.id, "imdb"} <= {value for _, value in kept["choices"]}
    assert kept["value"] == tested.id
    assert runs["choices"] == []
    offered = {value for _, value in form["choices"]}
    assert learned.id in offered
    assert tested.id not in offered
    assert [value for _, value in learnable(None)] == [
        "imdb",
        "rotten_tomatoes",
        "stanfordnlp/imdb",
    ]


def test_numbers_of_texts_become_what_a_data_set_has(home):
    own.keep(found := prepared(as_csv(rows())))
    more, fewer = fitting(found.id, 400, 10)
    assert more["value"] == 24
    assert "value" not in fewer
    assert RunConfig(dataset=found.id, num_reviews=24).num_test_reviews == 16


def test_deleting_says_so_and_forgets_the_choice(services):
    services.changes.add_dataset(found := prepared(as_csv(rows())))
    page = DataPage(services)
    words, sure, kept, *_ = page.remove(found.id)
    assert "are deleted" in words
    assert (sure["visible"], kept["value"]) == (False, None)
    assert "must be the id of a data set" in page.remove(found.id)[0]
