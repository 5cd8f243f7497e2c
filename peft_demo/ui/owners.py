"""Whose a run is, without telling: a browser's id says who acts, so no other browser may see it."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import Any

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs import Run, RunGroup

NOBODY = "browser"
"""Owns what comes from a browser that keeps no id."""

_ID = re.compile("[0-9a-f]{32}")


def acting(owner: object) -> str:
    """Who a browser's request is for.

    Raises:
        InvalidFieldsError: it is no id that ``issue`` gave.
    """
    if owner in (None, ""):
        return NOBODY
    if isinstance(owner, str) and _ID.fullmatch(owner):
        return owner
    raise InvalidFieldsError(
        {"owner": f"owner must be an id of 32 hexadecimal digits, got {shown(owner)}."}
    )


def issue(owner: object) -> str:
    """The id that a browser keeps: its own, or a new one if it has none that can be one."""
    try:
        mine = acting(owner)
    except InvalidFieldsError:
        mine = NOBODY
    return uuid.uuid4().hex if mine == NOBODY else mine


def digest(owner: str) -> str:
    """What tells owners apart and cannot be turned back: browsers' ids are 122 random bits."""
    return hashlib.sha256(owner.encode()).hexdigest()[:12]


def owner_digest(owner: Any = None) -> str:
    """The digest that a browser knows its own runs by."""
    return digest(acting(owner))


def public(record: Run | RunGroup) -> dict[str, Any]:
    """A run or group as plain data, with its owner's name for the owner's id."""
    plain: dict[str, Any] = json.loads(record.model_dump_json())
    return {**plain, "owner": record.owner_name}
