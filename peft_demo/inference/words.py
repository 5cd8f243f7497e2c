"""The words and sentences of a text, by where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from peft_demo.data.text import clean

# Scripts without spaces between words: each sign stands for itself.
_SIGN = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"

_WORD = re.compile(rf"{_SIGN}|(?:(?!{_SIGN})\w)+(?:[’'\-](?:(?!{_SIGN})\w)+)*")

# The full-width ones end a sentence without a space.
_FULL_WIDTH = r"\u3002\uff01\uff1f"

_SENTENCE = re.compile(
    rf"\S.*?(?:[.!?…{_FULL_WIDTH}]+[\"'”’)\]]*(?=\s|$)|[{_FULL_WIDTH}]|$)", re.DOTALL
)


class Span(NamedTuple):
    """A part of a text, from its first character to that after its last."""

    start: int
    end: int


def words(text: str) -> list[Span]:
    """Its words, apostrophes and hyphens within included; without letters, what spaces part."""
    found = [Span(*match.span()) for match in _WORD.finditer(text)]
    return found or [Span(*match.span()) for match in re.finditer(r"\S+", text)]


def sentences(text: str) -> list[Span]:
    """Its sentences with their marks; all of it where none ends."""
    return [Span(*match.span()) for match in _SENTENCE.finditer(text)]


def without(text: str, parts: Iterable[Span]) -> str:
    """The text with these parts deleted, cleaned as a person's edit of it would be."""
    for part in sorted(parts, reverse=True):
        text = text[: part.start] + text[part.end :]
    return clean(text)
