"""Bytes of a file as text, however it was saved."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte-order marks; the longer of two that begin alike comes first."""


def decoded(content: bytes) -> str:
    """The text in UTF-8, or in what its byte-order mark says.

    Raises:
        UnicodeDecodeError: it is no text.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding)
