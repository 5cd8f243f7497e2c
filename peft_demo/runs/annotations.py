"""What people write onto a run after it was queued: its name, tags, a note and a star."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Text, shown
from peft_demo.runs.run_fields import NAME

TAG = Text("tags", "Tags", "Words to find the run by.", "", 1, 30)

MOST_TAGS = 10

NOTE = Text("note", "Note", "What is worth remembering.", "", 0, 2_000, has_lines=True)


def check_annotations(**changes: Any) -> dict[str, Any]:
    """What was given of name, tags, note and is_starred, checked; what is None is left out.

    Raises:
        InvalidFieldsError: with a sentence for each field that is unknown or not allowed.
    """
    checked: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in changes.items():
        try:
            if name not in _CHECKS:
                known = ", ".join(_CHECKS)
                refuse(name, f"changes must be of {known}, got {shown(name)}.")
            if value is not None:
                checked[name] = _CHECKS[name](value)
        except InvalidFieldsError as error:
            problems.update(error.problems)
    if problems:
        raise InvalidFieldsError(problems)
    return checked


def check_tags(value: object) -> list[str]:
    """Tags, each once, from a list or from one text with commas.

    Raises:
        InvalidFieldsError: one is too long, or there are too many.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        refuse("tags", f"tags must be texts, got {shown(value)}.")
    words = [word.strip() for text in texts for word in text.split(",")]
    tags = [str(TAG.check(word)) for word in dict.fromkeys(words) if word]
    if len(tags) > MOST_TAGS:
        refuse("tags", f"tags must be at most {MOST_TAGS}, got {len(tags)}.")
    return tags


def _check_star(value: object) -> bool:
    if not isinstance(value, bool):
        refuse("is_starred", f"is_starred must be true or false, got {shown(value)}.")
    return value


_CHECKS: dict[str, Callable[[Any], object]] = {
    "name": NAME.check,
    "tags": check_tags,
    "note": NOTE.check,
    "is_starred": _check_star,
}
