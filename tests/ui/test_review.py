"""The review page: its answers in words, what it offers, and what it asks by itself."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from markupsafe import Markup

from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.inference import Prediction
from peft_demo.runs import BeforeTraining, Run, RunConfig
from peft_demo.ui.answers import Answer, cards
from peft_demo.ui.pages.review import EXAMPLES, FIRST_CHOICE, ReviewPage


def prediction(run_id="run-000001", positive=0.7, read=3, total=3, end=9, unknown=0):
    return Prediction(
        run_id=run_id,
        label="positive" if positive > 0.5 else "negative",
        probabilities={"negative": 1 - positive, "positive": positive},
        milliseconds=12.3,
        tokens_read=read,
        tokens_total=total,
        characters_read=end,
        unknown_tokens=unknown,
    )


def run(run_id="run-000001", name="mine", dataset="imdb", **more):
    return Run(
        run_id=run_id,
        config=RunConfig(name=name, dataset=dataset),
        owner="me",
        status="completed",
        created_at="2026-01-01T00:00:00Z",
        **more,
    )


def of(*predictions):
    return {each.run_id: each for each in predictions}


def answered(*shares, truth="", runs=None):
    """The cards of runs that give these probabilities of "positive"."""
    ids = [f"run-{number:06}" for number, _ in enumerate(shares, 1)]
    predictions = [prediction(*each) for each in zip(ids, shares, strict=True)]
    return cards("a review", of(*predictions), runs or {each: run(each) for each in ids}, truth)


def vote(*shares, **more):
    return re.search("<p class='pd-agreement'>(.*?)</p>", answered(*shares, **more))[1]


class TestADamagedAdapter:
    RUNS = {"run-000001": run(), "run-000002": run("run-000002", "<b>cut</b>")}  # noqa: RUF012
    DAMAGED = AssetError("the adapter in run-000002 is damaged.")

    def test_fails_on_its_own_card(self):
        html = cards("good", {**of(prediction()), "run-000002": self.DAMAGED}, self.RUNS)
        assert "One adapter: positive." in html
        card = html[html.index("data-run='run-000002'") :].partition("</article>")[0]
        assert "&lt;b&gt;cut&lt;/b&gt;" in card
        assert "role='alert'>the adapter in run-000002 is damaged.<" in card

    def test_may_be_the_only_one(self):
        html = cards("good", {"run-000002": self.DAMAGED}, self.RUNS)
        assert "No adapter can answer." in html
        assert "Every adapter read" not in html


@pytest.fixture
def guesser(reference_run):
    """A run whose test accuracy cannot be told from guessing."""
    result = reference_run.result.model_copy(
        update={"test_accuracy": 0.51, "test_interval": (0.48, 0.54)}
    )
    return run(result=result)


@pytest.fixture
def with_references(services):
    return services.store


@pytest.fixture
def reference_run(with_references):
    return with_references.get("reference-recommended-lora")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.7], "One adapter: positive."),
        ([0.52], "One adapter: undecided."),
        ([0.7] * 2, "Both adapters agree: positive."),
        ([0.7] * 3, "All 3 adapters agree: positive."),
        ([0.7, 0.1, 0.2], "The adapters disagree: 1 positive, 2 negative."),
        ([0.7, 0.1, 0.5], "The adapters disagree: 1 positive, 1 negative; 1 undecided."),
        ([0.7, 0.8, 0.46], "2 of 3 adapters say positive; 1 undecided."),
        ([0.5, 0.5], "Both adapters are undecided."),
        ([0.5, 0.5, 0.5], "All 3 adapters are undecided."),
    ],
)
def test_the_vote_is_said_in_words_and_the_undecided_are_not_counted(shares, words):
    assert vote(*shares) == words


@pytest.mark.parametrize(("positive", "is_close"), [(0.551, False), (0.55, True), (0.45, True)])
def test_an_answer_between_45_and_55_percent_is_undecided(positive, is_close):
    assert prediction(positive=positive).is_close == is_close
    assert ("data-says='undecided'" in answered(positive)) == is_close


def test_of_many_labels_the_first_two_have_to_be_apart():
    shares = {"a": 0.40, "b": 0.31, "c": 0.29}
    assert prediction().model_copy(update={"probabilities": shares}).is_close
    shares = {"a": 0.45, "b": 0.30, "c": 0.25}
    assert not prediction().model_copy(update={"probabilities": shares}).is_close


def test_a_run_that_cannot_be_told_from_guessing_has_no_vote(guesser, reference_run):
    html = answered(0.9, 0.8, runs={"run-000001": guesser, "run-000002": reference_run})
    assert "1 of 2 adapters say positive; 1 undecided." in html
    assert "On its test reviews it cannot be told from guessing." in html
    assert not Answer(prediction(), reference_run).doubt


def test_the_truth_marks_who_is_fooled(guesser):
    runs = {"run-000001": run(), "run-000002": run(), "run-000003": guesser}
    html = answered(0.9, 0.1, 0.9, truth="negative", runs=runs)
    assert "The truth is negative: 1 right, 1 fooled." in html
    assert [html.count(mark) for mark in ("✓ right", "✗ fooled")] == [1, 1]
    assert "fooled" not in answered(0.9, 0.1)
    assert "The truth" not in answered(0.9, truth="a tool")


def test_what_runs_began_with_is_a_card_for_all_that_say_the_same_and_no_vote():
    ids = [f"run-{number:06}" for number in range(1, 5)]
    runs = {run_id: run(run_id, f"mine {run_id[-1]}") for run_id in ids}
    measured = BeforeTraining(eval_loss=0.7, eval_accuracy=0.4875)
    for run_id in ids[:2]:
        runs[run_id] = runs[run_id].model_copy(update={"before_training": measured})
    before = of(*map(prediction, ids[:3], (0.52, 0.52, 0.2)))
    before[ids[3]] = AssetError("It is not known.")
    html = cards("good", of(*map(prediction, ids)), runs, "negative", before)
    assert "All 4 adapters agree: positive." in html
    starts = [each.partition("</article>")[0] for each in html.split("pd-start'")[1:]]
    texts = [" ".join(Markup(start).striptags().split()) for start in starts]
    assert len(texts) == 3
    assert all("Before training" in text for text in texts)
    assert "mine 1, mine 2 undecided" in texts[0]
    assert "Validation accuracy 48.8 % before the first step" in texts[0].replace("\u00a0", " ")
    assert "mine 3 negative" in texts[1]
    assert "Validation accuracy" not in texts[1]
    assert texts[2].endswith("It is not known.")
    assert not any("fooled" in text for text in texts)


def test_what_runs_began_with_is_chosen_beside_them(finished):
    page = ReviewPage(_Services(finished(1)))
    assert page.refresh(["before_training"])[0]["value"] == ["before_training"]
    assert page.refresh(None)[0]["choices"][0] == ("Before training", "before_training")
    html, _ = page.answer("Good.", ["before_training", "run-000001"], "")
    assert ("pd-start" in html, html.count("<article")) == (True, 2)
    assert "pd-start" not in page.answer("Good.", ["run-000001"], "")[0]
    assert "choose adapters" in page.answer("Good.", ["before_training"], "")[0].striptags()


def test_texts_of_users_are_never_markup():
    html = cards(
        "<img src=x>", of(prediction(end=4, total=9)), {"run-000001": run(name="<b>x</b>")}
    )
    assert "<img" not in html
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_what_was_cut_off_is_told_apart():
    review = "read by all, read by some, read by none"
    predictions = [
        prediction("run-000001", read=3, total=9, end=11),
        prediction("run-000002", read=6, total=9, end=25),
    ]
    html = cards(review, of(*predictions), {p.run_id: run(p.run_id) for p in predictions})
    body = html[html.index("What was read") :]
    assert re.search(r"<span>read by all</span>", body)
    assert "<span class='pd-some'>, read by some</span>" in body
    assert "<span class='pd-cut'>, read by none</span>" in body


def test_a_short_review_was_read_whole():
    html = cards("all of it", of(prediction()), {"run-000001": run()})
    assert "read the whole review" in html


def test_unknown_tokens_are_told():
    html = cards("🎬", of(prediction(read=1, total=1, end=1, unknown=1)), {"run-000001": run()})
    assert "1 of 1 tokens are unknown to the base model" in html


class _Services:
    """Of a page that asks nobody."""

    def __init__(self, *runs, refusal=None):
        self._runs = {run.run_id: run for run in runs}
        self.predictor = self
        self.store = SimpleNamespace(folder=Path("nowhere"))
        self.changes = SimpleNamespace(watched=tuple, wishes_challenges=bool)
        self._refusal = refusal

    def runs(self):
        return self._runs

    def answer(self, review, run_ids, before_training=False):
        if self._refusal:
            raise self._refusal
        return of(*map(prediction, run_ids))


@pytest.fixture
def finished(reference_run):
    def make(number, **more):
        return run(f"run-{number:06}", f"mine {number}", result=reference_run.result, **more)

    return make


def test_the_newest_finished_run_is_asked_until_a_person_chooses(with_references, finished):
    older = finished(2, finished_at="2026-01-02T00:00:00Z")
    newest = finished(1, finished_at="2026-01-03T00:00:00Z")
    running = run("run-000003")
    page = ReviewPage(_Services(running, older, newest, *with_references.runs()))
    usual = [f"reference-{preset_id}" for preset_id in FIRST_CHOICE]
    assert page.refresh(None)[0]["value"] == ["run-000001", *usual]
    assert page.refresh([])[0]["value"] == []
    # One that was deleted is no longer asked.
    assert page.refresh(["run-000002", "run-999999"])[0]["value"] == ["run-000002"]


def test_who_are_asked_at_first_tell_the_same_labels_apart(with_references, finished, five):
    others = [
        finished(number, finished_at=f"2026-01-0{number}T00:00:00Z", dataset=dataset)
        for number, dataset in enumerate([five.id, "imdb", five.id, five.id], 1)
    ]
    page = ReviewPage(_Services(*others, *with_references.runs()))
    assert page.refresh(None)[0]["value"] == ["run-000004", "run-000003", "run-000001"]


def test_the_list_says_what_each_run_is_worth(with_references, finished):
    page = ReviewPage(_Services(finished(1), *with_references.runs()))
    choices = {
        run_id: told.replace("\u00a0", " ") for told, run_id in page.refresh(None)[0]["choices"]
    }
    assert choices["run-000001"] == "mine 1 · 83.9 % ± 2.3"
    assert choices["reference-recommended-lora"].endswith("83.9 % ± 2.3 · reference")


def test_what_may_be_the_truth_are_the_labels_of_who_is_asked(finished):
    page = ReviewPage(_Services(finished(1)))
    html, truth = page.answer("Good.", ["run-000001"], "")
    assert "One adapter: positive." in Markup(html).striptags()
    assert [value for _, value in truth["choices"]] == ["", "negative", "positive"]
    assert "value" not in truth
    # One that no adapter knows is taken back, or Gradio would refuse it from then on.
    assert page.answer("Good.", ["run-000001"], "sports")[1]["value"] == ""
    assert "choices" not in page.answer("Good.", [], "positive")[1]


@pytest.mark.parametrize(("review", "run_ids"), [("  ", ["run-000001"]), ("Good.", []), ("", None)])
def test_nobody_is_asked_before_there_is_a_review_and_a_choice(finished, review, run_ids):
    page = ReviewPage(_Services(finished(1), refusal=AssertionError()))
    assert "choose adapters" in page.answer(review, run_ids, None)[0].striptags()


def test_why_there_are_no_answers_stands_in_their_place(finished):
    refusal = InvalidFieldsError({"review": "review must be shorter."})
    page = ReviewPage(_Services(finished(1), refusal=refusal))
    assert "review must be shorter." in page.answer("x", ["run-000001"], "")[0]


def test_examples_say_what_is_right(with_references):
    labels = with_references.get("reference-ia3").config.labels
    assert set(EXAMPLES.values()) == set(labels)
