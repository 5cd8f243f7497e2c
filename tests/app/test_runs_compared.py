"""Comparing runs on the real page."""

import re

import pytest
from test_accessibility import findings_in_all_looks
from visiting import Visit

from peft_demo.runs.presets import REFERENCES

pytestmark = pytest.mark.browser

TWO = ("reference-recommended-lora", "reference-recommended-ia3")


@pytest.fixture(scope="module")
def window(chromium):
    """One for all, as to load the page takes longer than most of these tests."""
    window = Visit(chromium)
    yield window
    assert window.errors == []
    window.context.close()


@pytest.fixture
def page(window, full_app):
    """Where a comparison is seen."""
    window.see(1440, 900, "light")
    if not window.page.url.startswith("http"):
        follow(window.page, full_app, f"view=compare&run_ids={TWO[0]}")
    return window.page


def follow(page, app, query):
    """Open a link to the compare page, where the training page's tiles are out of sight."""
    page.goto(f"{app.url}?{query}")
    page.locator(".pd-compare .pd-verdicts p").first.wait_for()


def press_elsewhere(page, attribute, value):
    """Open a comparison as the page's other parts do."""
    page.evaluate(
        """([attribute, value]) => { const button = document.createElement("button");
        button.setAttribute(attribute, value); document.body.append(button);
        button.click(); button.remove(); }""",
        [attribute, value],
    )


def compare(page, *run_ids):
    """The page with these runs beside each other."""
    if page.evaluate("ids => location.search.endsWith(ids)", ",".join(run_ids)):
        return
    page.evaluate(
        "document.querySelectorAll('.pd-verdicts p').forEach(each => { each.dataset.old = '' })"
    )
    press_elsewhere(page, "data-open-runs", ",".join(run_ids))
    page.wait_for_function("ids => location.search.endsWith(ids)", arg=",".join(run_ids))
    page.locator(".pd-verdicts [data-old]").first.wait_for(state="detached")
    page.locator(".pd-verdicts p").first.wait_for()


def plot(name):
    """JavaScript for a figure of the page; the training page has some of the same name."""
    return f"document.querySelector('.pd-compare [data-plot={name}]')"


def verdict(page):
    return page.locator(".pd-verdicts").inner_text().replace("\u00a0", " ")


def wait_for_baselines(page):
    page.wait_for_function(
        "document.querySelector('.pd-sentence') && !document.querySelector('.pd-pending')",
        timeout=120_000,
    )


def test_a_link_with_two_runs_shows_their_verdict_first(page, full_app):
    follow(page, full_app, f"view=compare&run_ids={','.join(TWO)}")
    first = page.locator(".pd-sentence").first.inner_text()
    assert first.startswith("LoRA, recommended is better than IA3, recommended by 3.0 points")
    assert "They disagree on 100" in first
    wait_for_baselines(page)
    assert "both beat counting words" in verdict(page)
    page.wait_for_function(f"{plot('accuracy')}?.data?.length === 2")
    label = page.locator("[data-plot=accuracy]").get_attribute("aria-label").replace("\u00a0", " ")
    assert "LoRA, recommended 83.9 % (81.5 % to 86.0 %)" in label
    for baseline in ("Guessing 50.0 %", "TF-IDF", "Head only 70.1 %"):
        assert baseline in label
    texts = page.evaluate(f"{plot('eval_accuracy')}.layout.annotations.map(a => a.text)")
    assert len(texts) == 5  # three baselines, and each run at its end
    rows = page.locator("[data-part=differences] tbody tr")
    assert "Method" in rows.first.inner_text()
    assert page.locator("[data-part=results] tbody tr", has_text="Brier").count() == 1


def test_eight_runs(page):
    compare(page, *(f"reference-{preset}" for preset in REFERENCES), "run-000001")
    assert "LoRA, recommended (83.9 %) is better than all the others." in verdict(page)
    wait_for_baselines(page)
    text = verdict(page)
    assert re.search(r"LoRA 1 \(assignment\).* are worse than counting words", text)
    assert page.locator("[data-part=pairs] tbody tr").count() == 28
    assert page.locator(".pd-result").count() == 8
    colours = page.evaluate(f"{plot('accuracy')}.data.map(trace => trace.marker.color)")
    assert len(set(colours)) == 8
    nameless = page.evaluate(
        """[...document.querySelectorAll(':is(button, input, select)')]
        .filter(e => e.closest(".pd-compare") && e.offsetParent)
        .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))
        .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def test_axes_of_curves_and_of_quality_against_cost_are_changed(page):
    compare(page, *TWO)
    page.wait_for_function(f"{plot('pareto')}?.data")
    page.select_option("[data-option=across]", "file_bytes")
    page.wait_for_function(f"{plot('pareto')}.ariaLabel.includes('against File size')")
    page.select_option("[data-option=x]", "seconds")
    page.wait_for_function(f"{plot('loss')}.layout.xaxis.title.text.startsWith('seconds')")
    page.locator("[data-option=log]").check()
    page.wait_for_function(f"{plot('loss')}.layout.yaxis.type === 'log'")
    # For those that come after.
    page.locator("[data-option=log]").uncheck()
    page.select_option("[data-option=x]", "epochs")
    page.select_option("[data-option=across]", "trained_parameters")


def test_a_review_that_splits_them_opens_on_the_review_page(page):
    compare(page, *TWO)
    first = page.locator(".pd-review").first
    first.wait_for()
    excerpt = first.inner_text().removesuffix(" …")
    assert "Some right, some wrong" in page.locator("[data-part=lists]").inner_text()
    first.click()
    page.locator("#cards .pd-card").nth(1).wait_for()
    assert page.input_value("#review textarea").startswith(excerpt)
    assert page.locator("#cards .pd-card").count() == 2
    assert "disagree" in page.locator(".pd-agreement").inner_text()
    # The address was the comparison's; it is not the review page's.
    assert "view=compare" not in page.evaluate("location.search")


def test_what_cannot_be_compared_is_told_until_enough_is_chosen(page):
    compare(page, *TWO, "run-000777")
    assert 'There is no run "run-000777"' in verdict(page)
    assert "LoRA, recommended is better" in verdict(page)
    compare(page, TWO[0], "run-000777")
    page.locator("[data-remove=run-000777]").first.click()
    page.locator(".pd-verdicts", has_text="One run is no comparison").wait_for()
    page.locator("[data-remove]").click()
    page.locator(".pd-verdicts", has_text="Choose two to eight runs").wait_for()
    page.locator(".pd-picker summary").click()
    for run_id in TWO:
        page.fill(".pd-filter", run_id)
        page.locator(f".pd-compare input[value={run_id}]").check()
    page.locator(".pd-sentence", has_text="LoRA, recommended is better").wait_for()
    assert page.evaluate("location.search") == f"?view=compare&run_ids={','.join(TWO)}"
    for fault in ("run-000777", "no comparison"):
        assert fault not in verdict(page)
    page.fill(".pd-filter", "head only, recommended")
    page.locator("[data-part=list] input").first.check()
    page.locator(".pd-sentence", has_text="better than all the others").wait_for()
    assert "reference-recommended-head-only" in page.evaluate("location.search")
    page.reload()
    page.locator(".pd-sentence", has_text="better than all the others").wait_for()


def test_a_group_page_has_means_over_seeds(page):
    press_elsewhere(page, "data-open-group", "group-000001")
    page.locator(".pd-verdicts", has_text="two <b>ranks</b>").wait_for()
    assert "two <b>ranks</b>" in verdict(page)
    assert "The highest of 2 test accuracies is" in verdict(page)
    page.wait_for_function(f"{plot('accuracy')}?.data")
    assert page.locator("[data-part=configurations] tbody tr").count() == 2
    page.wait_for_function(f"{plot('eval_accuracy')}.data.some(t => t.fill === 'tonexty')")
    assert findings_in_all_looks(page) == {}
    page.get_by_role("button", name="Compare the best 2").click()
    page.locator("[data-part=pairs] tbody tr").first.wait_for(state="attached")


def test_four_runs_on_a_phone_and_on_paper(window, page, full_app):
    four = [*TWO, "reference-recommended-head-only", "reference-lora-1"]
    page.evaluate("localStorage.clear()")  # or it would be light again
    window.see(390, 844, "dark")
    follow(page, full_app, f"view=compare&run_ids={','.join(four)}")
    page.wait_for_function(f"{plot('pareto')}?.data")
    page.locator(".pd-review").first.wait_for()
    assert page.evaluate("document.documentElement.scrollHeight") < 5_400
    # A link stops below the links, and opens what is folded.
    page.get_by_role("link", name="Pairs").press("Enter")
    page.locator("[data-part=pairs] tbody tr").first.wait_for()
    page.get_by_role("link", name="Cost").press("Enter")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('.pd-above').getBoundingClientRect().bottom -"
        " document.querySelector('[data-fold=cost]').getBoundingClientRect().top) < 24"
    )
    # What was opened stays so in the next comparison.
    page.locator("[data-remove]").last.click()
    page.locator("[data-part=pairs] tr", has_text="Head only").first.wait_for()
    page.wait_for_function("document.querySelectorAll('[data-part=pairs] tbody tr').length === 3")
    assert page.locator("[data-fold=pairs]").get_attribute("open") is not None
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    bars = "#sidebar, #tabs [role=tab], .pd-compare :is(.pd-button, .pd-switch, select, nav)"
    shown = page.locator(f":is({bars}):visible")
    assert shown.count() == 0
    assert page.locator(".pd-compare-body details:not([open])").count() == 0
    heading = page.locator(".pd-paper").inner_text()
    assert "LoRA, recommended · IA3, recommended" in heading
    assert f"{full_app.url}/?view=compare&run_ids={TWO[0]}" in heading
    wide = "[...document.querySelectorAll('.pd-compare .js-plotly-plot')].map(p => p.clientWidth)"
    assert max(page.evaluate(wide)) <= 181 / 25.4 * 96
    assert not page.evaluate("document.body.classList.contains('dark')")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.body.classList.contains('dark')")
    assert page.locator("[data-fold=results]").get_attribute("open") is None
