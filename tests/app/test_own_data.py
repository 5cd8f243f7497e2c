"""Own texts on the real page: looked at, kept, learned from, compared, asked and tested on."""

import pytest
from gradio_client import Client
from own_texts import as_csv, rows
from test_accessibility import unfold
from test_browser import fill_small, open_tab, wait_for_models, wait_for_state

pytestmark = pytest.mark.browser


@pytest.fixture
def client(app):
    """Leaves no texts to those that come after."""
    client = Client(app.url, verbose=False)
    yield client
    for kept in client.predict(api_name="/list_data"):
        client.predict(kept["dataset"], api_name="/remove_data")


TEN = (
    "account",
    "bill",
    "bug",
    "delivery",
    "greeting",
    "notice",
    "praise",
    "refund",
    "something else",
    "wish",
)

RATE = "#learning_rate textarea, #learning_rate input"


def test_ten_labels_of_ones_own_from_a_file_to_further_tests(app, client, visit, tmp_path):
    mine, later = tmp_path / "tickets.csv", tmp_path / "later.csv"
    mine.write_text(as_csv(rows(TEN, 12)) + ",wish\n", encoding="utf-8")
    later.write_text(as_csv([(f"later {text}", label) for text, label in rows(TEN, 3)]))
    window = visit()
    page = window.open(app.url)
    wait_for_models(page)
    fill_small(page, "learned", epochs=4, reviews=400)
    page.fill(RATE, "0.005")
    open_tab(page, "Data")

    page.click("#data-look")  # before there is anything to look at
    page.locator("#data-file-problem", has_text="file must be a file").wait_for()
    dropped = page.evaluate_handle(
        """content => { const carried = new DataTransfer();
        carried.items.add(new File([content], "tickets.csv")); return carried; }""",
        mine.read_text(),
    )
    page.dispatch_event("#data-file-place p", "drop", {"dataTransfer": dropped})
    report = page.locator("#data-report")
    report.locator("li", has_text="Row 122: no text").wait_for()
    assert report.locator("tbody th").all_inner_texts()[:10] == list(TEN)
    assert not page.locator("#data-file-problem").is_visible()
    assert page.locator("#data-text-column input").input_value() == "text"
    page.click("#data-keep")
    report.locator("[role=status]", has_text="tickets (own-").wait_for()
    page.locator("#num_reviews input").first.wait_for()
    assert page.locator("#num_reviews input[type=number]").input_value() == "80"

    page.click("#start")
    open_tab(page, "Train")
    wait_for_state(page, "learned", "completed")
    page.fill("#name textarea, #name input", "guesses")
    page.fill(RATE, "1e-7")
    page.click("#start")
    wait_for_state(page, "guesses", "completed")
    open_tab(page, "Runs")
    page.locator("button:visible", has_text="learned").first.click()
    page.click("[data-texts]")
    shown = page.locator("#texts-shown")
    shown.locator(".pd-tokens").first.wait_for(state="attached")
    assert "truly" in shown.locator("ol li").first.inner_text()
    page.click("#texts-order input")
    page.get_by_role("option", name="Least sure").click()
    page.fill("#texts-search textarea, #texts-search input", "tram")
    page.click("#texts-look")
    shown.locator("tbody th", has_text='With "tram"').wait_for()
    text = shown.locator(".pd-review").first
    said = text.inner_text()
    text.click()
    card = page.locator("#cards .pd-card", has_text="learned")
    card.wait_for()
    asked = page.input_value("#review textarea")
    assert "tram" in asked.split()
    assert asked.split()[:3] == said.split()[:3]
    bars = card.locator(".pd-bar-row span:first-child").all_inner_texts()
    assert bars == list(TEN)
    assert card.locator(".pd-label").inner_text().startswith(card.get_attribute("data-says"))

    open_tab(page, "Data")
    page.locator("#data-way label", has_text="Pasted").click()
    page.fill("#data-pasted textarea", later.read_text())
    page.fill("#data-name input, #data-name textarea", "later")
    page.check("#data-only-test input")
    page.click("#data-look")
    page.locator("#data-keep", has_text="Keep them to test on").click()
    report.locator("[role=status]", has_text="later (own-").wait_for()
    page.click("#data-evaluate")
    outcome = page.locator("#data-outcome")
    outcome.locator("tbody th", has_text="guesses").wait_for()
    assert "Tested on 30 texts" in outcome.inner_text()
    page.click("#data-remove")
    page.click("#data-sure")
    outcome.locator("[role=status]", has_text="are deleted").wait_for()

    (guesses, learned) = client.predict(api_name="/list_runs")[:2]
    open_tab(page, "Compare")  # which begins with the runs of the newest one's data
    sentence = page.locator(".pd-sentence").first
    sentence.wait_for()
    chips = page.locator("[data-part=chips] [data-remove]")
    compared = chips.evaluate_all("all => all.map(chip => chip.dataset.remove)")
    assert compared == [guesses["run_id"], learned["run_id"]]
    assert "learned is better than guesses" in sentence.inner_text()
    unfold(page)
    confusion = page.locator(".pd-confusion").first
    assert confusion.locator("thead th").all_inner_texts() == [f"said {name}" for name in TEN]
    assert confusion.locator("tbody th").all_inner_texts() == [f"is {name}" for name in TEN]
    counts = [int(count) for count in confusion.locator("td:not(:empty)").all_inner_texts()]
    assert (len(counts), sum(counts)) == (100, learned["result"]["num_test_reviews"])
    assert "Difference shown" in page.locator("[data-part=pairs] tbody tr").inner_text()
    said = page.locator("[data-part=lists] .pd-says").first
    assert all(name in said.get_attribute("title") for name in TEN)
    assert "reviews" not in page.locator(".pd-compare").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    # All ten columns are seen at once, and the names of the rows beside them.
    sizes = "table => [table.offsetWidth, table.parentElement.clientWidth]"
    width, room = confusion.evaluate(sizes)
    assert width <= room
    assert window.errors == []
