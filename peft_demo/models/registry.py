"""BASES: one row for each base model, in the order of the page."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from peft_demo.models import builtin, hub
from peft_demo.models.architecture import Architecture, Shape

BASES = {row.id: row for row in (builtin.ROW, *hub.ROWS)}
"""Every base by its id; a row added here is in page, command line, API and exported code."""

BUILTIN_BASE = builtin.ROW.id

HUB_BASE = hub.HUB_BASE

UNCASED_HUB_BASE = hub.UNCASED_HUB_BASE

FAMILY = BASES[BUILTIN_BASE].architecture
"""The family whose names METHODS' rows and presets have for the modules of a block."""


def shape_of(base_id: str) -> Shape:
    """The measures of a base; those of the user's own folder where one is set."""
    row = BASES[base_id]
    folder = row.folder and row.folder()
    return (folder and _read(folder, row.architecture)) or row.shape


@lru_cache(maxsize=8)
def _read(folder: Path, architecture: Architecture) -> Shape | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        values: Any = [*(int(config[name]) for name in architecture.measures), architecture]
        return Shape(*values)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # loading the base says what is wrong with it
