"""Texts of lessons as HTML: Markdown, formulas as MathML, terms of the glossary as buttons."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from latex2mathml import converter
from markdown_it import MarkdownIt
from markupsafe import Markup

from peft_demo.lessons.glossary import Term, mark
from peft_demo.ui.formats import glued

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.S)
# Of a private part of Unicode, so that no text has it.
_PLACE = re.compile("\ue000(\\d+)\ue001")


@lru_cache(maxsize=512)
def prose(text: str) -> Markup:
    """A text as HTML; what looks like HTML in it stays text."""
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        display = "block" if match[1] else "inline"
        formulas.append(converter.convert(match[1] or match[2], display=display))
        return f"\ue000{len(formulas) - 1}\ue001"

    html = _MARKDOWN.render(_FORMULA.sub(keep, text))
    return Markup(mark(_PLACE.sub(lambda place: formulas[int(place[1])], html), term_button))


def marked(sentence: str) -> Markup:
    """A sentence of a verdict, its terms linked."""
    return Markup(mark(str(Markup.escape(glued(sentence))), term_button))


def term_button(term: Term, written: str) -> str:
    """A term that says what it means when it is pressed."""
    # The name is written as it stands in a text that is HTML already.
    target = escape(f"pd-term-{term.id}")
    return f'<button type="button" class="pd-term" popovertarget="{target}">{written}</button>'
