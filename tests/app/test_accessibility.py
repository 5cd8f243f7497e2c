"""What axe-core finds on the page: nothing that WCAG 2.2 AA forbids, in any colours."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TABS = ("Train", "Method", "Runs", "Compare", "Review", "Learn")
THERE = {
    "Train": ".pd-rows tr",
    "Method": ".pd-net",
    "Runs": ".pd-runs tbody tr",
    "Compare": ".pd-compare [data-plot=forest] svg",
    "Review": "#review textarea",
    "Learn": ".pd-lessons",
}
"""What a tab has once it is drawn."""


def findings(page):
    """Rules that are broken, with the elements that break them."""
    options = {"runOnly": WCAG, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize(
    ("scheme", "forced"), [("light", "none"), ("dark", "none"), ("light", "active")]
)
def test_every_tab(app, visit, scheme, forced):
    page = visit(color_scheme=scheme, forced_colors=forced).open(f"{app.url}/?__theme={scheme}")
    page.locator(".pd-models[data-state=ready]").wait_for(timeout=120_000)
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(THERE[tab]).first.wait_for(timeout=120_000)
        assert findings(page) == {}, tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens(app, visit, scheme):
    page = visit(color_scheme=scheme).open(f"{app.url}/?__theme={scheme}")
    for panel in ("#more-settings", "#several", "#transfer"):
        page.locator(f"{panel} > button").click()
    page.locator("#paste textarea").wait_for()
    assert findings(page) == {}
    page.locator("[data-run=reference-lora-1] [data-action=details]").click()
    page.locator("dialog .pd-epochs").wait_for()
    assert findings(page) == {}


def test_on_a_phone(app, visit):
    page = visit(390, 844).open(app.url)
    assert findings(page) == {}
    page.locator(".pd-form-toggle").click()
    page.locator("#start").wait_for()
    assert findings(page) == {}
