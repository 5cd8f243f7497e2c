"""The table of runs as the server writes it."""

import json
import re
from html import unescape

import pytest
from asking import ask
from compared_runs import finished, finished_group

from peft_demo.runs import RunConfig
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.run_table import COLUMNS

ME = "0123456789abcdef" * 2


@pytest.fixture
def page(services):
    return RunsPage(services)


def table(page, /, **request):
    return json.loads(ask(page, "table", request))


def seen_by_me(page, **request):
    with acting_as(Visitor(ME)):
        return table(page, **request)


def cells(answer, run_id):
    row = (
        answer["html"]
        .partition(f'<tr data-run="{run_id}" id="pd-runs-{run_id}">')[2]
        .partition("</tr>")[0]
    )
    found = re.findall(r'data-cell="(\w+)">(.*?)</(?:td|div)>', row, re.S)
    return {
        key: " ".join(unescape(re.sub("<[^>]+>", " ", text)).replace("\u00a0", " ").split())
        for key, text in found
    }


def test_a_row_has_what_matters_and_a_dash_where_nothing_is_known(page, services):
    services.store.submit(RunConfig(method="lora", r=4, seed=5), ME)
    (run_id, *_) = (answer := table(page, columns=list(COLUMNS)))["ids"]
    told = cells(answer, run_id)
    settings = "LoRA · r 4 · alpha 16 · dropout 0.1 · 6 modules · lr 0.001"
    assert told["name"] == f"{settings} waiting"
    assert (told["reviews"], told["epochs"]) == ("2,000 1,600 + 400", "0 of 2")
    assert (told["seed"], told["length"], told["rate"]) == ("5", "50 tokens", "0.001")
    assert (told["accuracy"], told["file"], told["owner"]) == ("–", "–", "guest 0123")
    assert cells(seen_by_me(page), run_id)["owner"] == "you"
    reference = cells(answer, "reference-lora-1")
    assert re.fullmatch(r"\d\d\.\d % \d\d\.\d % to \d\d\.\d %", reference["accuracy"])
    assert (reference["owner"], reference["epochs"]) == ("reference", "10")


def test_every_column_has_a_title_and_can_be_shown(page):
    answer = table(page, columns=list(COLUMNS))
    assert re.findall(r'data-column="(\w+)" checked', answer["html"]) == list(COLUMNS)[1:]
    assert re.findall(r'<th [^>]*data-of="(\w+)"', answer["html"]) == list(COLUMNS)
    assert set(cells(answer, "reference-recommended-lora")) == set(COLUMNS)
    assert table(page, columns=["no such column"])["ids"] == answer["ids"]


def test_runs_are_sorted_with_nothing_last_and_equals_in_their_order(page, services):
    low, high = (
        finished(services.store, name, range(wrong)) for name, wrong in [("b", 9), ("A", 1)]
    )
    waiting = services.store.submit(RunConfig(name="c"), ME)
    ours = [waiting.run_id, high.run_id, low.run_id]

    def order(**view):
        return [run_id for run_id in table(page, **view)["ids"] if run_id in ours]

    assert order() == ours
    assert order(sort="accuracy") == [high.run_id, low.run_id, waiting.run_id]
    assert order(sort="accuracy", is_down=False) == [low.run_id, high.run_id, waiting.run_id]
    assert order(sort="name", is_down=False) == [high.run_id, low.run_id, waiting.run_id]
    assert order(sort="data") == ours
    assert order(sort="no such column") == ours
    assert 'data-of="name" aria-sort="ascending"' in table(page, sort="name", is_down=False)["html"]


def test_every_word_has_to_be_somewhere_whatever_its_case(page, services):
    run = services.store.submit(RunConfig(name="<b>Mine", method="vera"), ME)
    services.store.annotate(run.run_id, tags="week 3", is_starred=True)
    assert table(page, text=" VeRA guest WAITING 3 ")["ids"] == [run.run_id]
    assert table(page, text="vera done mine")["ids"] == []
    assert seen_by_me(page, only="mine")["ids"] == [run.run_id]
    assert table(page, only="starred")["ids"] == [run.run_id]
    assert table(page, only="ranges", method="VeRA")["ids"] == []
    answer = table(page, method="VeRA", text="mine")
    assert "<option selected>VeRA</option>" in answer["html"]
    assert "&lt;b&gt;Mine</button>" in answer["html"]


def test_results_of_a_race_that_is_not_revealed_are_no_part_of_it(page, services):
    configs = [RunConfig({"r": r, "num_reviews": 40}) for r in (1, 2)]
    _, (run, *_) = finished_group(services.store, configs, (5, 9), {"r": [1, 2]})
    shown = cells(table(page, secret=["group-000002"]), run.run_id)
    assert shown["accuracy"] != "–"
    hidden = cells(table(page, secret=["group-000001"]), run.run_id)
    assert (hidden["accuracy"], hidden["loss"], hidden["adapter"]) == ("–", "–", shown["adapter"])


@pytest.mark.slow
def test_a_page_holds_fifty_rows_and_nothing_comes_twice(page, services):
    for number in range(60):
        services.store.submit(RunConfig(seed=number), ME)
    answer = table(page)
    assert answer["html"].count("<tr data-run=") == 50
    assert answer["page"] == 0
    assert f">1 to 50 of {len(answer['ids'])}<" in answer["html"]
    assert ask(page, "table", {"key": answer["key"]}) is None
    last = table(page, page=9, key=answer["key"])
    assert (last["page"], ">51 to" in last["html"]) == (1, True)
    assert last["html"].count("<tr data-run=") == len(answer["ids"]) - 50


def test_what_is_selected_says_what_can_be_done(page, services):
    mine = services.store.submit(RunConfig(), ME).run_id

    def enabled(*selected, who=ME):
        with acting_as(Visitor(who)):
            answer = table(page, selected=[*selected, "run-999999"])
        assert answer["chosen"] == list(selected)
        buttons = re.findall(r'data-do="(\w+)"([^>]*)>', answer["html"])
        return {name for name, rest in buttons if "disabled" not in rest}

    assert enabled() == {"csv", "json"}
    assert enabled(mine) == {"csv", "json", "tag", "star", "delete"}
    assert enabled(mine, who="f" * 32) == {"csv", "json"}
    assert "compare" in enabled(mine, "reference-lora-1")
