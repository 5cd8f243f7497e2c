"""Own texts on the real page: a file is looked at, kept, learned from, asked and tested on."""

import pytest
from own_texts import as_csv, rows
from running_app import App
from test_browser import fill_small, open_tab, wait_for_models, wait_for_state

pytestmark = pytest.mark.browser


@pytest.fixture
def own_app(tmp_path):
    app = App(tmp_path / "home", PEFT_DEMO_WORKERS="thread")
    app.start()
    yield app
    app.stop()


def test_a_file_is_learned_from_and_another_is_tested_on(own_app, visit, tmp_path):
    mine = tmp_path / "tickets.csv"
    mine.write_text(as_csv(rows(("bug", "wish"))) + ",wish\n", encoding="utf-8")
    later = [(f"later {text}", label) for text, label in rows(("bug", "wish"), 12)]
    window = visit()
    page = window.open(own_app.url)
    wait_for_models(page)
    fill_small(page, "learned", epochs=1, reviews=400)
    open_tab(page, "Data")

    page.click("#data-look")  # before there is anything to look at
    page.locator("#data-file-problem", has_text="file must be a file").wait_for()
    with page.expect_file_chooser() as asked:
        page.click("#data-file")
    asked.value.set_files(mine)
    report = page.locator("#data-report")
    report.locator("li", has_text="Row 42: no text").wait_for()
    assert report.locator("tbody th").all_inner_texts()[:2] == ["bug", "wish"]
    assert page.locator("#data-file").inner_text().strip() == "File: tickets.csv"
    assert page.locator("#data-text-column input").input_value() == "text"
    page.click("#data-keep")
    report.locator("[role=status]", has_text="tickets (own-").wait_for()
    page.locator("#num_reviews input").first.wait_for()
    assert page.locator("#num_reviews input[type=number]").input_value() == "24"

    page.click("#start")
    open_tab(page, "Train")
    wait_for_state(page, "learned", "completed")
    open_tab(page, "Review")
    page.fill("#review textarea", "a tram that is a wish")
    card = page.locator("#cards .pd-card", has_text="learned")
    card.wait_for()
    assert set(card.locator(".pd-bar-row span:first-child").all_inner_texts()) == {"bug", "wish"}

    open_tab(page, "Data")
    page.locator("#data-way label", has_text="Pasted").click()
    page.fill("#data-pasted textarea", as_csv(later))
    page.fill("#data-name input, #data-name textarea", "later")
    page.check("#data-only-test input")
    page.click("#data-look")
    page.locator("#data-keep", has_text="Keep them to test on").click()
    report.locator("[role=status]", has_text="later (own-").wait_for()
    page.click("#data-evaluate")
    outcome = page.locator("#data-outcome")
    outcome.locator("tbody th", has_text="learned").wait_for()
    assert "Tested on 24 texts" in outcome.inner_text()
    page.click("#data-remove")
    page.click("#data-sure")
    outcome.locator("[role=status]", has_text="are deleted").wait_for()
    assert window.errors == []
