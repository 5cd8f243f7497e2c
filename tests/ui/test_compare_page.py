"""What the compare page gets from the server, and how little when nothing has changed."""

import html
import json
import re
import threading
from contextlib import suppress

import asking
import pytest
from compared_runs import HARD, evaluated, finished, finished_group
from small_runs import wait_until

from peft_demo import data
from peft_demo.data import loading
from peft_demo.errors import AssetError, NotFoundError, PeftDemoError
from peft_demo.lessons import LESSONS
from peft_demo.runs import EpochMetrics, Progress, RunConfig, RunStatus, StepMetrics
from peft_demo.ui import baseline_worker
from peft_demo.ui.baseline_worker import BaselineWorker
from peft_demo.ui.pages import compare
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.review import ReviewPage

TWO = ["reference-recommended-lora", "reference-recommended-ia3"]


@pytest.fixture
def page(services, monkeypatch):
    """Without text baselines, which have tests of their own."""
    page = ComparePage(services)
    monkeypatch.setattr(page._baselines, "get", lambda config: {})
    return page


def ask(page, run_ids, key=""):
    answer = asking.ask(page, "compare", {"run_ids": run_ids, "key": key})
    return None if answer is None else json.loads(answer)


def curve_of(answer, run_id):
    (curve,) = (series["curve"] for series in answer["series"] if series["run"] == run_id)
    return curve


def test_an_answer_holds_facts_and_curves(page):
    answer = ask(page, TWO)
    assert "LoRA, recommended is better" in answer["parts"]["verdict"]
    assert [series["run"] for series in answer["series"]] == TWO[::-1]
    curve = curve_of(answer, TWO[0])
    assert curve["by_epoch"]["epochs"] == [1, 2]
    assert curve["by_epoch"]["reviews"] == [1600, 3200]
    assert len(curve["by_step"]["loss"]) == len(curve["by_step"]["seconds"])


def test_what_a_run_answers_only_when_it_is_sure(page, services):
    ids = [finished(services.store, name, range(20)).run_id for name in "AB"]
    told = {}
    for sure in (80, 95):
        asked = {"run_ids": ids, "sure": sure, "key": ""}
        html = json.loads(asking.ask(page, "compare", asked))["parts"]["mistakes"]
        told[sure] = html.replace("\xa0", " ").replace("&nbsp;", " ")
    assert "At least 80.0 % sure: it answers 100.0 % of the" in told[80]
    assert "90.0 % of these are right (85.1 % to 93.4 %)." in told[80]
    assert told[95].count("It is never at least 95.0 % sure") == 2


def test_the_evaluation_set_is_chosen_where_there_is_more_than_one(page, services):
    store = services.store
    a, b = finished(store, "A", range(5)), finished(store, "B", range(60))
    ids = [a.run_id, b.run_id]
    usual = ask(page, ids)
    assert "evaluation_set" not in usual["parts"]["verdict"]
    evaluated(store, a, range(80))
    evaluated(store, b, range(10))
    usual = ask(page, ids, usual["key"])
    assert 'value="test" selected' in usual["parts"]["verdict"]
    assert f'<option value="{HARD}">' in usual["parts"]["verdict"]
    assert "A is better than B" in usual["parts"]["verdict"]
    asked = {"run_ids": ids, "evaluation_set": HARD}
    other = json.loads(asking.ask(page, "compare", {**asked, "key": ""}))
    assert "B is better than A" in other["parts"]["verdict"]
    assert f'value="{HARD}" selected' in other["parts"]["verdict"]
    assert other["evaluation_set"] == HARD
    assert "test set alone" in other["parts"]["lists"]
    html = asking.file(page, "report", asked)
    assert f"Accuracy on the evaluation set {HARD}" in html
    # One that none of them has can be left again.
    none = json.loads(asking.ask(page, "compare", {**asked, "evaluation_set": "none"}))
    assert 'value="test"' in none["parts"]["verdict"]


def test_nothing_is_sent_while_nothing_changes(page, services):
    key = ask(page, TWO)["key"]
    services.store.submit(RunConfig(name="somebody else's"), "me")
    assert ask(page, TWO, key) is None


def test_viewers_share_an_answer(page):
    request = {"run_ids": TWO}
    assert asking.ask(page, "compare", request) is asking.ask(page, "compare", request)


def test_an_answer_follows_its_runs_until_they_finish(page, services):
    run = services.store.start(RunConfig(name="mine"), "me")
    first = ask(page, [*TWO, run.run_id])
    assert curve_of(first, run.run_id)["by_epoch"]["eval_loss"] == []
    step = StepMetrics(step=1, loss=0.5, learning_rate=0.1)
    epoch = EpochMetrics(
        epoch=1, step=1, train_loss=0.5, eval_loss=0.6, eval_accuracy=0.75, seconds=1
    )
    services.store.report(run.run_id, Progress(step=1, max_steps=200), [step], epoch)
    second = ask(page, [*TWO, run.run_id], first["key"])
    assert curve_of(second, run.run_id)["by_epoch"]["eval_loss"] == [0.6]
    # A step alone moves nothing that could be seen.
    services.store.report(run.run_id, Progress(step=2, max_steps=200))
    assert ask(page, [*TWO, run.run_id], second["key"]) is None
    services.store.finish(run.run_id, RunStatus.FAILED, error="broken")
    third = ask(page, [*TWO, run.run_id], second["key"])
    assert "mine failed after 1 " in third["parts"]["verdict"]


def test_a_deleted_run_is_told_in_an_open_page(page, services):
    run = finished(services.store, "short-lived")
    first = ask(page, [*TWO, run.run_id])
    services.changes.delete(run.run_id)
    second = ask(page, [*TWO, run.run_id], first["key"])
    assert run.run_id in second["parts"]["verdict"]
    assert second["run_ids"] == TWO


def test_a_new_head_only_run_becomes_a_line(page, services):
    run = finished(services.store, "A")
    first = ask(page, [run.run_id])
    assert first["lines"] == []
    finished(services.store, "head", range(30), config={"method": "head_only"})
    second = ask(page, [run.run_id], first["key"])
    assert [line["label"].split()[:2] for line in second["lines"]] == [["Head", "only"]]


def test_repeats_bring_their_mean_curve(page, services):
    runs = [finished(services.store, "A", range(s), config={"seed": s}) for s in (1, 2)]
    answer = ask(page, [run.run_id for run in runs])
    (mean,) = answer["averaged"]
    assert mean["name"].endswith("(mean of 2)")
    assert mean["curve"]["by_epoch"]["eval_accuracy"] == [0.6, 0.7]
    assert len(answer["series"]) == 2


def test_too_many_runs_are_refused_in_a_sentence_once(page):
    answer = ask(page, [f"run-{n:06d}" for n in range(9)])
    assert "run_ids must name 1 to 8" in answer["error"]
    assert ask(page, [f"run-{n:06d}" for n in range(9)], answer["key"]) is None


def test_groups(page, services):
    configs = [RunConfig({"r": r, "num_reviews": 40, "name": f"r {r}"}) for r in (1, 2)]
    group, _ = finished_group(services.store, configs, (5, 9), {"r": [1, 2]})
    listed = json.loads(asking.ask(page, "groups"))["html"]
    assert re.findall(r'data-group="([^"]+)"', listed) == [group.group_id]
    request = {"group": group.group_id}
    answer = json.loads(asking.ask(page, "group", request))
    assert [series["name"] for series in answer["series"]] == ["r 1", "r 2"]
    assert asking.ask(page, "group", {**request, "key": answer["key"]}) is None
    assert (
        "group-000009" in json.loads(asking.ask(page, "group", {"group": "group-000009"}))["error"]
    )


def disagreements(page, limit):
    answer = json.loads(asking.ask(page, "compare", {"run_ids": TWO, "limit": limit}))
    return re.findall(r'data-review="(\d+)"[^>]*>(.*?)</button>', answer["parts"]["lists"])


def test_disagreements_are_limited(page):
    assert len(disagreements(page, 3)) == 2 * 3
    assert len(disagreements(page, 10**9)) <= 2 * compare.LONGEST_LIST


def test_a_listed_review_opens_with_the_compared_adapters(page, services):
    index, excerpt = disagreements(page, 1)[0]
    review = ReviewPage(services)
    text, choice, truth, pinned = review.open_review(",".join(TWO), int(index))
    assert text.startswith(html.unescape(excerpt).removesuffix(" …"))
    assert (choice["value"], pinned) == (TWO, "")
    assert truth["value"] in {value for _, value in truth["choices"]} - {""}
    with pytest.raises(NotFoundError, match="between 0 and 999"):
        review.open_review(",".join(TWO), 5000)


class TestBaselines:
    def test_they_come_after_the_page(self, services, monkeypatch):
        may_end = threading.Event()

        def slow(config, folder):
            may_end.wait(60)
            return {}

        monkeypatch.setattr("peft_demo.comparison.text_baseline.measure", slow)
        page = ComparePage(services)
        first = ask(page, TWO)
        assert first["is_pending"]
        assert "LoRA, recommended is better" in first["parts"]["verdict"]
        may_end.set()
        wait_until(lambda: page._baselines.version == 2)
        second = ask(page, TWO, first["key"])
        assert not second["is_pending"]

    @pytest.fixture
    def failing(self, monkeypatch):
        """Baselines of a data set that is not there yet; the calls are counted."""
        calls = []

        def measure(config, folder):
            calls.append(config)
            if not failing["texts"]:
                raise AssetError("no such reviews.")
            return {}

        failing = {"texts": False, "calls": calls}
        monkeypatch.setattr("peft_demo.comparison.text_baseline.measure", measure)
        monkeypatch.setattr(loading, "_pools", {})
        return failing

    def test_what_fails_is_told_and_not_tried_again_at_once(self, services, failing):
        worker = BaselineWorker(services.store)
        with suppress(AssetError):
            worker.get(RunConfig())
        wait_until(lambda: worker.version == 1)
        for _ in range(2):
            with pytest.raises(PeftDemoError, match="no such reviews"):
                worker.get(RunConfig(name="only another name"))
        assert len(failing["calls"]) == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("is_loaded", [False, True])
    def test_what_failed_is_tried_again_after_a_minute_or_once_the_texts_are_there(
        self, services, failing, monkeypatch, is_loaded
    ):
        page = ComparePage(services)
        # What it lists would load the texts.
        monkeypatch.setattr(page, "_lists", lambda run_ids, limit: "")
        worker = page._baselines
        first = ask(page, TWO)
        wait_until(lambda: worker.version == 2)
        failed = ask(page, TWO, first["key"])
        assert "no such reviews." in failed["parts"]["verdict"]
        assert asking.ask(page, "compare", {"run_ids": TWO, "key": failed["key"]}) is None
        failing["texts"] = True
        if is_loaded:
            data.load("imdb")
        else:
            monkeypatch.setattr(baseline_worker, "RETRY_SECONDS", 0)
        ask(page, TWO, failed["key"])
        wait_until(lambda: worker.version == 4)
        found = ask(page, TWO, failed["key"])
        assert "no such reviews" not in found["parts"]["verdict"]
        assert len(failing["calls"]) == 4


def test_the_report_is_one_file_with_what_was_written(page):
    request = {"run_ids": TWO, "author": "Ada", "notes": "Rank <8>", "address": "http://a.b/"}
    answer = asking.file(page, "report", request)
    assert "Report of Ada" in answer
    assert "Rank &lt;8&gt;" in answer
    assert "LoRA, recommended is better" in answer
    refused = json.loads(asking.ask(page, "report", {"run_ids": TWO, "author": "a" * 81}))
    assert "author must be at most 80 characters" in refused["error"]
    nobody = json.loads(asking.ask(page, "report", {"run_ids": []}))
    assert "run_ids must name 1 to 8" in nobody["error"]


def test_a_reports_guesses_are_those_of_lessons_in_words(page):
    lesson_id, lesson = next(iter(LESSONS.items()))
    place, step = next((n, step) for n, step in enumerate(lesson.steps) if step.predict)
    known = {lesson_id: {f"{place}": 1, "99": 0}, "gone": {"0": 0}}
    answer = asking.file(page, "report", {"run_ids": TWO, "guesses": known})
    (told,) = re.findall(r'<h2>Guesses</h2><p class="written">(.*?)</p></section>', answer)
    guess = step.predict.choices[1].text
    assert html.unescape(told) == f"{lesson.title}: {step.predict.question} {guess}"
