"""The sentences that an adapter is refused with."""

from __future__ import annotations

from collections.abc import Sequence

from peft_demo.errors import InvalidFieldsError, UndecidedError


def refusal(sentence: str) -> InvalidFieldsError:
    """The error at the field ``adapter`` that says why one is refused."""
    return InvalidFieldsError({"adapter": f"adapter {sentence}"})


def question(field: str, sentence: str, choices: Sequence[tuple[str, str]]) -> UndecidedError:
    """The error at a field that only who brings the adapter can fill in, with its choices."""
    return UndecidedError(field, f"{field} {sentence}", choices)


def listed(items: Sequence[str]) -> str:
    """The first four of many, for a sentence."""
    more = f" and {len(items) - 4:,} more" if len(items) > 4 else ""
    return ", ".join(items[:4]) + more
