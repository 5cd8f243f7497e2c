"""A search on the real page: from the form to the sentence that its confirmation ends with."""

import re

import pytest
from gradio_client import Client
from test_accessibility import findings_in_all_looks
from test_browser import fill_small, open_part, wait_for_models

pytestmark = pytest.mark.browser

SAID = re.compile("(is|are) shown|too few|could not be compared|ended before|No time was left")
"""What stands there in the end, on a machine of any speed."""


def set_minutes(page, minutes):
    box = page.locator("#minutes input")
    box.fill(minutes)
    box.press("Tab")


def test_from_the_form_to_what_is_confirmed(app, visit):
    window = visit()
    page = window.open(app.url)
    wait_for_models(page)
    fill_small(page, "", epochs=1)
    open_part(page, "#search")
    # Three values, and with the recommended preset four trials.
    page.locator("#search-over input").click()
    page.get_by_role("option", name="Biases (bias)", exact=True).click()
    set_minutes(page, "0.01")
    page.locator("#minutes-told", has_text="between 0.1 and 1,440 minutes, got 0.01").wait_for()
    assert page.locator("#search-start").is_disabled()
    assert page.locator("#search-over .token").all_inner_texts() == ["Biases (bias)"]
    set_minutes(page, "1")
    page.locator("#search-count", has_text="About 4 trials in").wait_for()
    page.click("#search-start")
    page.get_by_role("button", name="Watch them together").click()
    compare = page.locator(".pd-compare")
    compare.get_by_role("heading", name="Best in 1 min: bias").wait_for()
    group_id = re.search(r"group-\d+", page.url)[0]
    rows = compare.locator("[data-part=trials] tbody tr")
    rows.filter(has_text="1/1").first.wait_for(timeout=120_000)
    # Each trial that has finished an epoch is a point beside the frontier.
    page.wait_for_function(
        """() => {
            const told = [...document.querySelectorAll("[data-part=trials] tbody tr")];
            const points = document.querySelector("[data-plot=pareto]")?.data ?? [];
            const names = points.filter(each => each.mode?.startsWith("markers"));
            return names.length && names.length === told.filter(row =>
                row.innerText.includes("1/1")).length;
        }"""
    )
    verdict = compare.locator(".pd-verdicts")
    page.get_by_role("button", name="Stop the search").wait_for(state="detached", timeout=120_000)
    verdict.locator("p", has_text=SAID).first.wait_for()
    taken = re.search(r"It has taken ([\d.]+)\ss of its 1\smin", verdict.inner_text())
    assert float(taken[1]) <= 60
    assert rows.count() == 4
    assert findings_in_all_looks(page, ".pd-compare") == {}
    assert window.errors == []
    found = Client(app.url, verbose=False).predict(group_id, api_name="/get_search")
    assert (found["phase"], len(found["trials"])) == ("over", 4)
