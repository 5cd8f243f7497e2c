"""The measures of the base models, known without loading a weight."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from peft_demo import settings

BUILTIN_BASE = "all-MiniLM-L6-v2"
HUB_BASE = "distilbert/distilbert-base-cased"


@dataclass(frozen=True)
class Shape:
    """A DistilBERT's measures, named as in its config.json."""

    vocab_size: int
    max_position_embeddings: int
    dim: int
    n_layers: int
    n_heads: int
    hidden_dim: int

    def features(self, module: str) -> tuple[int, int]:
        """Input and output width of one of a block's linear layers."""
        return {
            "ffn.lin1": (self.dim, self.hidden_dim),
            "ffn.lin2": (self.hidden_dim, self.dim),
        }.get(module, (self.dim, self.dim))

    def widths(self, modules: tuple[str, ...]) -> list[int]:
        """All input and output widths of these layers, each once, ascending."""
        return sorted({width for module in modules for width in self.features(module)})

    def common_divisors(self, modules: tuple[str, ...]) -> list[int]:
        """The numbers that divide every width of these layers."""
        largest = math.gcd(*self.widths(modules))
        return [number for number in range(1, largest + 1) if largest % number == 0]


_SHAPES = {
    BUILTIN_BASE: Shape(30522, 512, 384, 6, 12, 1536),
    HUB_BASE: Shape(28996, 512, 768, 6, 12, 3072),
}


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
