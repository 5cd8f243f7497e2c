"""What a configuration means, and taking it in and out, on the real page."""

import re
import shutil
from pathlib import Path

import pytest
from gradio_client import Client
from imported_adapters import members
from test_accessibility import leave_dialog
from test_browser import open_part, open_tab

from peft_demo.methods import METHODS, UNSUPPORTED
from peft_demo.models import BUILTIN_BASE
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store

pytestmark = pytest.mark.browser

SMALL_LINK = "num_reviews=40&num_train_epochs=1&max_length=16&num_test_reviews=50"


def adapter_parameters(page):
    text = page.locator("#brief .pd-cost").text_content()
    return int(re.search(r"([\d,]+) adapter", text)[1].replace(",", ""))


def wait_for_counts(page, wanted):
    page.wait_for_function(
        "n => document.querySelector('#brief .pd-cost')?.textContent.includes(`${n} adapter`)",
        arg=f"{wanted:,}",
    )


def open_method(page):
    open_tab(page, "Method")
    page.locator(".pd-net").wait_for(timeout=120_000)
    return page


class TestOnePage:
    """What the next one does not mind."""

    @pytest.fixture
    def method_page(self, same_page):
        return open_method(same_page)

    @pytest.fixture
    def page(self, same_page):
        open_tab(same_page, "Train")
        return same_page

    def test_counts_and_drawing_follow_a_slider(self, method_page):
        before = adapter_parameters(method_page)
        box = method_page.locator("#lora-r input[type=number]")
        box.fill("16")
        box.press("Tab")
        wait_for_counts(method_page, 2 * before)
        drawing = method_page.locator(".pd-net")
        method_page.locator(".pd-net", has_text="384 × 16 · 16 × 384").wait_for()
        assert drawing.get_attribute("role") == "img"
        assert "16" in drawing.locator("#net-description").text_content()
        assert f"{2 * before:,}" in method_page.locator(".pd-counts").inner_text()

    def test_every_method_is_in_the_table_and_can_be_chosen(self, method_page):
        gallery = method_page.locator("#gallery")
        for method in METHODS.values():
            assert gallery.locator(f".pd-pick[data-method={method.id}]").count() == 1
        for other in UNSUPPORTED:
            assert other.reason in gallery.inner_text()
        method_page.locator(".pd-pick[data-method=vera]").click()
        method_page.locator(".pd-method h2", has_text="VeRA").first.wait_for()
        method_page.locator("#vera-r").wait_for()
        assert not method_page.locator("#lora-r").is_visible()
        assert method_page.locator(".pd-formula math").count() == 1
        # A preset's name would belie it.
        assert method_page.input_value("#name textarea, #name input") == ""

    def test_script_and_notebook_of_the_form_and_of_a_run_are_downloaded(self, method_page):
        method_page.locator(".pd-pick[data-method=lora]").click()
        method_page.locator("#lora-r").wait_for()
        open_part(method_page, "#transfer")
        for kind, name in (("script", "train.py"), ("notebook", "train.ipynb")):
            with method_page.expect_download() as found:
                method_page.locator(f"#transfer [data-code={kind}]").click()
            assert found.value.suggested_filename == name
            text = Path(found.value.path()).read_text(encoding="utf-8")
            assert "LoraConfig(" in text
            assert "peft_demo" not in text
        open_tab(method_page, "Train")
        reference = method_page.locator(".pd-rows [data-run=reference-ia3]")
        reference.get_by_role("button", name="Details").click()
        with method_page.expect_download() as found:
            method_page.locator("dialog[open] [data-code=script]").click()
        assert "IA3Config(" in Path(found.value.path()).read_text(encoding="utf-8")
        leave_dialog(method_page)

    def test_a_refused_value_is_told_while_it_is_typed(self, method_page):
        page = method_page
        page.locator(".pd-pick[data-method=oft]").click()
        box = page.locator("#oft-oft_block_size input[type=number]")
        box.fill("33")
        box.press("Tab")
        page.locator("#brief", has_text="oft_block_size must divide").wait_for()
        page.click("#start")
        page.locator("#oft-oft_block_size", has_text="got 33").wait_for()

    def test_a_pasted_call_fills_the_form_and_names_what_it_cannot(self, page):
        open_part(page, "#transfer")
        page.fill(
            "#paste textarea",
            "LoraConfig(r=4, use_dora=True, target_modules=['q_lin'], lora_alpha=a)",
        )
        page.click("#paste-button")
        page.locator("#import-notes", has_text="lora_alpha=a in line 1").wait_for()
        page.wait_for_function("document.querySelector('#lora-r input[type=number]').value === '4'")
        assert page.input_value("#method input").startswith("DoRA")
        page.fill("#paste textarea", "LoraConfig(r=0, target_modules=['q_lin'])")
        page.click("#paste-button")
        page.locator("#paste", has_text="between 1 and 256").wait_for()

    def test_one_of_several_pasted_configurations_is_chosen(self, page):
        open_part(page, "#transfer")
        text = "a = LoraConfig(r=4)\nb = LoraConfig(r=2)"
        page.fill("#paste textarea", text)
        page.click("#paste-button")
        page.locator("#import-notes", has_text="2 configurations").wait_for()
        page.get_by_label("2. b, LoraConfig in line 2 (r=2)").check()
        page.wait_for_function("document.querySelector('#lora-r input[type=number]').value === '2'")
        assert page.input_value("#paste textarea") == text
        page.wait_for_function(
            "document.getElementById('import-notes').getBoundingClientRect().top >= 0"
        )

    def test_a_dropped_file_becomes_the_text(self, page):
        open_part(page, "#transfer")
        page.locator("#paste textarea").evaluate(
            """box => {
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File(["LoraConfig(r=6)"], "a.py"));
                box.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
            }"""
        )
        text = "document.querySelector('#paste textarea').value"
        page.wait_for_function(f"{text} === 'LoraConfig(r=6)'")
        page.click("#paste-button")
        page.wait_for_function("document.querySelector('#lora-r input[type=number]').value === '6'")

    def test_what_a_diagnosis_proposes_is_put_into_the_form(self, page):
        page.locator("[data-run=reference-lora-1] [data-action=details]").first.click()
        details = page.locator("dialog[open]")
        details.get_by_text("Never left guessing").wait_for()
        details.get_by_role("button", name="Again with a learning rate of 0.001").click()
        page.locator("#start-message", has_text="The form is filled.").wait_for()
        assert page.locator("dialog[open]").count() == 0
        assert page.input_value("#learning_rate textarea, #learning_rate input") == "0.001"
        assert page.input_value("#lora-r input[type=number]") == "64"
        assert (
            page.input_value("#name textarea, #name input") == ""
        )  # it is named after its settings


def test_a_link_fills_the_form_and_the_address_follows_it(app, visit):
    page = visit().open(f"{app.url}?method=vera&r=64&learning_rate=0.002")
    page.locator("#vera-r").wait_for()
    page.wait_for_function("document.querySelector('#vera-r input[type=number]').value === '64'")
    assert page.input_value("#learning_rate textarea, #learning_rate input") == "0.002"
    box = page.locator("#vera-r input[type=number]")
    box.fill("32")
    box.press("Tab")
    page.wait_for_function("location.search.includes('r=32')", timeout=120_000)
    assert "method=vera" in page.evaluate("location.search")


def test_a_range_test_suggests_a_rate_that_one_click_puts_into_the_form(app, visit):
    page = visit().open(f"{app.url}?method=ia3&{SMALL_LINK}&name=which+rate")
    page.wait_for_function("document.querySelector('#num_reviews input').value === '40'")
    page.click("#find-rate")
    card = page.locator(".pd-rows tr", has_text="which rate")
    card.locator(".pd-now", has_text="Details shows the curve").wait_for(timeout=240_000)
    text = card.inner_text()
    assert "Learning-rate range test" in text
    card.get_by_role("button", name="Details").click()
    dialog = page.locator("dialog[open]")
    page.wait_for_function("document.querySelector('dialog .pd-range')?.data?.length === 2")
    assert "Smith 2017" in dialog.inner_text()
    if "Suggests" in text:
        rate = dialog.locator("[data-rate]").get_attribute("data-rate")
        dialog.locator("[data-rate]").click()
        page.wait_for_function(
            "rate => Number(document.querySelector('#learning_rate textarea, #learning_rate input')"
            ".value) === Number(rate)",
            arg=rate,
        )
    # And by the API.
    (run, *_) = Client(app.url, verbose=False).predict(api_name="/list_runs")
    assert (run["kind"], run["config"]["name"]) == ("range_test", "which rate")
    rates = run["range_test"]["learning_rates"]
    assert rates == sorted(rates)
    assert len(run["range_test"]["losses"]) == len(run["range_test"]["smoothed"]) == len(rates)


def test_an_adapter_from_elsewhere_joins_the_review_page(app, page, tmp_path):
    """As Trainer leaves it, trained on a folder: it is asked which, and on what."""
    for place in ("", "checkpoint-5", "checkpoint-10"):
        folder = tmp_path / "from elsewhere" / place
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in members(ADAPTERS / "reference-ia3").items():
            (folder / name).write_bytes(data.replace(BUILTIN_BASE.encode(), b"./out/base"))
    archive = shutil.make_archive(
        str(tmp_path / "from elsewhere"), "zip", tmp_path / "from elsewhere"
    )
    open_tab(page, "Review")
    page.locator("#import button").first.click()
    page.locator("#adapter-max-length textarea, #adapter-max-length input").fill("16")
    page.set_input_files("#adapter-file input[type=file]", archive)
    page.locator("#adapter-adapter-problem", has_text="checkpoint-10").wait_for(timeout=120_000)
    page.click("#adapter-adapter input")
    page.get_by_role("option", name="checkpoint-10").click()
    page.click("#adapter-import")
    page.locator("#adapter-base-model-problem", has_text="./out/base").wait_for()
    assert page.locator("#adapter-adapter-problem").count() == 0
    page.click("#adapter-base-model input")
    page.get_by_role("option", name=BUILTIN_BASE).click()
    page.click("#adapter-import")
    page.locator("#imported", has_text="is in the queue for its test").wait_for(timeout=120_000)
    page.locator("#adapter-adapter").wait_for(state="hidden")
    page.fill("#review textarea", "A fine film.")
    asked = page.locator("#cards .pd-card h3", has_text="from elsewhere checkpoint-10")
    asked.wait_for(timeout=240_000)
    store = Store(app.home)
    assert [run.config.name for run in store.runs()].count("from elsewhere checkpoint-10") == 1
    store.close()
