"""What a family of networks is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

MODULES = ("q_lin", "k_lin", "v_lin", "out_lin", "ffn.lin1", "ffn.lin2")
"""DistilBERT's linear layers: queries, keys, values and output of attention, then feed-forward."""

ATTENTION = MODULES[:4]
FEEDFORWARD = MODULES[4:]
LAYER_NORMS = ("sa_layer_norm", "output_layer_norm")

HEAD_MODULES = ("pre_classifier", "classifier")
"""The classification head, trained and saved with every adapter."""


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
