"""Texts in which terms of the glossary are buttons: of lessons, and of every page."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from markupsafe import Markup

from peft_demo.languages import language
from peft_demo.lessons.glossary import Term, mark
from peft_demo.lessons.prose import html_of
from peft_demo.ui.formats import glued


def prose(text: str) -> Markup:
    """A text as HTML; what looks like HTML in it stays text."""
    return _prose(text, language())


@lru_cache(maxsize=512)
def _prose(text: str, _language: str) -> Markup:
    return Markup(mark(html_of(text), term_button))


def marked(sentence: str) -> Markup:
    """A sentence of a verdict, its terms linked."""
    return Markup(mark(str(Markup.escape(glued(sentence))), term_button))


def glossed(*pieces: str) -> list[Markup]:
    """Pieces of one page in their order, each term linked where it first stands in them."""
    used: set[str] = set()
    return [Markup(mark(piece, term_button, used=used)) for piece in pieces]


def term_button(term: Term, written: str) -> str:
    """A term that says what it means when it is pressed."""
    # The name is written as it stands in a text that is HTML already.
    target = escape(f"pd-term-{term.id}")
    return f'<button type="button" class="pd-term" popovertarget="{target}">{written}</button>'
