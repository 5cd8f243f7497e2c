"""What axe-core finds on the page: nothing that WCAG 2.2 AA forbids, in any colours."""

import random
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from known_answers import TWO, know
from seeded_runs import seed_one

from peft_demo import settings
from peft_demo.methods import METHODS
from peft_demo.storage import Store

pytestmark = pytest.mark.browser

AXE = Axe().axe_script
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that may differ between looks."""
LOOKS = (("light", "none"), ("dark", "none"), ("light", "active"))
"""Colours of the page, and whether the system forces its own."""
SETTLED = """!document.getAnimations().some(each =>
    each.playState === "running" && each.effect.getComputedTiming().endTime < Infinity)"""


def findings(page, part=None, rules=WCAG):
    """Rules that are broken in a part of the page, or all of it, with the elements that do it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate(
        "async ([part, options]) => (await axe.run(part ?? document, options)).violations",
        [part, options],
    )
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}


REDRAW = "document.querySelector('.pd-theme').click()"
RESTYLE = "document.body.classList.toggle('dark')"
"""The same without the page's charts, which takes far less long."""
REFUSES = """part => [...document.querySelectorAll(`${part}, ${part} *`)].some(each =>
    getComputedStyle(each).forcedColorAdjust === "none")"""
"""Whether colours of the page stay where the system forces its own."""


def findings_in_all_looks(page, part=None):
    """The findings by look; a part that leaves all colours to a system that forces them has none
    of its own there."""
    found = {}
    was_dark = is_dark = page.evaluate("document.body.classList.contains('dark')")
    has_charts = not part or page.locator(part).locator(".js-plotly-plot").count() > 0
    # The one that is there comes first: with another, all charts are drawn anew.
    for scheme, forced in sorted(LOOKS, key=lambda look: (look[0] == "dark") != is_dark):
        page.emulate_media(forced_colors=forced)
        if forced == "active" and part and not page.evaluate(REFUSES, part):
            continue
        if is_dark != (scheme == "dark"):
            page.evaluate(REDRAW if has_charts else RESTYLE)
            is_dark = not is_dark
        page.wait_for_function(SETTLED)  # colours that are on their way have no contrast yet
        found[scheme, forced] = findings(page, part, OF_COLOURS if found else WCAG)
    if not has_charts and is_dark != was_dark:
        page.evaluate(RESTYLE)
    return {look: rules for look, rules in found.items() if rules}


def to(tab, there):
    def go(page):
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(there).first.wait_for(timeout=120_000)

    return go


def press(*selectors, there):
    def go(page):
        for selector in selectors:
            page.locator(selector).first.click()
        page.locator(there).first.wait_for()

    return go


def leave_dialog(page):
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def to_the_end_of_the_form(page):
    """Where its foot, which stands over what is scrolled, cuts no control in two."""
    page.wait_for_function(SETTLED)
    page.locator("#transfer").evaluate("part => part.scrollIntoView({ block: 'end' })")


def look_inside(page):
    page.locator("dialog [data-ask=inside]").click()
    page.locator("dialog .pd-heat").wait_for(timeout=120_000)


def close_popover(page):
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector(':popover-open')")


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


STATES = (
    (None, to("Train", ".pd-rows tr")),
    (
        ".pd-machines",
        press(".pd-machines summary", there=".pd-machines [data-ask=machines]"),
    ),
    ("#lora-r-help", press("#lora-r .pd-info", there="#lora-r-help:popover-open")),
    (".pd-languages", press(".pd-language", there=".pd-languages:popover-open")),
    (
        "#sidebar",
        close_popover,
        # A question opens the part for sweeps, with its values as chips.
        press("[data-question=rank]", there="#sweep-values-1 .token"),
        press(
            *(f"{panel} > button" for panel in ("#more-settings", "#transfer")),
            there="#paste textarea",
        ),
        to_the_end_of_the_form,
    ),
    (
        "dialog",
        press("[data-run=reference-lora-1] [data-action=details]", there="dialog .pd-epochs"),
        look_inside,
        unfold,
    ),
    (None, leave_dialog, to("Method", ".pd-net")),
    (None, to("Runs", ".pd-runs tbody tr")),
    (".pd-menu", press(".pd-runs .pd-menu button", there="[data-column=rate]")),
    ("dialog", press(".pd-runs tbody [data-edit]:visible", there="dialog [name=note]")),
    (
        "dialog[open]",
        leave_dialog,
        press(".pd-runs tbody input", "[data-do=tag]", there="dialog[open] [name=tags]"),
    ),
    (None, leave_dialog, to("Compare", ".pd-compare [data-plot=accuracy] svg"), unfold),
    (
        None,
        to("Review", "#review textarea"),
        press("#example-3", there="#cards .pd-fooled"),
        press("#import > button", there="#adapter-name"),
        press("#strength > button", there="#strength-dial input"),
    ),
    ("#adapters", press("#adapters input", there="#adapters [role=option]")),
    (
        None,
        to("Data", "#data-file"),
        press("#data-way label:last-child", there="#data-label-1"),
        press("#data-look", there="#data-file-problem .pd-problem"),
    ),
    (
        None,
        to("Learn", ".pd-lessons li"),
        press("#set-challenge > button", there="#challenge-title:visible"),
    ),
    (
        ".pd-term-box:popover-open",
        press("#learn .pd-term", there=".pd-term-box:popover-open"),
    ),
    (".pd-lesson", close_popover, press("[data-start-lesson]", there=".pd-lesson .pd-prose")),
)
"""What is looked at, None for all of the page, and how it is reached from the one before."""


@pytest.fixture
def own_run(app):
    """A run that can be edited; a failed one, so that nobody asks its adapter."""
    store = Store(app.home)
    run_id = seed_one(store, 9, random.Random(1))
    yield run_id
    store.delete(run_id)
    store.close()


WIDTH = "document.documentElement.scrollWidth"


def findings_along(page, states):
    """By number and part, of states that follow from each other."""
    found = {}
    for number, (part, *ways) in enumerate(states):
        for go in ways:
            go(page)
        if rules := findings_in_all_looks(page, part):
            found[number, part] = rules
        assert page.evaluate(WIDTH) <= page.viewport_size["width"], number
    return found


def test_every_tab_dialog_and_open_panel(app, visit, own_run):
    page = visit(color_scheme="light").open(app.url)
    page.locator(".pd-models[data-state=ready]").wait_for(timeout=120_000)
    assert findings_along(page, STATES) == {}


FILE = "text,label\nA wonderful film.,positive\nAwful.,negative\nNice,splendid\n"


def give_a_file(page):
    page.locator("#many > button").click()
    page.locator("#many .pd-drop input[type=file]").set_input_files(
        {"name": "reviews.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    page.locator("#many-shown tbody td").first.wait_for()


LAB = (
    (
        "#understanding",
        press("#own-pairs > button", "[data-tell=challenged]", there=".pd-understood .pd-cell"),
        lambda page: page.locator(".pd-understood thead", has_text="TF-IDF").wait_for(),
    ),
    ("dialog[open]", press(".pd-understood .pd-cell", there="dialog[open] [data-tell=recalled]")),
    ("#mixing", leave_dialog, press("[data-tell=mixed]", there="#mix-line svg")),
    (".pd-inside", unfold, press(".pd-compare [data-ask=mapped]", there=".pd-map .pd-dot")),
    (
        "#why-shown",
        lambda page: page.locator(".pd-map .pd-dot").first.press("Enter"),
        lambda page: page.locator("#cards .pd-card").wait_for(),
        press("#why-ask", there="#why-shown article"),
        unfold,
    ),
    (
        "#cards",
        press("[data-ask=challenge_next]", there="[data-ask=challenge_next][aria-pressed=true]"),
    ),
    ("#strength", press("#strength > button", "#strength-curve", there="#strength-shown .pd-heat")),
    ("#many", give_a_file),
)
"""The review lab's answers, from the comparison of two runs to one of them on the Review page."""


def test_what_the_review_lab_answers(app, visit):
    store = Store(app.home, settings.ADAPTERS)
    know(store)
    store.close()
    page = visit(color_scheme="light").page
    page.goto(f"{app.url}?view=compare&run_ids={','.join(TWO)}")
    page.locator(".pd-compare .pd-verdicts p").first.wait_for()
    assert findings_along(page, LAB) == {}


def test_while_it_is_presented(app, visit):
    page = visit().open(f"{app.url}?present=1")
    page.locator(".pd-rows tr").first.wait_for(timeout=120_000)
    assert findings(page) == {}
    press("[popovertarget=pd-you]", there="#pd-you form")(page)
    page.click("#pd-you summary")
    assert findings(page, "#pd-you") == {}
    press(".pd-keys-button", there="#pd-keys[open] .pd-qr svg")(page)
    assert findings(page, "dialog[open]") == {}


TABS = {
    "Train": ".pd-rows tr",
    "Runs": ".pd-runs tbody tr",
    "Compare": ".pd-compare [data-plot=accuracy] svg",
    "Review": "#review textarea",
    "Data": "#data-file",
    "Learn": ".pd-lessons li",
    "Method": ".pd-net",
}
"""Each with what is there once it is drawn."""


def test_on_a_phone_nothing_is_wider_than_the_window(app, visit):
    width = 390
    page = visit(width, 844).open(app.url)
    page.wait_for_function("document.querySelector('[data-plot=loss]')?.data")
    # The form does not cover the page.
    page.locator(".pd-chip").first.click()
    assert findings(page) == {}
    page.locator(".pd-form-toggle").click()
    page.locator("#start").wait_for()
    assert findings(page) == {}
    page.locator(".pd-form-toggle").click()
    for tab, there in TABS.items():
        to(tab, there)(page)
        page.wait_for_function(SETTLED)
        assert page.evaluate(WIDTH) <= width, tab
    # Those with the longest formulas: what else a method's page has is alike.
    drawn = [method for method in METHODS.values() if method.picture]
    for method in sorted(drawn, key=lambda method: len(method.picture.formula))[-8:]:
        page.locator(f".pd-pick[data-method={method.id}]").click()
        titled = re.compile(f"^{re.escape(method.label)}$")
        page.locator(".pd-method-text h2", has_text=titled).first.wait_for()
        assert page.evaluate(WIDTH) <= width, method.id
