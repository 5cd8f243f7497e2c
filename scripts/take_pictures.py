"""Takes the README's pictures of the page: ``python scripts/take_pictures.py http://127.0.0.1:7860``.

Of a web app without own runs that this machine serves: it trains the quick demo, and needs Chromium
(``scripts/install_chromium.py``).
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from install_chromium import find_chromium
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

DOCS = Path(__file__).parent.parent / "docs"
ASSIGNMENT = "reference-lora-1,reference-lora-2,reference-lora-3,reference-ia3"
RECOMMENDED = ",".join(f"reference-recommended-{name}" for name in ("lora", "ia3", "head-only"))
MINUTE = 60_000
"""Milliseconds: of a busy machine."""


def take(page: Page, name: str) -> None:
    """Keep what the window shows once nothing is waited for, nor moves."""
    expect(page.locator(".pd-line")).to_have_count(0, timeout=MINUTE)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1_500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(DOCS / f"{name}.png", optimize=True)


def training(page: Page) -> None:
    """The first page while a run trains that has an epoch already."""
    page.get_by_role("button", name="Start training").click()
    curve = page.locator("[data-plot=eval_accuracy]")
    own = re.compile("dropout.* ends at")
    expect(curve).to_have_attribute("aria-label", own, timeout=5 * MINUTE)
    take(page, "training")


def compare(page: Page) -> None:
    """The verdict on the assignment's four."""
    drawn = page.locator(".pd-compare [data-plot=accuracy] .main-svg").first
    expect(drawn).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("Counting words …")).to_have_count(0, timeout=MINUTE)
    take(page, "compare")


def challenge(page: Page) -> None:
    """What three recommended adapters understand, of those that are compared."""
    page.get_by_role("button", name="Ask the runs above").click()
    head = page.locator(".pd-understood thead")
    expect(head).to_contain_text("TF-IDF", timeout=5 * MINUTE)
    page.locator(".pd-understood").evaluate("part => part.scrollIntoView({ block: 'start' })")
    page.evaluate("window.scrollBy(0, -120)")  # what stands at the top stays there
    take(page, "challenge")


def why(page: Page) -> None:
    """What each word contributes to what two adapters say."""
    page.get_by_role("tab", name="Review", exact=True).click()
    page.locator("#example-2").click()
    page.get_by_role("button", name="Why do they say so?").click()
    expect(page.locator(".pd-why article").first).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("more on their way")).to_have_count(0, timeout=MINUTE)
    page.locator(".pd-why").evaluate("part => part.scrollIntoView({ block: 'start' })")
    page.evaluate("window.scrollBy(0, -120)")
    take(page, "why")


def main(address: str) -> None:
    """All of them, one after the other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page.goto(address)
        expect(page.locator(".pd-models")).to_have_attribute("data-state", "ready", timeout=MINUTE)
        training(page)
        page.goto(f"{address}?view=compare&run_ids={ASSIGNMENT}")
        compare(page)
        page.goto(f"{address}?view=compare&run_ids={RECOMMENDED}")
        challenge(page)
        why(page)


if __name__ == "__main__":
    main(sys.argv[1])
