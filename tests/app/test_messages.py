"""A fault is told at its field, and is gone at the next try; what was typed stays."""

import re
from urllib.parse import urlencode

import pytest
from test_browser import open_tab, set_number, wait_for_models
from test_several import add_values, open_several, sweep, take_out

from peft_demo.runs import RunConfig
from peft_demo.storage import Store

pytestmark = pytest.mark.browser

FAULTS = ".validation-error, .pd-kept, .pd-problem"


def faults(page, place: str) -> list[str]:
    """The sentences about faults that are seen in a part of the page."""
    told = page.locator(place).locator(FAULTS).all()
    return [each.inner_text().strip() for each in told if each.is_visible()]


def wait_for_fault(page, place: str, words: str) -> None:
    page.locator(place).locator(FAULTS, has_text=re.compile(words)).first.wait_for()


def wait_for_none(page, place: str) -> None:
    for fault in page.locator(place).locator(FAULTS).all():
        fault.wait_for(state="hidden")
    assert faults(page, place) == []


def choose(page, field: str, option: str) -> None:
    page.locator(f"#{field} input").click()
    page.get_by_role("option", name=re.compile(option)).first.click()


class TestReview:
    def test_a_typed_review_survives_a_reload_and_a_cleared_one_stays_cleared(self, app, visit):
        window = visit()
        page = window.open(app.url)
        open_tab(page, "Review")
        page.fill("#review textarea", "Überraschend gut – “wow” 😀\n<b>zwei</b> Zeilen")
        sent = len(window.requests)
        page.reload()
        open_tab(page, "Review")
        typed = page.locator("#review textarea")
        page.wait_for_function("document.querySelector('#review textarea')?.value")
        assert typed.input_value() == "Überraschend gut – “wow” 😀\n<b>zwei</b> Zeilen"
        assert not any("wow" in url for url in window.requests[sent:])
        typed.fill("")
        page.reload()
        open_tab(page, "Review")
        typed.wait_for()
        page.wait_for_timeout(1000)
        assert typed.input_value() == ""
        # A picked example is kept as well.
        page.click("#example-1")
        page.wait_for_function("document.querySelector('#review textarea').value")
        picked = typed.input_value()
        page.wait_for_function(
            "text => sessionStorage.getItem('peft-demo-review').includes(JSON.stringify(text))",
            arg=picked,
        )
        page.reload()
        open_tab(page, "Review")
        page.wait_for_function("document.querySelector('#review textarea')?.value")
        assert typed.input_value() == picked
        # Another window starts empty.
        other = page.context.new_page()
        other.goto(app.url)
        other.wait_for_selector("#sidebar")
        open_tab(other, "Review")
        other.locator("#review textarea").wait_for()
        other.wait_for_timeout(1000)
        assert other.input_value("#review textarea") == ""

    def test_a_review_is_shared_by_a_link_and_called_back(self, app, visit):
        window = visit()
        text, ids = "Once & again, 100 % “good”.", "reference-lora-1,reference-ia3"
        query = urlencode({"text": text, "ids": ids, "truth": "positive"})
        window.page.goto(f"{app.url}#{query}")
        page = window.page
        page.get_by_role("tab", name="Review", selected=True).wait_for()
        page.locator("#cards .pd-card").nth(1).wait_for()
        assert page.locator("#cards .pd-card").count() == 2
        assert page.input_value("#review textarea") == text
        assert page.get_by_label("positive", exact=True).is_checked()
        assert "#" not in page.url
        # Neither the draft nor what it became is lost.
        page.fill("#review textarea", "Another.")
        page.click("#classify")
        page.locator("#cards[aria-busy=false]").wait_for()
        page.get_by_role("button", name="Earlier reviews").click()
        earlier = page.locator("#pd-recent button")
        page.wait_for_function("document.querySelectorAll('#pd-recent button').length === 2")
        assert earlier.all_inner_texts() == ["Another.", text]
        earlier.nth(1).click()
        page.wait_for_function(
            "t => document.querySelector('#review textarea').value === t", arg=text
        )
        assert page.locator("#pd-recent").is_hidden()
        page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
        page.locator("#recent [data-copy]").click()
        page.wait_for_function("window.copied")
        assert page.evaluate("window.copied") == f"{app.url}/#{query}"
        assert not any("100+" in url for url in window.requests)


class TestForm:
    @pytest.fixture
    def page(self, same_page):
        return same_page

    def test_faults_are_gone_at_the_next_try(self, page):
        set_number(page, "num_reviews", 40)
        for button in ("#find-rate", "#start"):
            page.fill("#learning_rate textarea, #learning_rate input", "fast")
            page.click(button)
            wait_for_fault(page, "#learning_rate", 'got "fast"')
            page.fill("#learning_rate textarea, #learning_rate input", "1e-3")
            page.click(button)
            page.locator("#start-message", has_text="queue").wait_for()
            wait_for_none(page, "#sidebar")

    def test_a_sweeps_fault_is_gone_at_the_next_try(self, page):
        wait_for_models(page)
        set_number(page, "num_reviews", 40)
        open_several(page)
        page.click("#queue-all")
        wait_for_fault(page, "#several", "repeats must be at least 2")
        sweep(page, "Rank r", "2, 999")
        page.locator("#sweep-1-told", has_text='got "999"').wait_for()
        take_out(page, "999")
        add_values(page, "4")
        page.get_by_role("button", name="Queue 2 runs").click()
        page.locator("#start-message", has_text="2 runs").wait_for()
        wait_for_none(page, "#sidebar")

    def test_a_pastes_fault_is_gone_at_the_next_try(self, page):
        page.locator("#transfer button").first.click()
        page.fill("#paste textarea", "no configuration at all")
        page.click("#paste-button")
        wait_for_fault(page, "#paste", "config must")
        page.fill("#paste textarea", "LoraConfig(r=3, target_modules=['q_lin'])")
        page.click("#paste-button")
        page.locator("#import-notes", has_text="filled").wait_for()
        wait_for_none(page, "#sidebar")
        # The success of one try does not stand beside the fault of the next.
        page.fill("#paste textarea", "LoraConfig(r=0)")
        page.click("#paste-button")
        wait_for_fault(page, "#paste", "r must be")
        assert page.locator("#import-notes").inner_text().strip() == ""

    def test_a_bad_links_fault_is_gone_once_a_configuration_was_taken(self, app, visit):
        page = visit().open(f"{app.url}?method=lora&r=0&colour=red")
        wait_for_fault(page, "#import-notes", "r must be")
        assert "colour" in " ".join(faults(page, "#import-notes"))
        assert page.input_value("#lora-r input[type=number]") == "8"
        page.locator("#transfer button").first.click()
        page.fill("#paste textarea", "LoraConfig(r=3, target_modules=['q_lin'])")
        page.click("#paste-button")
        page.locator("#import-notes", has_text="filled").wait_for()
        wait_for_none(page, "#sidebar")


class TestElsewhere:
    @pytest.fixture
    def page(self, same_page):
        return same_page

    def test_an_imports_fault_is_gone_at_the_next_try(self, page, tmp_path):
        open_tab(page, "Review")
        page.locator("#import button").first.click()
        for name in ("one.zip", "two.zip"):
            (tmp_path / name).write_bytes(b"no zip")
            page.set_input_files("#adapter-file input", tmp_path / name)
            wait_for_fault(page, "#import", "must be a zip")
            assert len(faults(page, "#import")) == 1
            page.locator("#adapter-file [aria-label='Clear']").click()
            wait_for_none(page, "#import")

    def test_a_base_that_cannot_be_had_is_told_at_its_field(self, page):
        open_tab(page, "Train")
        page.locator("#more-settings button").first.click()
        choose(page, "base_model", "distilbert-base-cased")
        wait_for_fault(page, "#base-model-problem", "distilbert")
        assert len(faults(page, "body")) == 1
        choose(page, "base_model", "all-MiniLM-L6-v2")
        wait_for_none(page, "#sidebar")

    def test_an_annotations_fault_is_gone_at_the_next_try(self, page):
        set_number(page, "num_reviews", 40)
        page.fill("#name textarea, #name input", "to be named")
        page.click("#start")
        page.locator("#start-message", has_text="queue").wait_for()
        open_tab(page, "Runs")
        mine = page.locator(".pd-runs tr", has_text="to be named").first
        mine.locator("[data-edit]").first.click()
        dialog = page.locator("dialog.pd-edit")
        dialog.locator("[name=tags]").fill("x" * 31)
        dialog.locator("[name=save]").click()
        dialog.locator("#pd-edit-tags-problem", has_text="1 to 30").wait_for()
        dialog.locator("[name=tags]").fill("short")
        dialog.locator("[name=save]").click()
        dialog.wait_for(state="detached")

    def test_a_comparisons_fault_is_gone_once_enough_are_chosen(self, app, visit):
        page = visit().page
        page.goto(f"{app.url}?view=compare&run_ids=run-999999,reference-ia3")
        page.locator(".pd-compare", has_text="run-999999").first.wait_for()
        page.locator("[data-remove=run-999999]").first.click()
        page.locator(".pd-picker summary").click()
        page.locator(".pd-compare input[value=reference-lora-1]").check()
        for fault in ("run-999999", "choose at least one more"):
            page.locator(".pd-compare", has_text=fault).wait_for(state="detached")
        page.locator(".pd-compare .pd-verdicts").wait_for()


def test_limits_stand_at_their_fields_and_a_full_queue_at_the_button(app, visit):
    """To a visitor from another machine; the teacher's own have none."""
    store, window = Store(app.home), visit()
    window.context.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
    store.decide(limits={"epochs": 1, "waiting": 1}, is_paused=True, page="fix=r&method=lora&r=4")
    store.submit(RunConfig(), "somebody else")
    try:
        page = window.open(app.url)
        assert "fix=r" in page.url
        page.locator("#lora-r input:disabled").first.wait_for()
        set_number(page, "num_train_epochs", 2)
        page.click("#start")
        wait_for_fault(page, "#num_train_epochs", "must be at most 1 here, got 2")
        set_number(page, "num_train_epochs", 1)
        page.click("#start")
        page.locator("#start-message", has_text="queue").wait_for()
        page.click("#start")
        wait_for_fault(page, "#start-bar", "At most 1 run of one person may wait")
        assert page.locator(".toast-body").count() == 0
        assert page.locator("#sidebar").is_visible()
    finally:
        for _, owner in store.queue():
            store.request_stops(owner)
        store.decide(limits={}, is_paused=False, page="")
        store.close()
        window.context.set_extra_http_headers({})
