"""ARCHITECTURES: one row for each family of networks, and the measures of one of them."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True)
class Architecture:
    """What the program knows about a family of encoders: what its parts are called, and where."""

    ROLES: ClassVar = (
        "query",
        "key",
        "value",
        "output",
        "feedforward_in",
        "feedforward_out",
        "attention_norm",
        "output_norm",
    )
    """The attributes that name a block's modules, in the network's order."""

    model_type: str
    """In config.json."""
    label: str
    body: str
    """The model's attribute that holds all but the head."""
    blocks: str
    """Where the blocks stand in the body."""
    embeddings: str
    """Where the embeddings stand in the body."""
    attention_at: str
    """What stands before the names of attention's layers within a block, dot included."""
    query: str
    key: str
    value: str
    output: str
    feedforward_in: str
    feedforward_out: str
    attention_norm: str
    output_norm: str
    """A block's layers by the names that users and stored runs have for them."""
    head: tuple[str, ...]
    """The head's linear layers from first to last, trained and saved with every adapter."""
    pooling: Literal["first", "mean"]
    """What the head reads of a text: the first token of the last block, or the mean of all."""
    measures: tuple[str, ...]
    """What config.json calls the measures, in the order of Shape."""

    @property
    def attention(self) -> tuple[str, ...]:
        """Its linear layers."""
        return (self.query, self.key, self.value, self.output)

    @property
    def feedforward(self) -> tuple[str, ...]:
        """The linear layers of the feed-forward part."""
        return (self.feedforward_in, self.feedforward_out)

    @property
    def linear(self) -> tuple[str, ...]:
        """All linear layers of a block."""
        return self.attention + self.feedforward

    @property
    def layer_norms(self) -> tuple[str, ...]:
        """In the order in which a block computes them."""
        return (self.attention_norm, self.output_norm)

    @property
    def modules(self) -> tuple[str, ...]:
        """All modules of a block that have tensors."""
        return self.linear + self.layer_norms

    @property
    def block_path(self) -> str:
        """What stands before the number of a block in the names of the model's tensors."""
        return f"{self.body}.{self.blocks}."

    def block(self, number: int) -> str:
        """What stands before the names of a block's tensors, counted from 0."""
        return f"{self.block_path}{number}."

    def path(self, module: str) -> str:
        """Where one of a block's modules stands within it."""
        return f"{self.attention_at}{module}" if module in self.attention else module

    def translated(self, modules: tuple[str, ...], other: Architecture) -> tuple[str, ...]:
        """The names of these modules in another family."""
        own, theirs = self.modules, other.modules
        return tuple(theirs[own.index(module)] for module in modules)

    def in_head(self, tensor: str) -> bool:
        """Whether a tensor of that name belongs to the head, however peft has wrapped it."""
        return any(f"{layer}." in tensor for layer in self.head)


_ROWS = (
    Architecture(
        model_type="distilbert",
        label="DistilBERT",
        body="distilbert",
        blocks="transformer.layer",
        embeddings="embeddings",
        attention_at="attention.",
        query="q_lin",
        key="k_lin",
        value="v_lin",
        output="out_lin",
        feedforward_in="ffn.lin1",
        feedforward_out="ffn.lin2",
        attention_norm="sa_layer_norm",
        output_norm="output_layer_norm",
        head=("pre_classifier", "classifier"),
        pooling="first",
        measures=(
            "vocab_size",
            "max_position_embeddings",
            "dim",
            "n_layers",
            "n_heads",
            "hidden_dim",
        ),
    ),
)

ARCHITECTURES = {row.model_type: row for row in _ROWS}
"""Every family by its model_type."""


@dataclass(frozen=True)
class Shape:
    """A network's measures."""

    vocab_size: int
    max_position_embeddings: int
    dim: int
    """Width of what the blocks hand on."""
    n_layers: int
    """Blocks."""
    n_heads: int
    hidden_dim: int
    """Width inside the feed-forward part."""
    architecture: Architecture

    def features(self, module: str) -> tuple[int, int]:
        """Input and output width of one of a block's linear layers."""
        return {
            self.architecture.feedforward_in: (self.dim, self.hidden_dim),
            self.architecture.feedforward_out: (self.hidden_dim, self.dim),
        }.get(module, (self.dim, self.dim))

    def widths(self, modules: tuple[str, ...]) -> list[int]:
        """All input and output widths of these layers, each once, ascending."""
        return sorted({width for module in modules for width in self.features(module)})

    def network(self, **more: object) -> Any:
        """A network of these measures, of transformers' own random weights.

        Args:
            more: for its configuration, such as num_labels.
        """
        from peft_demo.libraries import transformers

        own = dict(zip(self.architecture.measures, astuple(self), strict=False))
        config = transformers.AutoConfig.for_model(self.architecture.model_type, **own, **more)
        return transformers.AutoModelForSequenceClassification.from_config(config)
