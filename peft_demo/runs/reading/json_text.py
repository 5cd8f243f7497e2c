"""JSON as people keep it: with comments, with commas at the end, with typographic quotes."""

from __future__ import annotations

import json
import re
from typing import Any

from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.runs.reading.mending import mended

_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|#[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?')
_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|,(?=\s*[}\]])')


class _RepeatedKeyError(ValueError):
    pass


def read_json(text: str) -> tuple[Any, str]:
    """A text's value, or None and why it is no JSON, with the line.

    Raises:
        InvalidFieldsError: a key is there twice, at ``config``.
    """
    reason = ""
    try:
        for attempt in (text, _tidied(text), _tidied(mended(text))):
            try:
                return json.loads(attempt, object_pairs_hook=_without_repeats), ""
            except json.JSONDecodeError as error:
                reason = reason or f"{error.msg} in line {error.lineno}"
    except _RepeatedKeyError as error:
        refuse("config", f"config must be valid JSON, got: {error}.")
    except ValueError as error:  # a number too long for Python
        reason = str(error).partition("; use sys.")[0]
    return None, reason


def _tidied(text: str) -> str:
    """The text without comments, and without commas before a closing bracket."""
    without = _COMMENT.sub(lambda match: match[1] or "\n" * match[0].count("\n"), text)
    return _COMMA.sub(lambda match: match[1] or "", without)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _RepeatedKeyError(f"{shown(name)} is there twice")
        values[name] = value
    return values
