"""The length that an adapter's texts were cut to, as far as its files say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft_demo.fields import Integer
from peft_demo.runs import run_fields
from peft_demo.runs.imported import CHOSEN, LENGTH_UNKNOWN

TAKEN = 256
"""Tokens, where neither the files nor a person say: about 200 words."""

LARGEST = 20_000_000
"""Bytes of a file that is looked into; a tokenizer of a hundred languages has 17 MB."""

FILES = ("run.json", "tokenizer.json", "tokenizer_config.json")
"""Where it may be said, the surest first: ours, and what a Trainer saves."""


def reading_length(folder: Path, base_id: str, chosen: object = None) -> tuple[int, str]:
    """Tokens to test an adapter at, and who said so (see ``ImportedConfig.max_length_from``).

    Args:
        folder: with the adapter's files; those of FILES are looked at if they are there.
        base_id: its base, which limits the length.
        chosen: what a person says, which counts more than a file.

    Raises:
        InvalidFieldsError: the chosen length is not allowed on this base.
    """
    field = next(field for field in run_fields(base_id) if field.name == "max_length")
    assert isinstance(field, Integer)
    if chosen not in (None, ""):
        checked = field.check(chosen)
        assert isinstance(checked, int)
        return checked, CHOSEN
    for name in FILES:
        said = _said(folder / name)
        if said is not None and field.minimum <= said <= field.maximum:
            return said, name
    return min(TAKEN, field.maximum), LENGTH_UNKNOWN


def _said(path: Path) -> int | None:
    """The length that one of FILES names; None if it does not, or is no such file."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(values, Mapping):
        return None
    key = {"run.json": "config", "tokenizer.json": "truncation"}.get(path.name)
    part: Any = values.get(key) if key else values
    name = "model_max_length" if path.name == "tokenizer_config.json" else "max_length"
    said = part.get(name) if isinstance(part, Mapping) else None
    return said if isinstance(said, int) and not isinstance(said, bool) else None
