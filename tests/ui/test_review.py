"""The review page's words and cards."""

import re

from peft_demo.inference import Prediction
from peft_demo.runs import Run, RunConfig
from peft_demo.ui.pages.review import ReviewPage, agreement, cards


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


def run(run_id="run-000001", name="mine"):
    return Run(
        run_id=run_id,
        config=RunConfig(name=name),
        owner="me",
        status="completed",
        created_at="2026-01-01T00:00:00Z",
    )


def test_agreement_is_said_in_words():
    assert agreement([prediction()]) == "One adapter: positive."
    assert agreement([prediction()] * 2) == "Both adapters agree: positive."
    assert agreement([prediction()] * 3) == "All 3 adapters agree: positive."
    mixed = [prediction(), prediction(positive=0.1), prediction(positive=0.2)]
    assert agreement(mixed) == "The adapters disagree: 1 positive, 2 negative."


def test_texts_of_users_are_never_markup():
    html = cards("<img src=x>", [prediction(end=4, total=9)], {"run-000001": run(name="<b>x</b>")})
    assert "<img" not in html
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_what_was_cut_off_is_told_apart():
    review = "read by all, read by some, read by none"
    predictions = [
        prediction("run-000001", read=3, total=9, end=11),
        prediction("run-000002", read=6, total=9, end=25),
    ]
    html = cards(review, predictions, {p.run_id: run(p.run_id) for p in predictions})
    body = html[html.index("What was read") :]
    assert re.search(r"<span>read by all</span>", body)
    assert "<span class='pd-some'>, read by some</span>" in body
    assert "<span class='pd-cut'>, read by none</span>" in body


def test_a_short_review_was_read_whole():
    html = cards("all of it", [prediction()], {"run-000001": run()})
    assert "read the whole review" in html


def test_unknown_tokens_are_told():
    html = cards("🎬", [prediction(read=1, total=1, end=1, unknown=1)], {"run-000001": run()})
    assert "1 of 1 tokens are unknown to the base model" in html


def test_bad_reviews_and_choices_are_told_at_their_fields():
    review, chosen = ReviewPage._validate("   ", [])
    assert not review["is_valid"]
    assert "1 to 20,000 characters" in review["message"]
    assert not chosen["is_valid"]
    assert "run_ids must name 1 to 100" in chosen["message"]
    review, chosen = ReviewPage._validate("x" * 200_000, ["run-000001"])
    assert "200,000" in review["message"]
    assert chosen["is_valid"]
