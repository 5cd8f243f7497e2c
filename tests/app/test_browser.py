"""What a person does on the real page, in a real browser."""

import re
from pathlib import Path

import pytest
from running_app import App
from stored_runs import silent_for

pytestmark = pytest.mark.browser


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()


def open_part(page, part):
    """A part of the page that may be folded."""
    head = page.locator(f"{part} > button")
    if "open" not in head.get_attribute("class").split():
        head.click()


def set_number(page, field, value):
    box = page.locator(f"#{field} input[type=number]")
    box.fill(str(value))
    box.press("Tab")


def fill_small(page, name, epochs=2, reviews=40):
    """A run of seconds, from the untouched form."""
    page.fill("#name textarea, #name input", name)
    set_number(page, "num_train_epochs", epochs)
    set_number(page, "num_reviews", reviews)
    open_part(page, "#more-settings")
    set_number(page, "max_length", 16)
    set_number(page, "num_test_reviews", 50)


def row(page, name):
    named = page.locator(".pd-named", has_text=re.compile(f"^{re.escape(name)}$"))
    return page.locator(".pd-rows tr", has=named)


def wait_for_state(page, name, state):
    row(page, name).locator(f".pd-state[data-state={state}]").wait_for(
        state="attached", timeout=180_000
    )


def wait_for_models(page):
    page.locator(".pd-models[data-state=ready]").wait_for(timeout=120_000)


IS_KEPT = "text => JSON.parse(sessionStorage['peft-demo-review'] ?? '{}').text === text"
"""Whether a window knows a review when it is loaded again."""


def test_reference_charts_are_there_at_first_sight_and_nothing_leaves_the_machine(app, visit):
    window = visit()
    page = window.open(app.url)
    page.wait_for_function("document.querySelector('[data-plot=eval_accuracy]')?.data?.length >= 7")
    for chart in ("eval_accuracy", "loss"):
        plot = page.locator(f"[data-plot={chart}]")
        assert plot.evaluate("plot => plot.data.every(trace => trace.y.length > 1)")
        assert "LoRA 1 (assignment) ends at" in plot.get_attribute("aria-label")
    # An interval names both ends.
    shown = row(page, "LoRA, recommended").inner_text().replace("\u00a0", " ")
    assert "81.5 % to 86.0 %" in shown
    wait_for_models(page)
    open_tab(page, "Runs")
    open_tab(page, "Review")
    page.click("#example-1")
    page.wait_for_function("document.querySelector('#review textarea').value !== ''")
    page.locator("#cards .pd-card").first.wait_for()
    # A picked example is kept as what is typed is: see test_messages.
    picked = page.input_value("#review textarea")
    page.wait_for_function(IS_KEPT, arg=picked)
    outside = [
        url
        for url in window.requests
        if not url.startswith((app.url, "data:", "blob:", app.url.replace("http", "ws")))
    ]
    assert outside == []
    assert window.errors == []


def test_a_run_trains_live_among_what_was_chosen_survives_a_reload_and_predicts(app, visit):
    name = 'mine <b>bold</b> "q" /'
    page = visit().open(app.url)
    # The verdict is changed by what is pinned, and not by what is shown.
    verdict = page.locator(".pd-latest")
    page.locator(".pd-latest", has_text="is better than Head only, recommended").wait_for()
    page.locator(".pd-latest", has_text="beats counting words").wait_for()
    before = verdict.inner_text()
    page.wait_for_function("document.querySelector('[data-plot=eval_accuracy]').data?.length === 7")
    page.locator(".pd-chip[data-toggle=reference-lora-1]").click()
    page.wait_for_function("document.querySelector('[data-plot=eval_accuracy]').data.length === 6")
    assert verdict.inner_text() == before
    page.get_by_role("button", name=re.compile("^Pin IA3, recommended")).click()
    page.locator(".pd-latest", has_text="IA3, recommended").wait_for()
    assert "Head only" not in verdict.inner_text()
    page.evaluate(
        "Plotly.relayout(document.querySelector('[data-plot=loss]'),"
        "{'xaxis.range[0]': 5, 'xaxis.range[1]': 15})"
    )
    fill_small(page, name)
    page.click("#start")
    row(page, name).wait_for()
    other = visit().open(app.url)
    row(other, name).wait_for()
    wait_for_state(page, name, "completed")
    wait_for_state(other, name, "completed")
    other.locator(".pd-latest h2", has_text=name).wait_for()
    assert re.search(r"\d\d\.\d\s%", row(page, name).inner_text())
    page.locator(".pd-latest h2", has_text=name).wait_for()
    assert page.locator(".pd-board b:has-text('bold')").count() == 0
    traces = "document.querySelector('[data-plot=eval_accuracy]').data"
    found = f"{traces}.find(trace => trace.name.includes('mine'))?.y.length"
    # What it was before the training, and its epochs.
    page.wait_for_function(f"{found} === 1 + 2")
    # What was chosen survives the news.
    assert page.evaluate("document.querySelector('[data-plot=loss]').layout.xaxis.range") == [5, 15]
    chip = page.locator(".pd-chip[data-toggle=reference-lora-1]")
    assert chip.get_attribute("aria-pressed") == "false"
    page.reload()
    row(page, name).wait_for()
    row(page, "IA3, recommended").locator("[data-pin][aria-pressed=true]").wait_for()
    assert chip.get_attribute("aria-pressed") == "false"
    open_tab(page, "Review")
    page.fill("#review textarea", "Lovely.")
    page.locator("#cards .pd-card").nth(4).wait_for()
    # The newest run is asked without being chosen.
    assert page.locator("#cards .pd-card h3", has_text=name).count() == 1


LONG = "method=lora&num_train_epochs=50&num_reviews=2000&max_length=16&num_test_reviews=50"
LAST_SEEN = ".pd-rows tr >> nth=4"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_what_was_started_moves_on_the_first_screen(app, visit, width, height):
    name = f"seen at {width}"
    page = visit(width, height).open(f"{app.url}?{LONG}&name=seen+at+{width}")
    page.locator("[data-strip=idle] [data-question]").nth(2).wait_for()
    page.wait_for_function("document.querySelector('#num_reviews input').value === '2000'")
    if width >= 768:
        page.wait_for_function("document.querySelector('[data-plot=loss]')?.data")
        for place in ("[data-plot=eval_accuracy]", "[data-plot=loss]", ".pd-latest h2", LAST_SEEN):
            box = page.locator(place).bounding_box()
            assert box["y"] + box["height"] < height, place
    else:
        page.locator(".pd-form-toggle").click()
    page.click("#start")
    # Before the server has answered.
    assert page.locator("[data-strip=going] .pd-busy").count() == 1
    page.locator("[data-strip=going]", has_text=name).wait_for()
    page.locator("[data-strip=going]", has_text=re.compile("step [1-9]")).wait_for()
    page.wait_for_function("document.querySelector('.pd-strip').checkVisibility()")
    box = page.locator(".pd-strip").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] < height / 2
    if width < 768:
        page.locator("[data-strip=going] [data-action=stop]").click()
    else:
        row(page, name).get_by_role("button", name=f"Stop and keep {name}").click()
        page.get_by_text("no whole epoch yet that could be kept").wait_for()
        row(page, name).get_by_role("button", name=f"Stop {name}").click()
        wait_for_state(page, name, "cancelled")
        row(page, name).get_by_role("button", name=f"Details of {name}").click()
    page.locator("[data-strip=ended]", has_text=name).wait_for()
    if width >= 768:
        page.locator("dialog[open]").get_by_role("button", name="Delete").click()
        return row(page, name).wait_for(state="detached")
    page.locator("[data-strip-close]").click()
    page.locator("[data-strip=idle]").wait_for()


def test_the_page_answers_before_torch_is_there_and_comes_back_when_its_server_died(
    tmp_path, visit
):
    app = App(tmp_path / "home")
    app.start()
    try:
        page = visit().open(app.url)
        assert page.locator(".pd-models").get_attribute("data-state") == "loading"
        # A review that is sent now is answered, not lost.
        open_tab(page, "Review")
        page.click("#example-0")
        page.wait_for_function("document.querySelector('#review textarea').value !== ''")
        page.locator("#cards .pd-card").first.wait_for(timeout=120_000)
        assert page.locator("#cards .pd-card").count() == 4
        wait_for_models(page)
        open_tab(page, "Train")
        fill_small(page, "cut short", epochs=50, reviews=2000)
        page.click("#start")
        wait_for_state(page, "cut short", "running")
        app.kill()
        page.locator(".pd-models", has_text="No connection").wait_for()
        silent_for(tmp_path / "home", "run-000001", 100)  # a minute is long for a test
        app.start()
        wait_for_models(page)
        wait_for_state(page, "cut short", "interrupted")
    finally:
        if app.process.poll() is None:
            app.stop()


class TestOnePage:
    """What needs no page of its own."""

    @pytest.fixture
    def page(self, same_page):
        return same_page

    def test_every_control_has_a_name_and_help(self, page):
        nameless = page.evaluate(
            """[...document.querySelectorAll('button, input, textarea, select')]
            // what is not seen has no text, and is read by nobody
            .filter(e => e.checkVisibility({ visibilityProperty: true })
                && !(e.innerText?.trim() || e.ariaLabel || e.labels?.length
                    || e.title || e.closest('label')))
            .map(e => e.outerHTML.slice(0, 120))"""
        )
        assert nameless == []

    def test_the_keyboard_reaches_start_and_its_focus_is_seen(self, page):
        # What stands before the button has one of its own once it is told.
        page.locator("#brief button").first.wait_for()
        page.locator("#start").focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert page.evaluate("document.activeElement.id") == "start"
        assert outline == "solid"

    def test_a_figure_is_kept_seen_large_and_has_no_button_that_uploads_it(self, page):
        plot = page.locator("[data-plot=eval_accuracy]")
        page.wait_for_function(
            "document.querySelector('[data-plot=eval_accuracy]')?.data?.length >= 7"
        )
        assert page.locator(".modebar").count() == 0
        assert "4 runs: 46.9 %" in plot.inner_text().replace("\u00a0", " ")
        with page.expect_download() as kept:
            page.get_by_role("button", name="Save Validation accuracy as PNG").click()
        assert kept.value.suggested_filename == "validation-accuracy.png"
        assert Path(kept.value.path()).read_bytes().startswith(b"\x89PNG")
        page.get_by_role("button", name="Validation accuracy on the full screen").click()
        page.wait_for_function(
            "document.fullscreenElement?.querySelector('[data-plot]').layout.height > 500"
        )
        page.keyboard.press("Escape")
        page.evaluate("document.fullscreenElement && document.exitFullscreen()")
        page.wait_for_function(
            "document.querySelector('[data-plot=eval_accuracy]').layout.height === 236"
        )

    def test_details_show_the_assignments_table(self, page):
        row(page, "LoRA 1 (assignment)").get_by_role("button", name="Details").click()
        dialog = page.locator("dialog[open]")
        dialog.wait_for()
        assert dialog.locator(".pd-epochs tbody tr").count() == 10
        text = dialog.inner_text()
        for part in ("No log", "1,179,648", "148,610", "global_step", "total_flos", "Wilson"):
            assert part in text
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")

    def test_either_loss_stands_beside_the_accuracy(self, page):
        training, validation = (page.locator(f"[data-plot={key}]") for key in ("loss", "eval_loss"))
        training.wait_for()
        assert not validation.is_visible()
        page.get_by_role("button", name="Validation loss", exact=True).click()
        validation.locator("svg").first.wait_for()
        assert not training.is_visible()
        assert validation.evaluate("plot => plot.querySelector('svg').clientWidth") > 200

    def test_a_question_fills_form_and_sweep(self, page):
        page.get_by_role("button", name="Is a higher rank better?").click()
        page.locator("#sweep-count", has_text="3 runs").wait_for()
        assert page.locator("#sweep-values-1 .token").all_inner_texts() == ["1", "8", "64"]
        assert page.locator("#queue-all").inner_text().startswith("Queue 3 runs")
        assert page.input_value("#learning_rate textarea, #learning_rate input") == "0.002"
        assert page.locator("#race input").is_checked()
        # They are named after their settings, until somebody types a name.
        assert page.input_value("#name textarea, #name input") == ""

    def test_a_bad_value_behind_more_settings_comes_into_sight(self, page):
        open_part(page, "#more-settings")
        page.fill("#seed input", "-4")
        page.locator("#more-settings > button").click()
        page.click("#start")
        sentence = page.locator("#seed", has_text="between 0 and 4,294,967,295, got -4")
        sentence.wait_for()
        assert sentence.is_visible()

    def test_bad_values_are_told_at_their_fields_and_nothing_is_lost(self, page):
        page.fill("#name textarea, #name input", "kept")
        page.fill("#learning_rate textarea, #learning_rate input", "fast")
        page.click("#start")
        page.locator(
            "#learning_rate", has_text='a number between 1e-7 and 1, got "fast"'
        ).wait_for()
        assert page.input_value("#name textarea, #name input") == "kept"
        set_number(page, "lora-r", 1000)
        assert page.input_value("#lora-r input[type=number]") == "1000"
        page.click("#start")
        page.locator("#lora-r", has_text="between 1 and 256, got 1000").wait_for()

    def test_a_preset_fills_the_form_and_a_later_change_is_kept(self, page):
        page.locator("#preset input").click()
        page.get_by_role("option", name="LoRA 3 (assignment)").click()
        page.wait_for_function(
            "document.querySelector('#lora-r input[type=number]').value === '32'"
        )
        assert page.input_value("#learning_rate textarea, #learning_rate input") == "2e-5"
        set_number(page, "lora-r", 33)
        set_number(page, "num_train_epochs", 9)
        assert page.input_value("#lora-r input[type=number]") == "33"
        assert page.input_value("#num_train_epochs input[type=number]") == "9"
