"""What the server writes of comparisons, disagreements and details."""

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest
from asking import ask
from compared_runs import finished
from five_labels import LABELS as FIVE

from peft_demo.runs import EpochMetrics, RunConfig, sweeps
from peft_demo.statistics.intervals import Interval
from peft_demo.statistics.scores import Bin, Scores
from peft_demo.ui import formats
from peft_demo.ui.html import render
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage


@pytest.fixture
def page(services, monkeypatch):
    page = ComparePage(services)
    monkeypatch.setattr(page._baselines, "get", lambda config: {})
    return page


def text_of(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ").split())


def texts(html, tag, class_name=""):
    wanted = f' class="{class_name}"' if class_name else ""
    return [text_of(found) for found in re.findall(rf"<{tag}{wanted}.*?>(.*?)</{tag}>", html, re.S)]


def mistakes(labels, confusion, confidence=0.6):
    bins = (Bin(low=0.5, high=0.7, confidence=confidence, accuracy=0.5, count=10),)
    quality = Scores(
        num_reviews=200,
        accuracy=0.85,
        low=0.8,
        high=0.9,
        log_loss=Interval(value=0.4, low=0.3, high=0.5),
        macro_f1=0.85,
        brier=0.1,
        calibration_error=0.05,
        confusion=confusion,
        bins=bins,
    )
    run = SimpleNamespace(
        run_id="run-000001", name="<b>A", labels=labels, texts="sentences", quality=quality
    )
    return render("compare/mistakes", runs=[run])


def test_a_confusion_of_two_labels_names_them():
    html = mistakes(("negative", "positive"), ((90, 10), (20, 80)))
    assert re.findall(r"said \w+|is \w+(?=</th>)", html) == [
        "said negative",
        "said positive",
        "is negative",
        "is positive",
    ]
    assert texts(html, "td", "pd-right") == ["90", "80"]
    assert texts(html, "td", "pd-wrong") == ["10", "20"]
    assert "--share:90%" in html
    assert texts(html, "h3") == ["<b>A"]


def test_a_confusion_of_five_labels_is_five_by_five():
    counts = tuple(tuple(row + column for column in range(5)) for row in range(5))
    html = mistakes((*FIVE[:4], "<five>"), counts)
    assert "Confusion, in sentences" in html
    assert texts(html, "td", "pd-right") == ["0", "2", "4", "6", "8"]
    assert len(texts(html, "td", "pd-wrong")) == 20
    assert "is &lt;five&gt;" in html


def test_confidence_begins_at_that_of_guessing():
    for labels in (("a", "b"), tuple("abcde")):
        counts = ((1,) * len(labels),) * len(labels)
        assert 'cx="24.0"' in mistakes(labels, counts, confidence=1 / len(labels))


def test_refused_pairs_are_told_once_for_a_reason_with_their_names():
    refused = [
        SimpleNamespace(first=first, second=second, reason="Other reviews.")
        for first, second in ("ab", "ac")
    ]
    names = {"a": "A", "b": "B", "c": "C"}
    html = render(
        "compare/verdict",
        verdict=(),
        refused=refused,
        baselines_pending=False,
        problems=(),
        names=names,
    )
    assert texts(html, "li") == ["Other reviews. A and B; A and C"]


def parts(page, *run_ids):
    return json.loads(ask(page, "compare", {"run_ids": run_ids}))["parts"]


@pytest.mark.slow
def test_places_are_filled_with_what_the_facts_say(page, services):
    runs = [
        finished(services.store, "<i>A", range(20)),
        finished(services.store, "B", range(60), config={"learning_rate": 0.01}),
    ]
    found = parts(page, *(run.run_id for run in runs))
    assert "is better than" in text_of(found["verdict"])
    assert "<i>A" not in "".join(found.values())
    assert "Learning rate learning_rate 0.001 0.01" in text_of(found["differences"])
    results = text_of(found["results"])
    assert "Measured on 200 test reviews that no run trained on." in results
    assert "Test accuracy 95 % Wilson interval 90.0 % 85.1 % to 93.4 % 70.0 %" in results
    assert "nats; guessing: 0.693" in results
    assert "0 is best; guessing: 0.25" in results
    assert "File adapter and head 6 kB 6 kB" in results
    assert 'data-shown="true"' in found["pairs"]
    assert "20.0 points" in text_of(found["pairs"])
    assert "40 of 200 40 for the upper, 0 for the lower < 0.001" in text_of(found["pairs"])
    assert found["mistakes"].count("<article") == 2


def test_what_is_confounded_stands_with_what_differs_and_above_a_group(page, services):
    runs = [finished(services.store, f"r {r}", config={"r": r}) for r in (1, 64)]
    request = {"run_ids": [run.run_id for run in runs]}
    answer = json.loads(ask(page, "compare", request))
    words = "while lora_alpha stayed 16, so the scale alpha / r changed from 16 to 0.25"
    differs = answer["layout"].partition('data-fold="differs"')[2].partition("</details>")[0]
    assert words in text_of(differs)
    group, _ = services.store.submit_plan(sweeps.plan({}, {"r": [1, 64]}), "tester")
    answer = json.loads(ask(page, "group", {"group": group.group_id}))
    assert words in text_of(answer["parts"]["verdict"])


def test_sections_come_in_order_are_linked_and_the_rest_is_folded(page, services):
    runs = [finished(services.store, name, config={"r": r}) for name, r in (("A", 1), ("B", 2))]
    answer = json.loads(ask(page, "compare", {"run_ids": [run.run_id for run in runs]}))
    places = re.findall(r'<details class="pd-panel.*? data-fold="(\w+)"( open)?', answer["layout"])
    assert [name for name, is_open in places if is_open] == [
        "differs",
        "accuracy",
        "curves",
        "cost",
        "errors",
    ]
    assert [name for name, is_open in places if not is_open] == ["results", "inside", "pairs"]
    links = re.findall(r'href="#compare-(\w+)"', answer["parts"]["sections"])
    assert links == ["verdict", *(name for name, _ in places)]
    assert [i for i in links[1:] if f'<div id="compare-{i}">' not in answer["layout"]] == []
    # What a report on paper begins with.
    assert "<h1>A · B</h1>" in answer["parts"]["sections"]


def test_links_of_a_group_lead_somewhere(page, services):
    plan = sweeps.plan({}, {"r": [1, 2]}, repeats=2)
    group, _ = services.store.submit_plan(plan, "tester")
    answer = json.loads(ask(page, "group", {"group": group.group_id}))
    links = re.findall(r'href="#compare-(\w+)"', answer["parts"]["sections"])
    assert [i for i in links[1:] if f'<div id="compare-{i}">' not in answer["layout"]] == []
    assert "★" not in "".join(answer["parts"].values())


def test_a_run_without_a_result_leaves_its_cells_empty(page, services):
    done = finished(services.store, "A")
    waiting = services.store.submit(RunConfig(name="waits"), "me")
    found = parts(page, done.run_id, waiting.run_id)
    assert "Macro F1 1 is best 1.000 –" in text_of(found["results"])
    assert "Macro F1" not in parts(page, waiting.run_id)["results"]


@pytest.mark.parametrize("is_deleted", [False, True])
@pytest.mark.parametrize("axes", [{}, {"r": [1, 2]}])
def test_a_group_of_which_nothing_has_begun_or_is_left_has_its_page(
    page, services, axes, is_deleted, caplog
):
    group, runs = services.store.submit_plan(sweeps.plan({}, axes, repeats=2), "tester")
    if is_deleted:
        for run in runs:
            services.store.request_stop(run.run_id)
        services.store.delete(*(run.run_id for run in runs))
    answer = json.loads(ask(page, "group", {"group": group.group_id}))
    assert "error" not in answer
    assert "data-plot" in answer["layout"]
    assert not caplog.records


def test_runs_that_wait_and_runs_that_are_gone_have_their_page(page, services, caplog):
    waiting = services.store.submit(RunConfig(), "tester").run_id
    gone = services.store.submit(RunConfig(), "tester").run_id
    services.store.request_stop(gone)
    services.store.delete(gone)
    for run_ids in ([waiting, gone], [gone], [waiting]):
        answer = json.loads(ask(page, "compare", {"run_ids": run_ids}))
        assert "error" not in answer
        assert 'class="pd-warning"' in answer["parts"]["verdict"]
    assert not caplog.records


def test_disagreements_say_what_each_run_said(page, services):
    runs = [finished(services.store, "A", [3]), finished(services.store, "B", [5, 7])]
    request = {"run_ids": [run.run_id for run in runs], "limit": 2}
    answer = json.loads(ask(page, "compare", request))
    lists = answer["parts"]["lists"]
    assert f'data-runs="{",".join(answer["run_ids"])}"' in lists
    said = text_of(lists)
    assert "Some right, some wrong: 3" in said
    assert "All wrong: 0" in said
    assert "Of 200 test reviews" in said
    assert "truly positive" in said
    assert "A negative 90.0 % ✗ wrong B positive 90.0 % ✓ right" in said
    # They are not the texts that these were tested on, so none is quoted or opened.
    assert lists.count("<li><b>Number") == 2
    assert "data-review=" not in lists
    assert lists.count("data-longer") == 1


def test_details_have_epochs_before_and_after_there_is_a_result(services):
    page = RunsPage(services)
    run = services.store.start(RunConfig(name="<i>mine", num_reviews=40), "me")

    def details(run_id):
        return json.loads(ask(page, "details", {"run_id": run_id}))

    assert "No epoch is finished yet." in details(run.run_id)["dialog"]
    epoch = EpochMetrics(
        epoch=1, step=1, train_loss=0.5, eval_loss=0.6, eval_accuracy=0.75, seconds=1
    )
    services.store.report(run.run_id, epoch=epoch)
    html = details(run.run_id)["dialog"]
    assert "1 0.500 0.600 75.0 %" in text_of(html)
    assert "measured on 8 validation reviews" in text_of(html)
    assert "&lt;i&gt;mine" in html
    reference = text_of(details("reference-lora-1")["dialog"])
    assert "No log" in reference
    assert "Edit name" not in reference
    assert re.search("Training time [0-9.]+ (s|min), with the validation after each", reference)
    assert re.search("Total time [0-9.]+ (s|min), from its start until it was tested", reference)
    assert "Test accuracy 50.9 % (95 % Wilson interval" in reference
    assert "guessing gives 0.693" in reference


def test_numbers_read_well():
    assert [formats.FILTERS["p_value"](p) for p in (0.0001, 0.001, 0.01234)] == [
        "< 0.001",
        "0.001",
        "0.012",
    ]
    assert [formats.exact(number) for number in (148610, 0.123456789, 1.0)] == [
        "148,610",
        "0.123457",
        "1",
    ]
    assert [formats.plain(value) for value in (("a", "b"), True, 1e-7, None, "x")] == [
        "a, b",
        "true",
        "1e-07",
        "",
        "x",
    ]
    glued = formats.glued("by 3 % (p = 0.01, p < 0.001)")
    assert glued == "by 3\u00a0% (p\u00a0=\u00a00.01, p\u00a0<\u00a00.001)"
