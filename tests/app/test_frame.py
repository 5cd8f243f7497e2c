"""The page's frame in a real browser: the bar, its keys, and the form where it is used."""

import pytest

pytestmark = pytest.mark.browser

SELECTED = "[role=tab][aria-selected=true]"


class TestOnePage:
    """What needs no page of its own."""

    @pytest.fixture
    def page(self, same_page):
        return same_page

    def test_the_bar_stays_in_sight_and_the_form_is_where_it_is_used(self, page):
        for tab in ("Train", "Method", "Runs", "Compare"):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.locator(f"#tabs {SELECTED}", has_text=tab).wait_for()
            assert page.locator("#sidebar").is_visible() == (tab in ("Train", "Method")), tab
        page.get_by_role("tab", name="Train", exact=True).click()
        page.evaluate("window.scrollTo(0, 500)")
        for part in (".pd-header h1", "#tabs .tab-wrapper", ".pd-header-side"):
            box = page.locator(part).bounding_box()
            assert (box["y"], box["height"]) == (0, 48), part
        assert page.locator("#sidebar").bounding_box()["width"] == 320

    def test_a_row_is_one_line_with_a_slider_by_factors_and_its_help(self, page):
        page.locator("#name .pd-info").wait_for()
        rows = page.locator("#sidebar .block[id]:has(> .pd-info):not(:has(> .pd-lock)):visible")
        assert " ".join(row.get_attribute("id") for row in rows.all()) == (
            "preset method lora-r learning_rate num_train_epochs num_reviews name"
        )
        assert max(row.bounding_box()["height"] for row in rows.all()) <= 44
        # The cost is one line too.
        assert page.locator(".pd-cost").bounding_box()["height"] <= 32
        page.locator("#lora-r .pd-info").press("Enter")
        page.locator("#lora-r-help", has_text="directions").wait_for()
        page.keyboard.press("Escape")
        box = page.locator("#lora-r input[type=number]")
        assert box.get_attribute("aria-describedby") == "lora-r-help"
        page.locator(".pd-lock input").check()
        slider = page.locator("#lora-r input[type=range]")
        for _ in range(3):
            slider.press("ArrowRight")
        assert box.input_value() == slider.get_attribute("aria-valuetext") == "16"
        assert page.input_value("#lora-lora_alpha input[type=number]") == "32"
        page.locator("#preset-changed", has_text="changed: Rank r, Alpha (lora_alpha)").wait_for()
        page.locator("#method input").click()
        page.get_by_role("option", name="IA3").click()
        page.get_by_role("button", name="Undo").click()
        page.wait_for_function("document.querySelector('#lora-r input')?.value === '16'")
        assert page.input_value("#learning_rate input[type=text]") == "0.002"

    def test_no_focus_stands_behind_the_foot(self, page):
        page.set_viewport_size({"width": 1440, "height": 500})
        page.locator("#name input").focus()
        foot = page.locator("#start-bar").bounding_box()["y"]
        box = page.locator("#name input").bounding_box()
        assert box["y"] + box["height"] <= foot


def test_keys_move_between_tabs_and_past_them(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".pd-skip").bounding_box()["y"] >= 0
    page.get_by_role("tab", name="Train", exact=True).focus()
    for key, tab in (
        ("ArrowRight", "Method"),
        ("ArrowRight", "Runs"),
        ("ArrowLeft", "Method"),
        ("Home", "Train"),
        ("ArrowLeft", "Learn"),
    ):
        page.keyboard.press(key)
        page.locator(f"#tabs {SELECTED}:focus", has_text=tab).wait_for()
    # The open tab alone is in the order of the Tab key.
    page.wait_for_function("document.querySelectorAll('[role=tab][tabindex=\"0\"]').length === 1")
    page.locator("#tab-learn-tab").wait_for()
    page.locator(".pd-skip").focus()
    page.keyboard.press("Enter")
    page.locator("#tab-learn-tab:focus").wait_for()


def test_before_any_script_is_there_the_page_says_what_it_is(app, visit):
    page = visit().page
    page.route("**/*.js", lambda route: route.abort())
    page.goto(app.url)
    first = page.locator(".pd-first")
    assert first.inner_text().split() == [
        *("PEFT", "Demo", "Train", "Method", "Runs", "Compare", "Review", "Data", "Learn"),
        *("Opening", "the", "page", "…"),
    ]
    assert first.locator("p").first.bounding_box()["height"] == 48
    assert page.evaluate("document.getAnimations().length") == 1


def test_what_is_shown_to_others_is_large_and_has_keys(app, visit):
    usual = "getComputedStyle(document.querySelector('[role=tab]')).fontSize"
    small = visit().open(app.url).evaluate(usual)
    page = visit(1920, 1080).open(f"{app.url}/?present=1&method=lora&r=9")
    assert float(page.evaluate(usual)[:-2]) == 1.25 * float(small[:-2])
    assert not page.locator("#sidebar").is_visible()
    page.keyboard.press("3")
    page.locator(f"#tabs {SELECTED}", has_text="Runs").wait_for()
    page.keyboard.press("Space")
    page.locator(".pd-paused", has_text="Paused").wait_for()
    with page.expect_request_finished(timeout=20_000):
        page.keyboard.press("Space")
    page.keyboard.press("1")
    page.locator(".pd-form-toggle").click()
    # What the link says is in the form; it would come over what is typed.
    page.wait_for_function("document.querySelector('#lora-r input[type=number]')?.value === '9'")
    page.fill("#name input", "")
    page.locator("#name input").press("2")
    page.locator("#name input").press("?")
    assert page.input_value("#name input") == "2?"
    page.locator(f"#tabs {SELECTED}", has_text="Train").wait_for()
    page.get_by_role("button", name="Keys and QR code").click()
    page.locator("dialog[open] .pd-qr svg").wait_for()
    shown = page.locator(".pd-address").inner_text()
    assert "present" not in shown
    assert shown.startswith(app.url)
    page.keyboard.press("Escape")
    page.wait_for_function("location.search.includes('name=2')")
    assert "present=1" in page.evaluate("location.search")


def test_the_language_is_switched_and_the_address_and_the_form_stay(app, visit):
    page = visit().open(f"{app.url}/?method=lora&r=4&lora_alpha=32#top")
    page.locator(".pd-language").focus()
    page.keyboard.press("Enter")
    page.locator(".pd-languages:popover-open").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.lang") == "de"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Training starten").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    address = page.evaluate("location.pathname + location.search + location.hash")
    assert address.startswith("/de/?method=lora")
    assert "r=4&" in address
    assert address.endswith("#top")
    page.wait_for_function("document.querySelector('#lora-r input[type=number]')?.value === '4'")
    # What is not allowed is told in the page's language.
    page.fill("#learning_rate textarea, #learning_rate input", "7")
    page.get_by_text("erlaubt ist eine Zahl zwischen").first.wait_for()
    # And so is what the browser writes.
    page.get_by_role("button", name="Hilfe zu Rang r").wait_for(state="attached")
    page.locator(".pd-rows .pd-state", has_text="Referenz").first.wait_for()
