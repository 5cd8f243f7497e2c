"""The verdict on one run: against counting words and one other run, whatever else there is."""

import pytest
from compared_runs import finished, nothing, tfidf

from peft_demo.comparison.latest import judge
from peft_demo.errors import NotFoundError

HEAD = {"method": "head_only", "num_reviews": 40}


def judged(store, run, pinned="", measure=nothing):
    return judge(store, run.run_id, pinned, measure=measure)


def test_it_is_measured_by_counting_words_and_by_the_head_only_run(store):
    head = finished(store, "Head", range(60), config=HEAD)
    run = finished(store, "Mine", range(20))
    found = judged(store, run, measure=tfidf(range(50)))
    assert found.words == (
        "Mine beats counting words (TF-IDF with logistic regression on the same reviews).",
    )
    assert (found.baseline, found.is_pinned) == (head.run_id, False)
    assert found.beside[0].startswith("Mine is better than Head by 20.0 points")
    assert "corrected" not in found.beside[0]
    assert (found.accuracy.value, found.num_texts, found.texts) == (0.9, 200, "reviews")


def test_unrelated_runs_change_nothing(store):
    finished(store, "Head", range(40), config=HEAD)
    run = finished(store, "Mine", range(26))
    before = judged(store, run)
    for number in range(5):
        finished(store, f"Other {number}", range(40 + number), config={"method": "ia3"})
    assert judged(store, run) == before


def test_the_head_only_run_learned_rather_from_as_many_texts(store):
    alike = finished(store, "Alike", range(60), config=HEAD)
    finished(store, "More", range(10), config={**HEAD, "num_reviews": 80}, epochs=(0.9,))
    finished(store, "Elsewhere", range(10), config=HEAD, test_set="others")
    assert judged(store, finished(store, "Mine", range(20))).baseline == alike.run_id


def test_any_run_can_be_pinned(store):
    finished(store, "Head", range(60), config=HEAD)
    pinned = finished(store, "Pinned", range(22))
    found = judged(store, finished(store, "Mine", range(20)), pinned.run_id)
    assert (found.baseline, found.is_pinned) == (pinned.run_id, True)
    assert "Pinned 89.0 %" in found.beside[0]
    assert "No difference shown" in found.beside[0]


def test_a_pinned_run_on_other_texts_is_not_compared_and_a_deleted_one_is_forgotten(store):
    run = finished(store, "Mine", range(20))
    other = finished(store, "Pinned", range(22), test_set="others")
    assert judged(store, run, other.run_id).beside == (
        "Not compared: they were tested on different reviews (200 each, but not the same).",
    )
    store.delete(other.run_id)
    assert judged(store, run, other.run_id).baseline is None


def test_a_head_only_run_and_a_pinned_one_are_not_measured_by_themselves(store):
    finished(store, "Another", range(60), config=HEAD)
    head = finished(store, "Head", range(60), config=HEAD)
    assert (judged(store, head).baseline, judged(store, head).beside) == (None, ())
    assert judged(store, head, head.run_id).beside == ()


def test_what_is_not_there_yet_is_said(store):
    found = judged(store, finished(store, "Mine"), measure=lambda config: None)
    assert (found.is_pending, found.words) == (True, ())
    damaged = finished(store, "Damaged")
    (store.folder_of(damaged.run_id) / "test_predictions.npz").write_bytes(b"damaged")
    assert "cannot be read" in judged(store, damaged).problems[0]
    waiting = store.submit(damaged.config, "me")
    assert judged(store, waiting) is None
    with pytest.raises(NotFoundError):
        judge(store, "run-000777")
