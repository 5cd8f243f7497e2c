"""The German page has no English word outside data, code and names."""

import re

from english import english_in

VISIBLE = """() => {
  const program = "script, style, code, kbd, pre, textarea, ";
  const other = `${program}[lang=en], [id^=example], .pd-review, a[href^=http]`;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const around = node.parentElement;
    if (around.checkVisibility() && !around.closest(other)) found.push(node.data.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
    if (!element.checkVisibility() || element.closest(other)) continue;
    for (const name of ["aria-label", "title", "placeholder"])
      found.push(element.getAttribute(name) ?? "");
  }
  return found;
}"""

QUOTED = re.compile(r'"[^"]*"', re.DOTALL)
"""What is quoted are reviews, and what people typed."""


def english_on(page):
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
    page.wait_for_timeout(200)
    return english_in({QUOTED.sub("", text) for text in page.evaluate(VISIBLE)})


def test_no_tab_has_an_english_word(app, visit):
    page = visit().open(f"{app.url}/de/?method=lora&r=999")
    page.get_by_text("Der Link ist nicht brauchbar: r: erlaubt ist").wait_for()
    found = {}
    for tab in page.locator("#tabs [role=tab]:visible").all():
        tab.click()
        page.wait_for_timeout(700)
        if english := english_on(page):
            found[tab.inner_text()] = english
    assert found == {}
