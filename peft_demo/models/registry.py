"""The base models, and their measures without loading a weight."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from peft_demo import settings
from peft_demo.models.architecture import Shape

BUILTIN_BASE = "all-MiniLM-L6-v2"

HUB_BASE = "distilbert/distilbert-base-cased"

BASE_MODELS = {
    BUILTIN_BASE: "all-MiniLM-L6-v2 (built in)",
    HUB_BASE: "distilbert-base-cased (Hugging Face Hub)",
}

_SHAPES = {
    BUILTIN_BASE: Shape(30522, 512, 384, 6, 12, 1536),
    HUB_BASE: Shape(28996, 512, 768, 6, 12, 3072),
}


def published_shape_of(base_id: str) -> Shape:
    """The measures of a base as it was published, the same on every machine."""
    return _SHAPES[base_id]


def shape_of(base_id: str) -> Shape:
    """The measures of a base; those of the user's own DistilBERT folder where one is set."""
    folder = settings.distilbert_folder()
    if base_id == HUB_BASE and folder is not None:
        return _read(folder) or _SHAPES[base_id]
    return _SHAPES[base_id]


@lru_cache(maxsize=8)
def _read(folder: Path) -> Shape | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return Shape(**{field.name: int(config[field.name]) for field in fields(Shape)})
    except (OSError, ValueError, KeyError, TypeError):
        return None  # loading the base says what is wrong with it
