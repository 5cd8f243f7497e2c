"""Architecture: what a family of encoders calls its parts; Shape: the measures of one network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
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
    """What stands before the names of query, key and value within a block, dot included; of the
    output projection too, unless its name begins as this does."""
    query: str
    key: str
    value: str
    output: str
    feedforward_in: str
    feedforward_out: str
    attention_norm: str
    output_norm: str
    """A block's layers by the names that users and stored runs have for them. One layer may have
    several roles; a norm that not every block has is none."""
    head: tuple[str, ...]
    """The head's linear layers from first to last, trained and saved with every adapter."""
    pooling: Literal["first", "mean"]
    """What the head reads of a text: the first token of the last block, or the mean of all."""
    measures: tuple[str, ...]
    """What config.json calls the measures, in the order of Shape."""
    within: str = ""
    """What stands after the number of a block in the names of its tensors, dot included."""
    pooler: str = ""
    """A linear layer before the head that checkpoints may bring; where one does not, it belongs to
    the head (``with_pooler``)."""
    unbiased: tuple[str, ...] = ()
    """Linear layers of head and blocks that have no bias."""
    is_gated: bool = False
    """Whether feed-forward computes one half of a layer times the other (GLU)."""
    norms_first: bool = False
    """Whether norms stand before attention and feed-forward, and not after them."""
    some_norm: str = ""
    """A norm before attention that all blocks but the first have; no method is told its name."""
    groups: str = ""
    """What config.json calls the number of blocks that have weights of their own, where several
    share theirs."""
    pads_positions: bool = False
    """Whether the first positions are kept for padding, so that texts are shorter by them."""
    is_fast: bool = False
    """Whether ``fast_forward`` computes its last block for the first token alone, and runs of one
    pass have been proven."""

    @cached_property
    def attention(self) -> tuple[str, ...]:
        """Its linear layers."""
        return _each_once(self.query, self.key, self.value, self.output)

    @cached_property
    def feedforward(self) -> tuple[str, ...]:
        """The linear layers of the feed-forward part."""
        return (self.feedforward_in, self.feedforward_out)

    @cached_property
    def linear(self) -> tuple[str, ...]:
        """All linear layers of a block."""
        return self.attention + self.feedforward

    @cached_property
    def layer_norms(self) -> tuple[str, ...]:
        """In the order in which a block computes them."""
        return _each_once(self.attention_norm, self.output_norm)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """All modules of a block that have tensors."""
        return self.linear + self.layer_norms

    @cached_property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """What each module of a block is, by its name."""
        return {
            module: tuple(role for role in self.ROLES if getattr(self, role) == module)
            for module in self.modules
        }

    @property
    def block_path(self) -> str:
        """What stands before the number of a block in the names of the model's tensors."""
        return f"{self.body}.{self.blocks}."

    def block(self, number: int) -> str:
        """What stands before the names of a block's tensors, counted from 0."""
        return f"{self.block_path}{number}.{self.within}"

    def path(self, module: str) -> str:
        """Where one of a block's modules stands within it."""
        whole = module.startswith(f"{self.attention_at.partition('.')[0]}.")
        return f"{self.attention_at}{module}" if module in self.attention and not whole else module

    def also_ends_with(self, module: str) -> tuple[str, ...]:
        """The other modules of a block whose path ends as this one's, as peft matches names."""
        return _also_ends_with(self, module)

    def translated(self, modules: tuple[str, ...], other: Architecture) -> tuple[str, ...]:
        """The names of these modules in another family."""
        roles = self.roles
        theirs = {getattr(other, role) for module in modules for role in roles[module]}
        return tuple(module for module in other.modules if module in theirs)

    @property
    def saved(self) -> tuple[str, ...]:
        """The head's modules as peft is told to save them: it adds its own ``classifier``."""
        return _each_once(
            *("classifier" if layer.startswith("classifier.") else layer for layer in self.head)
        )

    def in_head(self, tensor: str) -> bool:
        """Whether a tensor of that name belongs to the head, however peft has wrapped it."""
        return any(f"{layer}." in tensor for layer in self.saved)


@lru_cache(maxsize=512)
def _also_ends_with(family: Architecture, module: str) -> tuple[str, ...]:
    end = f".{family.path(module)}"
    return tuple(
        other
        for other in family.modules
        if other != module and f".{family.path(other)}".endswith(end)
    )


def _each_once(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True)
class Shape:
    """A network's measures."""

    vocab_size: int
    max_position_embeddings: int
    """Tokens of the longest text that it reads."""
    dim: int
    """Width of what the blocks hand on."""
    n_layers: int
    """Blocks with weights of their own."""
    n_heads: int
    hidden_dim: int
    """Width inside the feed-forward part."""
    architecture: Architecture
    config: str = ""
    """All that its config.json says of the network, as JSON; where it is empty, the measures say
    all."""
    times: int = 1
    """How often each block is computed, one after the other."""
    embedding_dim: int = 0
    """Width of the tokens' vectors, where it is another than ``dim``."""

    @property
    def measures(self) -> tuple[int, ...]:
        """In the order in which families name them."""
        return (
            self.vocab_size,
            self.max_position_embeddings,
            self.dim,
            self.n_layers,
            self.n_heads,
            self.hidden_dim,
        )

    def features(self, module: str) -> tuple[int, int]:
        """Input and output width of one of a block's linear layers."""
        family = self.architecture
        if module == family.feedforward_in:
            return self.dim, self.hidden_dim * (2 if family.is_gated else 1)
        if module == family.feedforward_out:
            return self.hidden_dim, self.dim
        parts = [role for role in family.roles.get(module, ()) if role in ("query", "key", "value")]
        return self.dim, self.dim * max(1, len(parts))

    def widths(self, modules: tuple[str, ...]) -> list[int]:
        """All input and output widths of these layers, each once, ascending."""
        return sorted({width for module in modules for width in self.features(module)})

    def for_peft(self, modules: Iterable[str], *, alone: bool = False) -> list[str]:
        """Names of modules that peft, which goes by how a path ends, finds nothing else by.

        ``alone``: each by itself, and not only all together.
        """
        chosen = list(modules)
        alike = self.architecture.also_ends_with
        return [
            name
            for module in chosen
            for name in (
                [module]
                if {*alike(module)} <= (set() if alone else {*chosen})
                else [f"{n}.{self.architecture.within}{module}" for n in range(self.n_layers)]
            )
        ]

    def network(self, **more: object) -> Any:
        """A network of these measures, of transformers' own random weights.

        Args:
            more: for its configuration, such as num_labels.
        """
        from peft_demo.libraries import transformers

        own = (
            json.loads(self.config)
            if self.config
            else dict(zip(self.architecture.measures, self.measures, strict=True))
        )
        config = transformers.AutoConfig.for_model(self.architecture.model_type, **{**own, **more})
        return transformers.AutoModelForSequenceClassification.from_config(config)
