"""Catalogues: one file of gettext's a language, which makes the language one of the page's."""

from __future__ import annotations

import gettext
import io
import json
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent

SOURCE = "en"
"""What the code is written in."""


def _native(code: str) -> str:
    name = Locale.parse(code).get_display_name()
    return f"{name[:1].upper()}{name[1:]}" if name else code


NAMES = {
    code: _native(code) for code in (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))
}
"""Every language's code with its own name for itself."""


@cache
def read(code: str) -> Catalog:
    """A language's file."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


@cache
def translations(code: str) -> gettext.NullTranslations:
    """A language's texts; what a catalogue lacks, or only guesses, is English."""
    if code == SOURCE:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read(code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def script(code: str) -> str:
    """The texts that scripts of the page ask for, as the ES module that stands in for English's."""
    catalogue = read(code)
    texts = {
        message.id[0] if message.pluralizable else message.id: message.string
        for message in catalogue
        if message.id and any(place.endswith(".js") for place, _ in message.locations)
    }
    # gettext's rules for plurals are in C, which JavaScript reads as its own.
    return (
        f"export const texts = {json.dumps(texts)};\n"
        f"export const plural = n => {catalogue.plural_expr};\n"
        f'export const locale = "{code}";\n'
    )
