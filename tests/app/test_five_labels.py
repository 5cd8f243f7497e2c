"""A data set of five labels on the real page: chosen, trained on, compared, asked."""

import os

import pytest
from five_labels import FIVE, LABELS
from running_app import ROOT, App
from test_accessibility import unfold
from test_browser import fill_small, open_tab, wait_for_models, wait_for_state

pytestmark = pytest.mark.browser

RATE = "#learning_rate textarea, #learning_rate input"


@pytest.fixture
def five_app(tmp_path):
    """In one process, for a worker would not know the row."""
    app = App(
        tmp_path / "home",
        "tests/app/serve_five_labels.py",
        PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        PEFT_DEMO_WORKERS="thread",
    )
    app.start()
    yield app
    app.stop()


def test_five_labels_from_the_form_to_a_card(five_app, visit):
    window = visit()
    page = window.open(five_app.url)
    wait_for_models(page)
    fill_small(page, "learns", epochs=4, reviews=100)
    page.fill(RATE, "0.005")
    page.click("#dataset input")
    page.get_by_role("option", name=FIVE.label).click()
    page.click("#start")
    wait_for_state(page, "learns", "completed")
    page.fill("#name textarea, #name input", "does not")
    page.fill(RATE, "1e-7")
    page.click("#start")
    wait_for_state(page, "does not", "completed")

    page.goto(f"{five_app.url}?view=compare&run_ids=run-000001,run-000002")
    verdict = page.locator(".pd-sentence").first
    verdict.wait_for()
    assert "learns is better than does not" in verdict.inner_text()
    assert "sentences" in verdict.inner_text()
    unfold(page)
    confusion = page.locator(".pd-confusion").first
    confusion.wait_for()
    assert "in sentences" in confusion.locator("caption").inner_text()
    assert confusion.locator("thead th").all_inner_texts() == [f"said {name}" for name in LABELS]
    assert confusion.locator("tbody th").all_inner_texts() == [f"is {name}" for name in LABELS]
    counts = [int(count) for count in confusion.locator("td:not(:empty)").all_inner_texts()]
    assert (len(counts), sum(counts)) == (25, 50)
    pair = page.locator("[data-part=pairs] tbody tr")
    assert "Difference shown" in pair.inner_text()
    said = page.locator("[data-part=lists] .pd-says").first
    said.wait_for()
    assert all(name in said.get_attribute("title") for name in LABELS)

    assert "reviews" not in page.locator(".pd-compare").inner_text()
    page.locator("[data-part=lists] .pd-review").first.click()
    cards = page.locator("#cards .pd-card")
    cards.nth(1).wait_for()
    for card in cards.all():
        bars = card.locator(".pd-bar-row span:first-child").all_inner_texts()
        assert bars == list(reversed(LABELS))
        assert card.locator(".pd-label").inner_text().startswith(card.get_attribute("data-says"))
    page.fill("#review textarea", "we saw a hammer here")
    learned = page.locator("#cards .pd-card", has_text="learns")
    learned.locator(".pd-label", has_text="tool").wait_for()

    open_tab(page, "Review")
    page.locator("#import button").first.click()
    page.click("#adapter-dataset input")
    numbered = ", ".join(f"{number} {label}" for number, label in enumerate(LABELS))
    page.get_by_role("option", name=f"Five things: {numbered}").click()
    assert window.errors == []
