"""What people write onto a run after it was queued: its name, tags, a note and a star."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Text, shown
from peft_demo.runs.run_fields import NAME

TAG = Text(
    "tags",
    "Tags",
    "Words to find the run by, with commas between them.",
    "",
    1,
    30,
)

MOST_TAGS = 10

NOTE = Text(
    "note",
    "Note",
    "What is worth remembering about the run.",
    "",
    0,
    2_000,
    has_lines=True,
)


def check_annotations(
    *,
    name: str | None = None,
    tags: str | Iterable[str] | None = None,
    note: str | None = None,
    is_starred: bool | None = None,
) -> dict[str, Any]:
    """What was given, checked; what is None stays as it is and is left out.

    Raises:
        InvalidFieldsError: with a sentence for each field that is not allowed.
    """
    checks = {
        "name": (NAME.check, name),
        "tags": (check_tags, tags),
        "note": (NOTE.check, note),
        "is_starred": (_check_star, is_starred),
    }
    checked: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field, (check_value, value) in checks.items():
        if value is None:
            continue
        try:
            checked[field] = check_value(value)
        except InvalidFieldsError as error:
            problems.update(error.problems)
    if problems:
        raise InvalidFieldsError(problems)
    return checked


def annotations_in(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes that came as one mapping, as ``check_annotations`` takes them.

    Raises:
        InvalidFieldsError: it names something else.
    """
    known = ("name", "tags", "note", "is_starred")
    for name in changes:
        if name not in known:
            raise InvalidFieldsError(
                {name: f"changes must be of {', '.join(known)}, got {shown(name)}."}
            )
    return dict(changes)


def check_tags(value: object) -> list[str]:
    """Tags, each once, from a list or from one text with commas.

    Raises:
        InvalidFieldsError: one is too long, or there are too many.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise InvalidFieldsError({"tags": f"tags must be texts, got {shown(value)}."})
    words = [word.strip() for text in texts for word in text.split(",")]
    tags = [str(TAG.check(word)) for word in dict.fromkeys(words) if word]
    if len(tags) > MOST_TAGS:
        raise InvalidFieldsError({"tags": f"tags must be at most {MOST_TAGS}, got {len(tags)}."})
    return tags


def _check_star(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidFieldsError(
            {"is_starred": f"is_starred must be true or false, got {shown(value)}."}
        )
    return value
