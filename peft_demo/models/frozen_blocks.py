"""Frozen blocks below the first adapter: each text goes through them once, for all epochs.

That holds where no dropout stands in between, so with the base's dropout at 0. Import this where
networks are built, not above: it needs torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from peft_demo.models.architecture import Architecture

MOST_BYTES = 256_000_000
"""What is remembered; texts beyond that are computed again each time."""


def set_dropout(body: nn.Module, p: float) -> None:
    """Let every dropout of a body drop with this probability."""
    for module in body.modules():
        if isinstance(module, nn.Dropout):
            module.p = p
        if isinstance(getattr(module, "attention_dropout", None), float):
            setattr(module, "attention_dropout", p)  # noqa: B010


def drops(module: nn.Module) -> bool:
    """Whether a part of a network drops anything while it is trained."""
    return any(
        (isinstance(part, nn.Dropout) and part.p > 0) or _float(part, "attention_dropout") > 0
        for part in module.modules()
    )


def _float(part: nn.Module, name: str) -> float:
    value = getattr(part, name, None)
    return value if isinstance(value, float) else 0.0


def remember_frozen(network: nn.Module, family: Architecture) -> int:
    """Let a network's frozen blocks remember texts; returns how many blocks do.

    None do where anything before them is trained or drops, or where there is nothing to save.
    """
    body = network.get_submodule(family.body)
    blocks: Any = body.get_submodule(family.blocks)
    embeddings = body.get_submodule(family.embeddings)
    if _is_trained(embeddings) or drops(embeddings):
        return 0
    frozen = 0
    for block in blocks:
        if _is_trained(block) or drops(block):
            break
        frozen += 1
    if not 0 < frozen < len(blocks):
        return 0
    first = FrozenBlocks(list(blocks[:frozen]))
    body.register_forward_pre_hook(first.read, with_kwargs=True)
    blocks[0] = first
    for number in range(1, frozen):
        blocks[number] = _Passed()
    return frozen


def _is_trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


class _Passed(nn.Module):
    """A block that the first one has computed."""

    def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return hidden_states


class FrozenBlocks(nn.Module):
    """Several blocks in the place of the first: what they make of a text is computed once.

    Each text by itself, so that it does not matter which texts are beside it: a training that goes
    on from a checkpoint computes the same again. What stands at padding is 0, which nobody reads.
    """

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.states: dict[tuple[int, ...], torch.Tensor] = {}
        """(tokens, width) by whether they were computed in autocast, and the tokens."""
        self.num_bytes = 0
        self._keys: list[tuple[int, ...]] = []

    def read(self, _body: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note which texts come; a hook of the body."""
        ids = kwargs.get("input_ids", args[0] if args else None)
        mask = kwargs.get("attention_mask", args[1] if len(args) > 1 else None)
        assert ids is not None
        lengths = [ids.shape[1]] * len(ids) if mask is None else mask.sum(dim=1).tolist()
        # A training's states in bfloat16 are not those of its saved adapter in float32.
        is_autocast = torch.is_autocast_enabled(ids.device.type)
        self._keys = [
            (is_autocast, *row[:length]) for row, length in zip(ids.tolist(), lengths, strict=True)
        ]

    def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        """Of embedded texts, (texts, tokens, width)."""
        found = []
        for row, key in enumerate(self._keys):
            states = self.states.get(key)
            if states is None:
                states = self._computed(hidden_states[row : row + 1, : len(key) - 1])
                if self.num_bytes + states.nbytes <= MOST_BYTES:
                    self.states[key] = states
                    self.num_bytes += states.nbytes
            found.append(states)
        padded = hidden_states.new_zeros(
            (*hidden_states.shape[:2], found[0].shape[-1]), dtype=found[0].dtype
        )
        for row, states in enumerate(found):
            padded[row, : len(states)] = states
        return padded

    def _computed(self, embedded: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            for block in self.blocks:
                embedded = block(embedded)
        return embedded[0]
