"""What if, in the browser: pinned, edited, kept, let go; before training beside it."""

import pytest
from test_browser import open_tab

pytestmark = pytest.mark.browser


def test_a_pinned_review_is_edited_and_its_tries_stay(page):
    open_tab(page, "Review")
    page.fill("#review textarea", "A wonderful film.")
    page.locator("#cards .pd-card").nth(3).wait_for()
    page.click("#adapters input")
    page.keyboard.type("before")
    page.get_by_role("option", name="Before training").click()
    page.keyboard.press("Escape")
    # The four began alike: one card for all.
    page.locator("#cards .pd-start", has_text="LoRA, recommended").wait_for()
    assert page.locator("#cards .pd-card").count() == 5
    assert not page.locator("#pinned").is_visible()
    page.click("#pin")
    what_if = page.locator("#cards .pd-what-if")
    what_if.get_by_text("This review is pinned.").wait_for()
    page.fill("#review textarea", "A terrible film.")
    what_if.locator("ins", has_text="terrible").wait_for()
    card = page.locator("#cards [data-run=reference-recommended-lora]")
    assert "turned" in card.locator(".pd-moved").inner_text()
    tried = what_if.get_by_role("button", name="−wonderful +terrible")
    tried.wait_for()
    page.fill("#review textarea", "A wonderful story.")
    what_if.locator("del", has_text="film").wait_for()
    tried.click()
    what_if.locator("ins", has_text="terrible").wait_for()
    page.reload()
    open_tab(page, "Review")
    tried.wait_for()
    assert page.input_value("#pinned textarea") == "A wonderful film."
    page.click("#unpin")
    what_if.wait_for(state="detached")
    assert not page.locator("#pinned").is_visible()
