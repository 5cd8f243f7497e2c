"""Texts from templates: one that ends in .html escapes what is put into it, in every room alike."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from peft_demo import formats
from peft_demo.languages import gettext, gettext_noop, ngettext, told

NUMBERS = (
    formats.whole,
    formats.number,
    formats.percent,
    formats.part,
    formats.points,
    formats.score,
    formats.signed,
    formats.dollars,
    formats.size,
    formats.seconds,
    formats.milliseconds,
)
"""How numbers are written, each a filter of its name."""


def environment(folder: Path, *, keep_trailing_newline: bool = False) -> Environment:
    """For a room's templates, in the current language; a fact that one lacks is an error.

    A room adds filters of its own to ``NUMBERS``.
    """
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html", "html.jinja"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    # What a text is in the current language is asked each time.
    made.install_gettext_callables(gettext, ngettext)  # type: ignore[attr-defined]
    made.globals["gettext_noop"] = gettext_noop
    made.filters |= {write.__name__: write for write in (*NUMBERS, told)}
    return made
