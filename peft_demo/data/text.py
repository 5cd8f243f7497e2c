"""A text as all are cleaned, and the limits of one that somebody types."""

from __future__ import annotations

import re
import unicodedata

from peft_demo.errors import refuse
from peft_demo.fields import shown

LONGEST_TEXT = 20_000
"""Most characters of a text that a person types in; the longest built-in one has 13,704."""

LONGEST_NAME = 80
"""Characters of a data set's name."""

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\ud800-\udfff\ufeff]")


def check_text(text: object, name: str = "review") -> str:
    """A text that somebody typed, cleaned as the data sets' are; ``name`` says which it is.

    Raises:
        InvalidFieldsError: it is empty or too long; names the limits and what came.
    """
    cleaned = clean(text) if isinstance(text, str) else ""
    came = ""
    if not isinstance(text, str):
        came = shown(text)
    # Joiners and variation selectors alone are neither white space nor anything to read.
    elif all(unicodedata.category(character) in ("Cf", "Mn", "Me") for character in cleaned):
        came = "an empty one" if not text else f"nothing readable ({shown(text, 20)})"
    elif len(text) > LONGEST_TEXT:
        came = f"{len(text):,} characters"
    if came:
        refuse("review", f"{name} must have 1 to {LONGEST_TEXT:,} characters of text, got {came}.")
    return cleaned


def check_name(name: str) -> str:
    """What somebody calls a data set, cleaned.

    Raises:
        InvalidFieldsError: it is empty or too long; names the limits and what came.
    """
    cleaned = clean(name)
    if not 1 <= len(cleaned) <= LONGEST_NAME:
        refuse("name", f"name must have 1 to {LONGEST_NAME} characters, got {shown(name)}.")
    return cleaned


def clean(text: str) -> str:
    """Without line-break tags, control characters and surplus white space."""
    return " ".join(_UNREADABLE.sub(" ", text.replace("<br />", " ")).split())
