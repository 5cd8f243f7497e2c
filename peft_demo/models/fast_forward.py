"""How networks compute here: as transformers does, less what nobody reads, and with faster dropout.

The head reads the first token of the last layer only. So that layer computes its keys and values
for all tokens, and everything else for the first alone: 10 of 72 matrix products are saved, forward
and backward, and the result is the same.

``bernoulli_`` draws a dropout mask in one thread, 12 ns for each number on one machine; eight
random bits compared with a limit take about 1 ns (``python -m benchmarks.forward``, which
also gives the ratio of a whole step). The masks are others than transformers would draw from the
same seed, and of the same distribution. Those of the last layer are drawn for all tokens, so that
nothing but dropout stands between a training here and one in plain transformers: exported code has
it and gives the same numbers, but for rounding.

Where only the head is trained, the frozen body computes without dropout, as in Yosinski et al. 2014
(arXiv 1411.1792), and each text once: its features are the same in every epoch.

``PEFT_DEMO_FORWARD=transformers`` changes nothing of transformers' own. Import this where networks
are built, not above: it needs torch and transformers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from peft_demo import settings
from peft_demo.libraries import transformers
from peft_demo.models.architecture import Architecture
from peft_demo.models.families import ARCHITECTURES
from peft_demo.models.frozen_blocks import remember_frozen
from peft_demo.models.half_weights import keep_halves

ATTENTION = "peft_demo"
"""The name by which a model's configuration asks for ``attention``."""


def prepare_base(model: Any) -> None:
    """Let a network with its head, and what is copied of it, compute in this way."""
    if settings.forward() == "transformers":
        return
    if model._supports_sdpa:
        model.set_attn_implementation(ATTENTION)
    family = ARCHITECTURES[model.config.model_type]
    if family.is_fast and family.pooling == "first":
        blocks = model.get_submodule(f"{family.body}.{family.blocks}")
        blocks[-1] = LastBlock(blocks[-1], family).train(blocks[-1].training)


def compute_all_tokens(model: nn.Module) -> None:
    """Let the last layer of a model, a copy of a prepared base, leave out nothing after all."""
    for module in model.modules():
        if isinstance(module, LastBlock):
            module.all_tokens = True


def prepare_training(
    model: nn.Module, *, is_head_only: bool, may_remember: bool = False, shares: bool = False
) -> None:
    """Let a model, its adapter included, train in this way.

    Args:
        model: what is trained.
        is_head_only: whether nothing but its head is.
        may_remember: whether frozen blocks below the first adapter may compute each text once.
        shares: whether its frozen tensors are the base's own.
    """
    if settings.forward() == "transformers":
        return
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if type(module) is nn.Dropout:
            model.set_submodule(name, Dropout(module.p).train(module.training))
    if not hasattr(model, "get_base_model"):
        return  # trained whole
    network: Any = model.get_base_model()  # type: ignore[operator]
    family = ARCHITECTURES[network.config.model_type]
    if shares:
        keep_halves(network.get_submodule(family.body))
    if is_head_only:
        body = network.get_submodule(family.body)
        is_frozen = not any(parameter.requires_grad for parameter in body.parameters())
        remembers = family.pooling == "first" and is_frozen
        network.set_submodule(family.body, FrozenBody(body, remembers=remembers))
    elif may_remember:
        remember_frozen(network, family, shares=shares)


def remembered(model: nn.Module) -> list[tuple[object, str]]:
    """Attributes, by their objects and names, in which a model keeps what it has computed."""
    return [(part, "features") for part in model.modules() if isinstance(part, FrozenBody)]


# Dropout


def dropout_mask(
    shape: Sequence[int],
    p: float,
    dtype: torch.dtype,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """What dropout multiplies with: 0 with probability p, else 1 / (1 - p).

    Eight random bits make each number. The limit that they are compared with, 256 p, lies between
    two whole ones: each row takes one of these at random, so that p is exact for every number.
    """
    count = math.prod(shape)
    draws = torch.empty(-(-count // 8), dtype=torch.int64)
    draws.random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.uint8)[:count].view(*shape)
    lower = min(int(256 * p), 254)
    is_higher = torch.rand(*shape[:-1], 1, generator=generator) < 256 * p - lower
    mask = torch.empty(*shape, dtype=dtype)
    torch.ge(bits, is_higher.to(torch.uint8) + lower, out=mask)
    return mask.mul_(1 / (1 - p) if p < 1 else 0.0)


def _mask(values: torch.Tensor, shape: Sequence[int], p: float) -> torch.Tensor:
    return dropout_mask(shape, p, values.dtype)


Draw = Callable[[torch.Tensor, Sequence[int], float], torch.Tensor]
"""Draws, for some values, a mask of a shape, which drops with a probability."""

_draw: ContextVar[Draw] = ContextVar("draw", default=_mask)


@contextmanager
def masks_drawn_by(draw: Draw) -> Iterator[None]:
    """Within it, ``draw`` draws this thread's masks."""
    before = _draw.set(draw)
    try:
        yield
    finally:
        _draw.reset(before)


def drop(values: torch.Tensor, p: float) -> torch.Tensor:
    """Zero each number with probability ``p`` and divide the others by 1 - ``p``.

    Masks from ``dropout_mask``; on a GPU, where drawing is quick, PyTorch's own.
    """
    if values.device.type != "cpu":
        return functional.dropout(values, p)
    return values * _draw.get()(values, values.shape, p)


class Dropout(nn.Dropout):
    """Dropout with our masks."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """As PyTorch's."""
        return drop(input, self.p) if self.training and self.p else input


def attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float = 1.0,
    **more: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attention with our dropout, as transformers calls it: heads by (texts, heads, tokens, width).

    What comes back has the shape (texts, tokens, heads, width).
    """
    # PyTorch's own kernels drop on a GPU, unless the masks are those of several runs.
    if not dropout or (query.device.type != "cpu" and _draw.get() is _mask):
        theirs = transformers.AttentionInterface()["sdpa"]
        given = {"dropout": dropout, "scaling": scaling, **more}
        if not _goes_back_slowly(query):
            return theirs(module, query, key, value, attention_mask, **given)
        with torch.autocast("cpu", enabled=False):
            wide = (part.float() for part in (query, key, value))
            found, _ = theirs(module, *wide, attention_mask, **given)
        return found.to(query.dtype), None
    # As scaled_dot_product_attention does where it has no kernel with dropout.
    # In bfloat16 the scores would be rounded once more; in float32 it is as transformers' own.
    is_half = query.dtype is torch.bfloat16
    scores = (query * scaling if is_half else query) @ key.transpose(2, 3)
    scores = scores if is_half else scores * scaling
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    # Autocast would hand the shares on in float32, to be dropped and turned back.
    with torch.autocast(scores.device.type, enabled=False):
        shares = scores.softmax(dim=-1)
    return (drop(shares, dropout) @ value).transpose(1, 2), None


def _goes_back_slowly(query: torch.Tensor) -> bool:
    """Whether PyTorch's gradients of attention take several times as long as in float32.

    Its kernel for the processor multiplies in bfloat16 number by number (benchmarks/NOTES.md).
    """
    is_half = query.dtype is torch.bfloat16 and query.device.type == "cpu"
    # Of one query, as in the last layer, they do not.
    return is_half and torch.is_grad_enabled() and query.shape[2] > 1


transformers.AttentionInterface.register(ATTENTION, attention)
transformers.AttentionMaskInterface.register(
    ATTENTION, transformers.AttentionMaskInterface()["sdpa"]
)


# The last layer and the frozen body


class LastBlock(nn.Module):
    """The last layer, computed for the first token; its modules are those of the block given."""

    def __init__(self, block: nn.Module, family: Architecture) -> None:
        super().__init__()
        for name, module in block.named_children():
            self.add_module(name, module)
        self.family = family
        self.all_tokens = False
        """Whether it computes all tokens after all."""

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> torch.Tensor:
        """Of (texts, tokens, width): the first token, (texts, 1, width), or all."""
        # On a GPU masks of another size would move PyTorch's generator on differently.
        is_whole = self.all_tokens or (self.training and hidden_states.device.type != "cpu")
        computed = None if is_whole else 1
        with masks_drawn_by(_for_all(hidden_states.shape[1])):
            attended = self._attended(hidden_states, attention_mask, computed)
            attended = self._part(self.family.attention_norm)(
                attended + hidden_states[:, :computed]
            )
            fed = self._part(self.family.feedforward_in.rpartition(".")[0])(attended)
            return self._part(self.family.output_norm)(fed + attended)

    def _attended(
        self, hidden_states: torch.Tensor, mask: torch.Tensor | None, computed: int | None
    ) -> torch.Tensor:
        family = self.family
        module = self._part(family.attention_at.removesuffix("."))

        def heads(linear: str, tokens: torch.Tensor) -> torch.Tensor:
            projected = self._part(family.path(linear))(tokens)
            return projected.unflatten(2, (-1, module.attention_head_size)).transpose(1, 2)

        attended, _ = attention(
            module,
            heads(family.query, hidden_states[:, :computed]),
            heads(family.key, hidden_states),
            heads(family.value, hidden_states),
            mask if mask is None else mask[:, :, :computed],
            module.dropout.p if self.training else 0.0,
            module.scaling,
        )
        return self._part(family.path(family.output))(attended.flatten(2))

    def _part(self, path: str) -> Any:
        return self.get_submodule(path)


def _for_all(num_tokens: int) -> Draw:
    """Draws for all tokens, also where the first alone is computed."""
    draw = _draw.get()

    def first_of_all(values: torch.Tensor, shape: Sequence[int], p: float) -> torch.Tensor:
        if shape[-2] != 1:
            return draw(values, shape, p)
        return draw(values, (*shape[:-2], num_tokens, shape[-1]), p).narrow(-2, 0, 1)

    return first_of_all


class FrozenBody(nn.Module):
    """A body that nobody trains: it computes without dropout, and each text once.

    ``remembers`` is False where the head reads more of a text than its first token, or has a layer
    in the body: then it computes texts again.
    """

    def __init__(self, body: nn.Module, *, remembers: bool = True) -> None:
        super().__init__()
        self.body = body.eval()
        self.remembers = remembers
        self.features: dict[tuple[int, ...], torch.Tensor] = {}
        """By whether they were computed in autocast, and the tokens. The batch in which a text was
        computed shows in the last digits, so a training that goes on goes on with them."""

    def train(self, mode: bool = True) -> FrozenBody:
        """Its dropout stays off."""
        return super().train(False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any
    ) -> transformers.modeling_outputs.BaseModelOutputWithPooling:
        """The first token's features, (texts, 1, width), and what the pooler makes of them."""
        if not self.remembers:
            return self.body(input_ids=input_ids, attention_mask=attention_mask)
        lengths = attention_mask.sum(dim=1).tolist()
        # A training's features in bfloat16 are not those of its saved adapter in float32.
        is_autocast = torch.is_autocast_enabled(input_ids.device.type)
        keys = [
            (is_autocast, *ids[:length])
            for ids, length in zip(input_ids.tolist(), lengths, strict=True)
        ]
        new = [row for row, key in enumerate(keys) if key not in self.features]
        if new:
            with torch.no_grad():
                found = self.body(input_ids=input_ids[new], attention_mask=attention_mask[new])
            pooled = found.get("pooler_output")
            first = found.last_hidden_state[:, :1]
            computed = first if pooled is None else torch.cat([first, pooled[:, None]], dim=1)
            self.features.update(zip((keys[row] for row in new), computed, strict=True))
        remembered = torch.stack([self.features[key] for key in keys])
        return transformers.modeling_outputs.BaseModelOutputWithPooling(
            last_hidden_state=remembered[:, :1],
            pooler_output=remembered[:, 1] if remembered.shape[1] > 1 else None,
        )
