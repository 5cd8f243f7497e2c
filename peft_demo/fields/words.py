"""Values as they stand in sentences."""

import json
import math

from peft_demo.formats import number

MOST_SHOWN = 12
"""Elements of a list that stand in a sentence."""


def shown(value: object, limit: int = 60) -> str:
    """``value`` as it may stand in a sentence: quoted if text, cut with "…" if long."""
    if isinstance(value, str):
        quoted = json.dumps(value[:limit], ensure_ascii=False)
        return quoted if len(value) <= limit else f"{quoted}… ({len(value):,} characters)"
    if isinstance(value, (list, tuple)):
        items = [cut(str(item), limit) for item in value[:MOST_SHOWN]]
        more = [f"… ({len(value):,} in all)"] if len(value) > MOST_SHOWN else []
        return ", ".join([*items, *more]) or "nothing"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return number(value)
    return cut(str(value), limit)


def shown_single(value: object) -> str:
    """The same where one value is wanted: a list is told as such."""
    if isinstance(value, (list, tuple)):
        return f"a list with {shown(value)}"
    return shown(value)


def cut(text: str, limit: int = 60) -> str:
    """At most ``limit`` characters of a text, and "…" where that is not all of it."""
    return text if len(text) <= limit else f"{text[:limit]}…"
