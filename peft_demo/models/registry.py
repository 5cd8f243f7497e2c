"""BASES: one row for each base model, in the order of the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from peft_demo.models import builtin, hub, own
from peft_demo.models.architecture import Architecture, Shape
from peft_demo.models.base import Pretrained


class Bases(MutableMapping[str, Pretrained]):
    """Bases by their ids: those that come with the program, and those that people have added."""

    def __init__(self, rows: Iterable[Pretrained]) -> None:
        self._rows = {row.id: row for row in rows}

    def __getitem__(self, base_id: str) -> Pretrained:
        return self._rows.get(base_id) or own.rows()[base_id]

    def __setitem__(self, base_id: str, row: Pretrained) -> None:
        self._rows[base_id] = row

    def __delitem__(self, base_id: str) -> None:
        del self._rows[base_id]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._rows, **own.rows()})

    def __len__(self) -> int:
        return len({**self._rows, **own.rows()})


BASES = Bases((builtin.ROW, *hub.ROWS))
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


def told(row: Pretrained) -> dict[str, Any]:
    """What a list of bases says of one, as plain data."""
    shape = shape_of(row.id)
    return {
        "id": row.id,
        "family": row.architecture.label,
        "licence": row.licence,
        "dim": shape.dim,
        "n_layers": shape.n_layers,
        "times": shape.times,
        "max_length": shape.max_position_embeddings,
        "target_modules": list(row.architecture.linear),
        "is_at_hand": row.is_at_hand(),
    }
