"""Bytes of a file as text, however it was saved."""

from __future__ import annotations

from peft_demo.data.own.reading import MARKS


def decoded(content: bytes) -> str:
    """The text in UTF-8, or in what its byte-order mark says.

    Raises:
        UnicodeDecodeError: it is no text.
    """
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding)
