"""The sentence that an adapter is refused with."""

from __future__ import annotations

from peft_demo.errors import InvalidFieldsError

FIELD = "adapter"
"""The field that every refusal stands at."""


def refusal(sentence: str) -> InvalidFieldsError:
    """The error at the field ``adapter`` that says why one is refused."""
    return InvalidFieldsError({FIELD: f"{FIELD} {sentence}"})


def cause(error: BaseException) -> str:
    """Another library's error in at most 300 characters on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(".")
