"""Texts of lessons as HTML: Markdown, with formulas as MathML."""

from __future__ import annotations

import re
from functools import lru_cache

from latex2mathml import converter
from markdown_it import MarkdownIt
from markupsafe import Markup

from peft_demo.languages import in_signs, language

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.S)
_NUMBER = re.compile(r"(?<=<mn>)[\d.]+(?=</mn>)")
# Of a private part of Unicode, so that no text has it.
_PLACE = re.compile("\ue000(\\d+)\ue001")


def html_of(text: str, *, inline: bool = False) -> Markup:
    """A text as HTML, ``inline`` without a paragraph around it; what looks like HTML stays text.

    Numbers in formulas have a point in the text, and the current language's sign in the HTML.
    """
    return _html_of(text, inline, language())


@lru_cache(maxsize=512)
def _html_of(text: str, inline: bool, _language: str) -> Markup:
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        display = "block" if match[1] else "inline"
        formula = converter.convert(match[1] or match[2], display=display)
        formulas.append(_NUMBER.sub(lambda number: in_signs(number[0]), formula))
        return f"\ue000{len(formulas) - 1}\ue001"

    kept = _FORMULA.sub(keep, text)
    html = _MARKDOWN.renderInline(kept) if inline else _MARKDOWN.render(kept)
    return Markup(_PLACE.sub(lambda place: formulas[int(place[1])], html))
