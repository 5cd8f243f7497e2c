"""The sentence that an adapter is refused with."""

from __future__ import annotations

from peft_demo.errors import InvalidFieldsError


def refusal(sentence: str) -> InvalidFieldsError:
    """The error at the field ``adapter`` that says why one is refused."""
    return InvalidFieldsError({"adapter": f"adapter {sentence}"})
