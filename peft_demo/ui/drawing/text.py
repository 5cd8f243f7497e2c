"""How much room texts take, and how they are broken into lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

WIDTHS = {"×": 0.7, "…": 1.0, **dict.fromkeys(" ·,.iljtf", 0.34)}
"""Of unusual letters, as shares of a text's size."""
HEADING, NAME, TEXT = 18.0, 13.5, 13.0
"""Sizes of letters, in the style sheet too."""


def wrapped(pieces: Iterable[str], width: float) -> list[str]:
    """Lines that break between pieces; a piece wider than a line breaks after a × or a ·."""
    lines: list[str] = []
    for is_wide, run in groupby(pieces, key=lambda piece: text_width(piece) > width):
        if is_wide:
            for piece in run:
                lines += _filled(re.split(r"(?<=[×·]) ", piece), width)
        else:
            lines += _filled(run, width)
    return lines


def _filled(words: Iterable[str], width: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(cut(word, width))
    return lines


def cut(text: str, width: float, size: float = TEXT) -> str:
    """As much of a text as there is room for."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def text_width(text: str, size: float = TEXT) -> float:
    """At most what a text takes, in the page's font and in wider ones that replace it."""
    return size * sum(WIDTHS.get(letter, 0.64) for letter in text)
