"""Values as they stand in sentences."""

import json
import math


def shown(value: object, limit: int = 60) -> str:
    """``value`` as it may stand in a sentence: quoted if text, cut if long."""
    if isinstance(value, str):
        if len(value) > limit:
            return f"{json.dumps(value[:limit], ensure_ascii=False)}… ({len(value):,} characters)"
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item)[:limit] for item in value[:12]) or "nothing"
    if value is None:
        return "nothing"
    if isinstance(value, float) and math.isfinite(value):
        return plain(value)
    return str(value)[:limit]


def plain(value: float) -> str:
    """A number as people write it: ``19,000``, ``0.05``."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:g}"
