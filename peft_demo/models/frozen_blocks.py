"""Frozen blocks below the first adapter: each text goes through them once, for all epochs.

That holds where no dropout stands in between, so with the base's dropout at 0. Import this where
networks are built, not above: it needs torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from peft_demo.models.architecture import Architecture
from peft_demo.models.one_text import OneText

MOST_BYTES = 256_000_000
"""What is remembered; texts beyond that are computed again each time."""


def set_dropout(body: nn.Module, p: float) -> None:
    """Let every dropout of a body drop with this probability."""
    for module in list(body.modules()):
        if isinstance(module, nn.Dropout):
            module.p = p
        if isinstance(getattr(module, "attention_dropout", None), float):
            setattr(module, "attention_dropout", p)  # noqa: B010
        if isinstance(getattr(module, "out_drop", None), nn.Identity):
            # ModernBERT leaves its dropout out where the checkpoint's own is 0.
            setattr(module, "out_drop", nn.Dropout(p).train(module.training))  # noqa: B010


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

    None do where anything before them is trained or drops, where there is nothing to save, or
    where the family's row does not say how.
    """
    if family.one_text is None or not _hands_on_the_same(network, family):
        return 0
    body = network.get_submodule(family.body)
    blocks: Any = body.get_submodule(family.blocks)
    frozen = 0
    for block in blocks:
        if _is_trained(block) or drops(block):
            break
        frozen += 1
    if not 0 < frozen < len(blocks):
        return 0
    texts = Texts()
    body.register_forward_pre_hook(texts.read, with_kwargs=True)
    for number in range(frozen):
        blocks[number] = FrozenBlock(
            blocks[number],
            texts,
            family.one_text,
            is_first=number == 0,
            is_last=number == frozen - 1,
        )
    return frozen


def _is_trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _hands_on_the_same(network: nn.Module, family: Architecture) -> bool:
    """Whether what comes to the blocks, and from one to the next, is the same in every epoch."""
    around = {
        name: module
        for name, module in network.named_modules()
        if name.startswith(f"{family.body}.") and not name.startswith(family.block_path)
    }
    # The convolution of some DeBERTa comes after the first block, and would come after all.
    return not any(
        name.endswith(".conv")
        or (isinstance(module, nn.Dropout) and module.p > 0)
        or (_is_trained_itself(module) and not family.in_head(f"{name}."))
        for name, module in around.items()
    )


def _is_trained_itself(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters(recurse=False))


class Texts:
    """What frozen blocks have made of texts, and which texts come; see ``FrozenBlock``."""

    def __init__(self) -> None:
        self.states: dict[tuple[int, ...], torch.Tensor] = {}
        """(tokens, width) by whether they were computed in autocast, and the tokens."""
        self.num_bytes = 0
        self.new: dict[int, torch.Tensor] = {}
        """Of a batch, those that are being computed: (1, tokens, width) by row."""
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

    def begin(self, embedded: torch.Tensor) -> None:
        """See which of a batch, (texts, tokens, width), are new."""
        self.new = {
            row: embedded[row : row + 1, : len(key) - 1]
            for row, key in enumerate(self._keys)
            if key not in self.states
        }

    def end(self, embedded: torch.Tensor) -> torch.Tensor:
        """The whole batch, (texts, tokens, width), computed; what is new is remembered."""
        found = []
        for row, key in enumerate(self._keys):
            states = self.new[row][0] if row in self.new else self.states[key]
            if key not in self.states and self.num_bytes + states.nbytes <= MOST_BYTES:
                self.states[key] = states
                self.num_bytes += states.nbytes
            found.append(states)
        self.new = {}
        padded = embedded.new_zeros((*embedded.shape[:2], found[0].shape[-1]), dtype=found[0].dtype)
        for row, states in enumerate(found):
            padded[row, : len(states)] = states
        return padded


class FrozenBlock(nn.Module):
    """Stands in for a frozen block: it and those beside it compute each text once.

    Each text by itself, so that it does not matter which texts are beside it: a training that goes
    on from a checkpoint computes the same again. What stands at padding is 0, which nobody reads.
    """

    def __init__(
        self, block: nn.Module, texts: Texts, one_text: OneText, *, is_first: bool, is_last: bool
    ) -> None:
        super().__init__()
        self.block = block
        self.texts = texts
        self._one_text = one_text
        self._is_first, self._is_last = is_first, is_last
        self._beside: tuple[Any, ...] | None = None
        """What the block returns beside the hidden states, where it returns a tuple."""
        self.attention_type = getattr(block, "attention_type", None)  # ModernBERT's loop asks

    def forward(self, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        """As the block of (texts, tokens, width); what comes is handed on but by the last one."""
        if self._is_first:
            self.texts.begin(hidden_states)
        for row, states in self.texts.new.items():
            self.texts.new[row] = self._of(states, row, args, kwargs)
        if self._is_last:
            hidden_states = self.texts.end(hidden_states)
        return hidden_states if self._beside is None else (hidden_states, *self._beside)

    def _of(
        self, states: torch.Tensor, row: int, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> torch.Tensor:
        given, named = self._one_text(row, states.shape[1], args, kwargs)
        with torch.no_grad():
            found = self.block(states, *given, **named)
        if isinstance(found, tuple):
            found, *beside = found
            self._beside = tuple(beside)
        return found
