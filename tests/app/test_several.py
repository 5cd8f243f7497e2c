"""Several runs at once on the real page: a sweep by the form and one by the API."""

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from running_app import SMALL
from test_accessibility import findings_in_all_looks
from test_browser import fill_small, open_tab, wait_for_models

from peft_demo.runs import PART_SEEDS

pytestmark = pytest.mark.browser


def open_several(page):
    page.locator("#several button").first.click()
    page.locator("#repeats").wait_for(state="visible")


def sweep(page, field, values):
    chooser = page.locator("#sweep-field-1 input")
    chooser.fill(field)
    # Not by Enter: what it takes depends on how far the list has been filtered.
    page.get_by_role("option", name=field, exact=True).click()
    page.wait_for_function(
        "field => document.querySelector('#sweep-field-1 input').value === field", arg=field
    )
    add_values(page, *values.split(", "))


def add_values(page, *values):
    """A chip each."""
    box = page.locator("#sweep-values-1 input")
    for value in values:
        box.fill(value)
        box.press("Enter")
    box.blur()


def take_out(page, value):
    """A chip, by its own cross."""
    page.locator("#sweep-values-1 .token", has_text=value).locator(".token-remove").click()


def ids_of_runs(app) -> list[str]:
    runs = Client(app.url, verbose=False).predict(api_name="/list_runs")
    return [run["run_id"] for run in runs]


def test_a_sweep_from_the_form_to_its_page(app, page):
    wait_for_models(page)
    before = ids_of_runs(app)
    fill_small(page, "", epochs=1)
    open_several(page)
    sweep(page, "Rank r", "2, 999")
    page.locator("#sweep-1-told", has_text='got "999"').wait_for()
    assert page.locator("#queue-all").is_disabled()
    assert ids_of_runs(app) == before
    take_out(page, "999")
    add_values(page, "4")
    page.get_by_role("button", name="Queue 2 runs").click()
    page.get_by_role("button", name="Watch them together").click()
    compare = page.locator(".pd-compare")
    compare.get_by_role("heading", name="LoRA: r").wait_for()
    assert "view=group" in page.url
    compare.locator(".pd-verdicts", has_text="The highest of 2 test accuracies").wait_for(
        timeout=180_000
    )
    # An empty box of a closed section, once it is opened, is still empty.
    for run in Client(app.url, verbose=False).predict(api_name="/list_runs")[:2]:
        assert {run["config"][part] for part in PART_SEEDS} == {None}
    rows = compare.locator("[data-part=configurations] tbody tr")
    assert sorted(rows.all_inner_texts())[0].strip()
    assert rows.count() == 2


def test_a_race_is_predicted_before_its_results_are_seen(app, visit):
    client = Client(app.url, verbose=False)
    group = client.predict(SMALL, {"r": [1, 2]}, 1, True, api_name="/submit_sweep")
    url = f"{app.url}?view=group&group={group['group_id']}"
    page = visit().page
    page.goto(url)
    page.get_by_role("button", name="Predict first").click()
    race, verdict = page.locator("[data-race]"), page.locator(".pd-verdicts")
    page.get_by_label("r 2", exact=True).check()
    race.locator(".pd-now", has_text="done").nth(1).wait_for(timeout=180_000)
    assert "%" not in race.inner_text()
    assert not verdict.is_visible()
    assert not page.locator(".pd-report").is_visible()
    assert not page.locator(".pd-compare [data-plot=eval_accuracy]").is_visible()
    assert findings_in_all_looks(page, ".pd-race") == {}
    open_tab(page, "Train")
    racer = page.locator(f".pd-rows [data-run={group['runs'][0]['run_id']}]")
    racer.locator(".pd-now", has_text="trained in").wait_for()
    assert racer.locator(".pd-reached").inner_text() == ""
    page.goto(url)
    page.get_by_role("button", name="Reveal").click()
    verdict.wait_for()
    page.locator(".pd-guess", has_text="Your guess: r 2").wait_for()
    assert page.locator(".pd-sentence").first.inner_text() in race.inner_text()
    race.locator(".pd-now", has_text="Test accuracy").nth(1).wait_for()


def test_sweeps_by_the_api(app):
    client = Client(app.url, verbose=False)
    config = {"num_reviews": 40, "max_length": 16, "num_train_epochs": 1, "num_test_reviews": 50}
    group = client.predict(config, {"r": [1, 2]}, 2, False, api_name="/submit_sweep")
    assert group["kind"] == "sweep"
    assert group["axes"] == {"r": [1, 2]}
    assert [(run["config"]["r"], run["config"]["seed"]) for run in group["runs"]] == [
        (1, 42),
        (1, 43),
        (2, 42),
        (2, 43),
    ]
    for run in group["runs"]:
        client.predict(run["run_id"], api_name="/cancel_run")
    axes = {"r": list(range(1, 101)), "lora_alpha": list(range(1, 101))}
    with pytest.raises(AppError, match="sweep must be 1 to 64 runs"):
        client.predict(config, axes, 1, False, api_name="/submit_sweep")
