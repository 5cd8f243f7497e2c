"""Frozen blocks below the first adapter: each text goes through them once, for all epochs.

That holds where no dropout stands in between, so with the base's dropout at 0. Import this where
networks are built, not above: it needs torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from peft_demo import settings
from peft_demo.models.architecture import Architecture
from peft_demo.models.shared_states import Computed, Texts, shared_states

BATCH = 16
"""Texts of one length that are computed at once."""


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


def remember_frozen(network: Any, family: Architecture, *, shares: bool = False) -> int:
    """Let a network's frozen blocks remember texts; returns how many blocks do.

    None do where anything before them is trained or drops, or where there is nothing to save.

    Args:
        network: with its adapter.
        family: its own.
        shares: whether its frozen tensors are those of other runs as well.
    """
    body = network.get_submodule(family.body)
    blocks: Any = body.get_submodule(family.blocks)
    if not _hands_on_the_same(body, family):
        return 0
    frozen = 0
    for block in blocks:
        if _is_trained(block) or drops(block):
            break
        frozen += 1
    if not 0 < frozen < len(blocks):
        return 0
    memory = Memory(body, frozen, network.config.hidden_size, shares=shares)
    body.register_forward_pre_hook(memory.read, with_kwargs=True)
    for number in range(frozen):
        is_first, is_last = number == 0, number == frozen - 1
        blocks[number] = FrozenBlock(blocks[number], memory, is_first=is_first, is_last=is_last)
    return frozen


def expect(model: nn.Module, token_ids: Iterable[Sequence[int]], *, is_autocast: bool) -> None:
    """Tell a model's frozen blocks, if they remember, which texts will come; see ``Memory``."""
    memory = memory_of(model)
    if memory is not None:
        memory.expect(token_ids, is_autocast=is_autocast)


def memory_of(model: nn.Module) -> Memory | None:
    """That of a model's frozen blocks, if they have one."""
    return next((part.memory for part in model.modules() if isinstance(part, FrozenBlock)), None)


def _hands_on_the_same(body: nn.Module, family: Architecture) -> bool:
    """Whether what comes to the blocks, and from one to the next, is the same in every epoch."""
    around = [
        (name, module)
        for name, module in body.named_modules()
        if not f"{name}.".startswith(f"{family.blocks}.") or name == family.blocks
    ]
    # The convolution of some DeBERTa comes after the first block, and would come after all.
    return not any(
        name.endswith(".conv")
        or (isinstance(module, nn.Dropout) and module.p > 0)
        or (any(p.requires_grad for p in module.parameters(recurse=False)))
        for name, module in around
        if not family.in_head(f"{family.body}.{name}.")
    )


def _is_trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


class Memory:
    """What a network's frozen blocks have made of the texts that are expected.

    These are computed in batches that go by the texts of the run alone, so that it does not matter
    which of them are asked for together: a training that goes on from a checkpoint computes the
    same again, and so does any other run of these texts. Others are computed as they come.

    Args:
        body: of the network.
        num_blocks: how many of its blocks are frozen, from the first one up.
        width: of what they hand on.
        shares: see ``remember_frozen``.
    """

    def __init__(self, body: nn.Module, num_blocks: int, width: int, *, shares: bool) -> None:
        self.num_blocks = num_blocks
        self._width = width
        self._frozen = [p for p in body.parameters() if not p.requires_grad] if shares else None
        self._is_autocast = False
        self._batches: dict[tuple[int, ...], Texts] = {}
        """That of each expected text, by its tokens."""
        self.states: dict[tuple[int, ...], torch.Tensor] = {}
        """Of shape (tokens, width), by the tokens."""
        self.num_bytes = 0
        """Of all expected texts."""
        self.coming: torch.Tensor | None = None
        """What is handed on of the texts that come, (texts, tokens, width), if any is expected."""
        self.beside: tuple[None, ...] | None = None
        """See ``Computed``."""
        self.is_computing = False

    def expect(self, token_ids: Iterable[Sequence[int]], *, is_autocast: bool) -> None:
        """Be ready to remember texts, as far as ``PEFT_DEMO_FEATURES_MB`` has room.

        Texts beyond are computed each time.

        Args:
            token_ids: of each.
            is_autocast: whether they come in autocast; those that come otherwise, as in the check
                of the saved adapter, are computed as they come.
        """
        self._is_autocast = is_autocast
        most_bytes = 1_000_000 * int(settings.features_mb())
        by_length: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for text in dict.fromkeys(map(tuple, token_ids)):
            num_bytes = 4 * len(text) * self._width
            if text not in self._batches and self.num_bytes + num_bytes <= most_bytes:
                self.num_bytes += num_bytes
                by_length[len(text)].append(text)
        for alike in by_length.values():
            for start in range(0, len(alike), BATCH):
                batch = tuple(alike[start : start + BATCH])
                self._batches.update(dict.fromkeys(batch, batch))

    def read(self, body: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Look up the texts that come; a hook of the body."""
        ids = kwargs.get("input_ids", args[0] if args else None)
        mask = kwargs.get("attention_mask", args[1] if len(args) > 1 else None)
        self.coming = None
        if ids is None or torch.is_autocast_enabled(ids.device.type) != self._is_autocast:
            return
        lengths = [ids.shape[1]] * len(ids) if mask is None else mask.sum(dim=1).tolist()
        texts = [tuple(row[:length]) for row, length in zip(ids.tolist(), lengths, strict=True)]
        unknown = [row for row, text in enumerate(texts) if text not in self._batches]
        if len(unknown) == len(texts):
            return
        longest = ids.shape[1]
        # What stands at padding is read by nobody.
        found = [
            functional.pad(states, (0, 0, 0, longest - len(states)))
            for states in (self._of(text, body) for text in texts if text in self._batches)
        ]
        if unknown:
            these = self._computed(body, ids[unknown], None if mask is None else mask[unknown])
            self.beside = these.beside
            for row, states in zip(unknown, these.states, strict=True):
                found.insert(row, states)
        self.coming = torch.stack(found)

    def _of(self, text: tuple[int, ...], body: Any) -> torch.Tensor:
        if text not in self.states:
            batch = self._batches[text]
            ids = torch.tensor(batch)
            compute = partial(self._computed, body, ids, torch.ones_like(ids))
            found = (
                compute()
                if self._frozen is None
                else shared_states.of(batch, self.num_blocks, self._frozen, compute)
            )
            self.states.update(zip(batch, found.states, strict=True))
            self.beside = found.beside
        return self.states[text]

    def _computed(self, body: Any, ids: torch.Tensor, mask: torch.Tensor | None) -> Computed:
        """What the frozen blocks make of a batch."""
        found = None
        self.is_computing = True
        try:
            # Not by calling it, which would look the texts up.
            body.forward(input_ids=ids, attention_mask=mask)
        except _ReachedError as reached:
            found = reached.computed
        finally:
            self.is_computing = False
        assert found is not None
        return found


class _ReachedError(Exception):
    """The last frozen block is computed, and nobody wants what comes after."""

    def __init__(self, computed: Computed) -> None:
        super().__init__()
        self.computed = computed


class FrozenBlock(nn.Module):
    """Stands in for a frozen block: of known texts, the first hands on what all of them made."""

    def __init__(self, block: nn.Module, memory: Memory, *, is_first: bool, is_last: bool) -> None:
        super().__init__()
        self.block = block
        self.memory = memory
        self._is_first, self._is_last = is_first, is_last
        self.attention_type = getattr(block, "attention_type", None)  # ModernBERT's loop asks

    def forward(self, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        """As the block."""
        memory = self.memory
        if memory.coming is not None:
            states = memory.coming if self._is_first else hidden_states
            return states if memory.beside is None else (states, *memory.beside)
        with torch.no_grad():
            found = self.block(hidden_states, *args, **kwargs)
        if self._is_last and memory.is_computing:
            if isinstance(found, tuple):
                raise _ReachedError(Computed(found[0], (None,) * (len(found) - 1)))
            raise _ReachedError(Computed(found, None))
        return found
