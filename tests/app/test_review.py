"""The Review page in a real browser: answers while one types, what if, and why."""

import json
import re

import pytest
from test_browser import open_tab

from peft_demo.ui.pages.why_part import EMPTY_IF_OF_OTHERS

pytestmark = pytest.mark.browser


def test_answers_follow_the_typing_and_stay_through_a_reload(page):
    open_tab(page, "Review")
    cards, heard = page.locator("#cards"), page.locator("#header .pd-announce")
    review = "The first half is dull. " * 20 + "The end is good."
    page.fill("#review textarea", review)
    cards.locator(".pd-card").nth(3).wait_for()
    text = cards.locator(".pd-card").first.inner_text()
    assert re.search(r"\d+\.\d\s%", text)
    assert re.search(r"\d\s+ms", text)
    assert "read 48 of" in text
    assert page.locator(".pd-reading .pd-some").last.inner_text().endswith("The end is good.")
    # While the answers to a newer text are on their way, the older ones say that they are older.
    waiting, held = [], [True]

    def hold(route):
        waiting.append(route) if held else route.continue_()

    page.route("**/queue/join*", hold)
    page.locator("#review textarea").press_sequentially("!?", delay=20)
    page.wait_for_function("document.getElementById('cards').ariaBusy === 'true'")
    before = "getComputedStyle(document.getElementById('cards'), '::before').content"
    assert "For the text before" in page.evaluate(before)
    while not waiting:
        page.wait_for_timeout(50)
    page.locator("#review textarea").press_sequentially(" A bad film.", delay=20)
    held.pop()
    for request in waiting:
        request.continue_()
    page.wait_for_function("document.getElementById('cards').ariaBusy === 'false'")
    vote = page.locator(".pd-agreement").inner_text()
    assert vote == heard.text_content()
    page.get_by_label("positive", exact=True).check()
    cards.locator(".pd-fooled").first.wait_for()
    page.click("#adapters input")
    page.keyboard.type("(assignment)")
    page.get_by_role("option", name=re.compile("IA3 .assignment. · 51.3")).click()
    page.keyboard.press("Escape")
    cards.locator("[data-run=reference-ia3]").wait_for()
    page.reload()
    open_tab(page, "Review")
    cards.locator("[data-run=reference-ia3]").wait_for()
    assert page.input_value("#review textarea") == f"{review}!? A bad film."
    assert page.get_by_label("positive", exact=True).is_checked()


def test_why_is_told_of_the_text_that_is_there(page):
    open_tab(page, "Review")
    page.fill("#review textarea", "An awful film, and far too long.")
    page.locator("#cards .pd-card").nth(3).wait_for()
    page.click("#why-ask")
    explained = page.locator("#why-shown article")
    explained.nth(3).wait_for()
    word = page.locator("[data-run=reference-recommended-lora] [data-sign='-']", has_text="awful")
    assert word.get_attribute("title").startswith("−")
    assert "on average of 20 draws" in explained.nth(1).inner_text()
    page.click("#why-turn")
    page.locator("[data-run=reference-recommended-lora] del", has_text="awful").wait_for()
    answer = page.locator("#why-shown [data-about]").evaluate("element => element.outerHTML")
    about = json.loads(page.locator("#why-shown [data-about]").get_attribute("data-about"))
    page.locator("#review textarea").press_sequentially("!")
    explained.first.wait_for(state="detached")
    # What was on its way then may come later still.
    script = f"([about, html]) => ({EMPTY_IF_OF_OTHERS})(...about, html)"
    assert page.evaluate(script, [about, answer]) == answer
    assert page.evaluate(script, [[f"{about[0]}!", about[1]], answer]) == ""
    assert page.evaluate(script, [[about[0], about[1][1:]], answer]) == ""


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
