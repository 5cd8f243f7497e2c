"""Catalogues: one file of gettext's a language, which makes the language one of the page's."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from babel import Locale
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
def translations(code: str) -> gettext.NullTranslations:
    """A language's texts; what a catalogue lacks, or only guesses, is English."""
    if code == SOURCE:
        return gettext.NullTranslations()
    with (FOLDER / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
