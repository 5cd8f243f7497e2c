"""What if: the words that were edited, and how far answers moved."""

import json

import pytest
from markupsafe import Markup

from peft_demo.errors import AssetError
from peft_demo.inference import Prediction
from peft_demo.runs import Run, RunConfig
from peft_demo.ui.answers import cards
from peft_demo.ui.what_if import MOST_TOLD, Moved, edited, edits


def prediction(run_id, positive):
    return Prediction(
        run_id=run_id,
        label="positive" if positive > 0.5 else "negative",
        probabilities={"negative": 1 - positive, "positive": positive},
        milliseconds=12.3,
        tokens_read=3,
        tokens_total=3,
        characters_read=9,
        unknown_tokens=0,
    )


def run(run_id, name):
    return Run(
        run_id=run_id,
        config=RunConfig(name=name),
        owner="me",
        status="completed",
        created_at="2026-01-01T00:00:00Z",
    )


def of(*predictions):
    return {each.run_id: each for each in predictions}


RUNS = {f"run-{number:06}": run(f"run-{number:06}", f"mine {number}") for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("pinned", "review", "pieces"),
    [
        ("Good.", "Good.", [("same", "Good.")]),
        ("A good film.", "A bad film.",
         [("same", "A "), ("struck", "good"), ("added", "bad"), ("same", " film.")]),
        ("A play.", "A fine play.", [("same", "A"), ("added", " fine"), ("same", " play.")]),
        ("Not good.", "good.", [("struck", "Not "), ("same", "good.")]),
        ("Good", "Good!", [("same", "Good"), ("added", "!")]),
    ],
)  # fmt: skip
def test_words_are_the_same_struck_or_added(pinned, review, pieces):
    found = edits(pinned, review)
    assert found == pieces
    assert "".join(text for kind, text in found if kind != "added") == pinned
    assert "".join(text for kind, text in found if kind != "struck") == review


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(0.5, 0.623, "+12.3"), (0.9, 0.45, "−45.0"), (0.5, 0.5, "0.0"), (0.5, 0.50001, "0.0")],
)
def test_a_move_is_told_in_points_with_its_sign(before, after, told):
    assert Moved("positive", before, after, turned=False).points == told


def moved(pinned="A good film.", review="A <b>bad</b> film."):
    then = of(prediction("run-000001", 0.9), prediction("run-000002", 0.2))
    now = of(prediction("run-000001", 0.3), prediction("run-000002", 0.15))
    damaged = AssetError("It is damaged.")
    return edited(pinned, review, {**then, "run-000003": damaged}, {**now, "run-000003": damaged})


def test_each_card_tells_how_far_the_label_moved_that_the_pinned_review_got():
    found = moved()
    assert found.moved["run-000001"] == Moved("positive", 0.9, 0.3, turned=True)
    assert found.moved["run-000002"] == Moved("negative", 0.8, 0.85, turned=False)
    now = of(prediction("run-000001", 0.3), prediction("run-000002", 0.15))
    html = cards("A <b>bad</b> film.", now, RUNS, "negative", edited=found)
    assert "A <del>good</del><ins>&lt;b&gt;bad&lt;/b&gt;</ins> film." in html
    told = " ".join(Markup(html).striptags().replace("\u00a0", " ").split())
    assert "−60.0 points for positive, which had 90.0 % · turned" in told
    assert "+5.0 points for negative, which had 80.0 %" in told
    assert told.count("turned") == 1


def test_what_is_pinned_and_not_edited_moves_nothing():
    now = of(prediction("run-000001", 0.3))
    html = cards("Good.", now, RUNS, edited=edited("Good.", "Good.", now, now))
    assert "Edit it above" in html
    assert "points" not in html
    assert "pd-what-if" not in cards("Good.", now, RUNS)


def test_a_try_is_told_to_the_browser_as_what_to_ask_again():
    told = moved().told(["run-000001", "run-000002"], "negative", RUNS)
    assert json.loads(json.dumps(told)) == {
        "asked": {
            "review": "A <b>bad</b> film.",
            "run_ids": ["run-000001", "run-000002"],
            "truth": "negative",
            "pinned": "A good film.",
        },
        "edit": "−good +<b>bad</b>",
        "changes": "mine 1 −60.0 · mine 2 +5.0",
    }
    assert moved(review="A good film.").told([], "", RUNS)["edit"] == ""
    assert len(moved(review="word " * 200).told([], "", RUNS)["edit"]) <= MOST_TOLD
