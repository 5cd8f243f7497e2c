"""Values as they stand in sentences."""

import json
import math
from collections.abc import Mapping
from typing import TypeVar

from peft_demo.errors import NotFoundError
from peft_demo.formats import number
from peft_demo.languages import _, in_signs, told

Row = TypeVar("Row")

MOST_SHOWN = 12
"""Elements of a list that stand in a sentence."""


def shown(value: object, limit: int = 60) -> str:
    """``value`` as it may stand in a sentence: quoted if text, cut with "…" if long."""
    if isinstance(value, str):
        quoted = json.dumps(value[:limit], ensure_ascii=False)
        return (
            quoted
            if len(value) <= limit
            else _("%(text)s… (%(count)s characters)")
            % {
                "text": quoted,
                "count": in_signs(f"{len(value):,}"),
            }
        )
    if isinstance(value, (list, tuple)):
        items = [cut(str(item), limit) for item in value[:MOST_SHOWN]]
        more = (
            [_("… (%(count)s in all)") % {"count": in_signs(f"{len(value):,}")}]
            if len(value) > MOST_SHOWN
            else []
        )
        return ", ".join([*items, *more]) or _("nothing")
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return number(value)
    return cut(str(value), limit)


def must_be(name: str, allowed: str, came: str) -> str:
    """A refusal: it names the field, what may be entered, and what came."""
    return _("%(name)s must be %(allowed)s, got %(value)s.") % {
        "name": name,
        "allowed": told(allowed),
        "value": came,
    }


def shown_single(value: object) -> str:
    """The same where one value is wanted: a list is told as such."""
    if isinstance(value, (list, tuple)):
        return _("a list with %(values)s") % {"values": shown(value)}
    return shown(value)


def cut(text: str, limit: int = 60) -> str:
    """At most ``limit`` characters of a text, and "…" where that is not all of it."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def row_of(table: Mapping[str, Row], row_id: str, noun: str) -> Row:
    """The row of that id.

    Raises:
        NotFoundError: there is none; names those that exist.
    """
    if row_id not in table:
        known = ", ".join(table) or "none"
        raise NotFoundError(f"{noun} must be one of {known}, got {shown(row_id)}.")
    return table[row_id]
