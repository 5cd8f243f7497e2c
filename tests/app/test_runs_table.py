"""The table of runs with more of them than a page holds, on the real page."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from stocked_store import GROUPED, SEEDED
from test_accessibility import findings
from visiting import Visit

from peft_demo.storage import Store

pytestmark = pytest.mark.browser

REFERENCES = 7
TOTAL = GROUPED + SEEDED + REFERENCES


@pytest.fixture
def store(full_app):
    opened = Store(full_app.home)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def window(full_app, chromium):
    """One for all: to load the page takes longer than most of these tests."""
    window = Visit(chromium)
    window.see(1440, 900, "light")
    window.open(full_app.url)
    yield window
    window.context.close()


@pytest.fixture
def table(window):
    page = window.page
    open_runs(page)
    see_all(page)
    yield page
    assert window.errors == []


UNTOUCHED = json.dumps(
    {"text": "", "method": "", "only": "all", "sort": "created", "is_down": True, "columns": []}
)


def see_all(page):
    """The table as nobody has touched it, with nothing selected."""
    page.evaluate(
        """view => { const button = document.createElement("button");
        button.dataset.view = view; document.body.append(button);
        button.click(); button.remove(); }""",
        UNTOUCHED,
    )
    if "selected" in count(page):
        page.locator(".pd-all").check()
        count(page)
        page.locator(".pd-all").uncheck()
    page.locator(".pd-count", has_text=re.compile(r"^\d+ runs$")).wait_for()
    settled(page)


def open_runs(page):
    page.get_by_role("tab", name="Runs").click()
    page.locator(".pd-runs tbody tr").first.wait_for()


def settled(page):
    """Once what was asked last is there."""
    page.locator(".pd-runs[aria-busy=false]").wait_for()
    return page


def names(page):
    settled(page)
    return page.locator(".pd-runs tbody .pd-pick").all_inner_texts()


def column(page, key):
    settled(page)
    return page.locator(f".pd-runs tbody [data-cell={key}]").all_inner_texts()


def count(page):
    return settled(page).locator(".pd-count").inner_text()


def row(page, run_id):
    return page.locator(f".pd-runs tr[data-run={run_id}]")


def percents(page):
    return [float(re.match(r"[\d.]+", text)[0]) for text in column(page, "accuracy")]


def save(page, button):
    with page.expect_download() as found:
        page.locator(f".pd-runs [data-do={button}]").click()
    return found.value.suggested_filename, Path(found.value.path()).read_text(encoding="utf-8-sig")


def test_trains_rows_say_whose_run_it_is(window, store):
    page = window.page
    page.get_by_role("tab", name="Train", exact=True).click()
    newest = store.runs()[0]
    chip = page.locator(f".pd-rows [data-toggle='{newest.run_id}']")
    chip.locator(".pd-by", has_text=newest.owner_name).wait_for()
    reference = page.locator(".pd-rows [data-toggle='reference-lora-1']")
    reference.wait_for()
    assert reference.locator(".pd-by").count() == 0
    assert window.errors == []


def test_sort_filter_columns_and_pages_stay_over_a_reload(table):
    assert count(table) == f"{TOTAL} runs"
    assert len(names(table)) == 50
    assert names(table)[0].endswith(f"number {SEEDED - 1}")
    accuracy = table.locator("[data-sort=accuracy]")
    accuracy.click()
    assert percents(table) == sorted(percents(table), reverse=True)
    accuracy.click()
    assert percents(table) == sorted(percents(table))
    header = table.locator("th", has=accuracy)
    assert header.get_attribute("aria-sort") == "ascending"
    table.locator("[data-do=next]").click()
    assert settled(table).locator(".pd-pager span").inner_text() == f"51 to 100 of {TOTAL}"
    table.select_option(".pd-method-filter", "VeRA")
    table.fill(".pd-text", "anna done")
    assert set(column(table, "owner")) == {"anna"}
    assert all(name.startswith("VeRA") for name in names(table))
    table.locator(".pd-menu button").click()
    table.locator("[data-column=seed]").check()
    table.locator("[data-column=file]").uncheck()
    listed = names(table)
    table.reload()
    open_runs(table)
    assert names(table) == listed
    assert table.locator("th[data-of=accuracy]").get_attribute("aria-sort") == "ascending"
    assert table.locator("th[data-of=seed]").count() == 1
    assert table.locator("th[data-of=file]").count() == 0
    table.fill(".pd-text", "no such run")
    table.locator(".pd-empty [data-do=clear]").click()
    assert count(table) == f"{TOTAL} runs"


def test_a_run_is_starred_and_edited_with_a_sentence_at_a_bad_field(table, store, visit, full_app):
    run_id = "run-000100"
    other = visit().open(full_app.url)
    open_runs(other)
    row(table, run_id).locator(".pd-star").click()
    row(table, run_id).locator(".pd-star[aria-pressed=true]").wait_for()
    row(other, run_id).locator(".pd-star[aria-pressed=true]").wait_for()
    row(table, run_id).locator("[data-edit]").click()
    table.fill("#pd-edit-name", "x" * 81)
    table.fill("#pd-edit-tags", "class, week 3")
    table.locator(".pd-edit .pd-primary").click()
    problem = table.locator("#pd-edit-name-problem")
    problem.filter(has_text="name must be at most 80 characters").wait_for()
    assert table.locator("#pd-edit-name").get_attribute("aria-invalid") == "true"
    assert table.locator("#pd-edit-tags").input_value() == "class, week 3"
    assert store.get(run_id).tags == ()
    table.fill("#pd-edit-name", "<i>mine</i>")
    table.fill("#pd-edit-note", "first\nsecond")
    table.locator(".pd-edit .pd-primary").click()
    table.locator("dialog[open]").wait_for(state="detached")
    row(table, run_id).locator(".pd-pick", has_text="<i>mine</i>").wait_for()
    row(other, run_id).locator(".pd-tags", has_text="week 3").wait_for()
    run = store.get(run_id)
    assert (run.config.name, run.tags) == ("<i>mine</i>", ("class", "week 3"))
    assert (run.note, run.is_starred) == ("first\nsecond", True)
    table.select_option(".pd-only", "starred")
    assert names(table) == ["<i>mine</i>"]


def test_selected_runs_are_deleted_together_and_come_back(table, store):
    table.fill(".pd-text", "head failed anna")
    ids = [
        entry.get_attribute("data-run")
        for entry in settled(table).locator(".pd-runs tbody tr").all()
    ]
    assert len(ids) > 2
    before = store.ids()
    table.locator(".pd-all").check()
    assert count(table) == f"{len(ids)} of {len(ids)} selected"
    table.locator("[data-do=delete]").click()
    table.locator(".pd-toast", has_text=f"Deleted {len(ids)} runs").wait_for()
    assert findings(table, ".pd-toasts") == {}
    table.locator(".pd-empty").wait_for()
    assert not set(ids) & set(store.ids())
    table.locator(".pd-toast [data-undo]").click()
    table.locator(".pd-toast", has_text="restored").wait_for()
    row(table, ids[0]).wait_for()
    assert store.ids() == before


def test_reference_runs_are_neither_deleted_nor_edited(table):
    table.fill(".pd-text", "reference")
    assert len(names(table)) == REFERENCES
    table.locator(".pd-all").check()
    for action in ("delete", "tag", "star"):
        assert table.locator(f"[data-do={action}]").is_disabled()
    assert not table.locator(".pd-runs tbody [data-edit]").first.is_visible()


def test_two_to_eight_selected_runs_can_be_compared(table):
    boxes = table.locator("tbody [data-select]")
    compare = table.locator("[data-do=compare]")
    wanted = [boxes.nth(place).get_attribute("data-select") for place in range(2)]
    boxes.nth(0).check()
    count(table)
    assert compare.is_disabled()
    boxes.nth(1).check()
    compare.and_(table.locator(":enabled")).click()
    table.wait_for_function("ids => location.search.endsWith(ids)", arg=",".join(wanted))
    table.locator(".pd-compare .pd-sentence").first.wait_for()
    table.get_by_role("tab", name="Runs").click()
    for place in range(2, 9):
        boxes.nth(place).check()
    compare.and_(table.locator(":disabled")).wait_for()


def test_downloads_hold_the_selected_runs_or_all_of_the_list(table):
    table.fill(".pd-text", "guest 3f2a")
    table.select_option(".pd-method-filter", "LoRA")
    listed = int(count(table).split()[0])
    file, text = save(table, "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (file, len(rows)) == ("runs.csv", listed)
    assert {line["owner"] for line in rows} == {"guest 3f2a"}
    assert all(line["method"] == "lora" for line in rows)
    assert float(rows[0]["test_accuracy (share)"]) < 1
    table.locator("tbody [data-select]").nth(1).check()
    file, text = save(table, "json")
    (record,) = json.loads(text)
    assert (file, record["run_id"]) == ("runs.json", rows[1]["run_id"])
    assert len(record["epochs"]) == 10


def test_focus_and_selection_survive_news(table, store):
    table.locator("tbody [data-select]").nth(2).check()
    star = row(table, "run-000090").locator(".pd-star")
    star.focus()
    store.annotate("run-000106", note="news from elsewhere")
    row(table, "run-000106").locator(".pd-note", has_text="elsewhere").wait_for()
    assert star.evaluate("element => element === document.activeElement")
    assert table.locator("tbody [data-select]").nth(2).is_checked()


def test_a_browser_knows_its_own_runs(table, store):
    table.get_by_role("tab", name="Method").click()
    table.locator("#start").click()
    # The page turns to the training by itself.
    table.get_by_role("tab", name="Train", selected=True).wait_for()
    open_runs(table)
    table.select_option(".pd-only", "mine")
    mine = f"run-{GROUPED + SEEDED + 1:06d}"
    row(table, mine).wait_for()
    assert column(table, "owner") == ["you"]
    store.request_stop(mine)


def test_on_a_phone_few_columns_fit_and_details_has_the_rest(table, window):
    window.see(390, 844, "light")
    table.wait_for_function("document.documentElement.scrollWidth <= 390")
    assert table.evaluate(
        "(box => box.scrollWidth <= box.clientWidth)(document.querySelector('.pd-runs .pd-scroll'))"
    )
    table.locator(".pd-runs tbody .pd-pick").nth(2).click()
    table.locator("dialog[open] [data-edit]").click()
    table.locator("#pd-edit-note").wait_for()
