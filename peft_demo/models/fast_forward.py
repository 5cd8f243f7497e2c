"""How networks compute here: as transformers does, less what nobody reads, and with faster dropout.

The head reads the first token of the last layer only. So that layer computes its keys and values
for all tokens, and everything else for the first alone: 10 of 72 matrix products are saved, forward
and backward, and the result is the same.

``bernoulli_`` draws a dropout mask in one thread, 12 ns for each number on one machine; sixteen
random bits compared with a threshold took 1.8 ns there (``python -m benchmarks.forward``, which
also gives the ratio of a whole step). The masks are others than transformers would draw from the
same seed, and of the same distribution. Those of the last layer are drawn for all tokens, so that
nothing but ``dropout`` stands between a training here and one in plain transformers: exported
code has it and gives the same numbers, but for rounding.

Where only the head is trained, the frozen body computes without dropout, as in Yosinski et al. 2014
(arXiv 1411.1792), and each text once: its features are the same in every epoch.

``PEFT_DEMO_FORWARD=transformers`` changes nothing of transformers' own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from peft_demo import settings

if TYPE_CHECKING:
    import torch
    from torch import nn


def prepare_base(model: Any) -> None:
    """Let a DistilBertForSequenceClassification, and what is copied of it, compute in this way."""
    if settings.forward() == "transformers":
        return
    classes = _classes()
    layers = model.distilbert.transformer.layer
    for layer in layers:
        layer.attention.__class__ = classes.attention
    layers[-1].__class__ = classes.last_block


def compute_all_tokens(model: nn.Module) -> None:
    """Let the last layer of a model, a copy of a prepared base, leave out nothing after all."""
    classes = _classes()
    for module in model.modules():
        if type(module) is classes.last_block:
            module.__class__ = classes.plain_block


def prepare_training(model: nn.Module, *, is_head_only: bool) -> None:
    """Let a model, its adapter included, train in this way."""
    from torch import nn

    if settings.forward() == "transformers":
        return
    classes = _classes()
    for module in model.modules():
        if type(module) is nn.Dropout:
            module.__class__ = classes.dropout
    if is_head_only:
        body: Any
        (body,) = (module for module in model.modules() if type(module) is classes.plain_body)
        body.__class__ = classes.remembering_body
        body.features = {}


def dropout(values: torch.Tensor, p: float) -> torch.Tensor:
    """Zero each number with probability ``p`` and divide the others by 1 - ``p``.

    Masks from ``dropout_mask``; on a GPU, where drawing is quick, PyTorch's own.
    """
    from torch.nn import functional

    if values.device.type != "cpu":
        return functional.dropout(values, p)
    shape = list(values.shape)
    tokens = len(shape) - 2
    if _all_tokens.number and shape[tokens] == 1:
        shape[tokens] = _all_tokens.number
    if _several.generators:
        mask = _classes().masks.apply(values, shape, p)
    else:
        mask = dropout_mask(shape, p, values.dtype)
    return values * mask.narrow(tokens, 0, values.shape[tokens])


def dropout_mask(
    shape: Sequence[int],
    p: float,
    dtype: torch.dtype,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """What dropout multiplies with: 0 with probability p, in 16 bits, else 1 / (1 - p)."""
    import math

    import torch

    # Four numbers come from each draw of 64 bits.
    count = math.prod(shape)
    draws = torch.empty(-(-count // 4), dtype=torch.int64)
    draws.random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.int16)[:count].view(*shape)
    dropped = round(p * 2**16)
    mask = torch.empty(*shape, dtype=dtype)
    torch.ge(bits, dropped - 2**15, out=mask)
    return mask.mul_(1 / (1 - p) if p < 1 else 0.0)


class _AllTokens(threading.local):
    """While only the first token is computed: how many there are, for the masks; else 0."""

    number = 0

    @contextmanager
    def are(self, number: int) -> Iterator[None]:
        self.number = number
        try:
            yield
        finally:
            self.number = 0


_all_tokens = _AllTokens()


class _Several(threading.local):
    """While several runs are computed at once: the generator of each."""

    generators: Sequence[torch.Generator] = ()


_several = _Several()


@contextmanager
def of_several(generators: Sequence[torch.Generator]) -> Iterator[None]:
    """Within ``torch.vmap`` over several runs, draw the masks of each from its own generator."""
    _several.generators = generators
    try:
        yield
    finally:
        _several.generators = ()


class _Classes(NamedTuple):
    masks: Any
    attention: Any
    last_block: Any
    plain_block: Any
    dropout: Any
    plain_body: Any
    remembering_body: Any


@lru_cache(maxsize=1)
def _classes() -> _Classes:
    """What replaces the classes of transformers and PyTorch; made here, for it needs them."""
    import torch
    from torch import nn
    from torch.nn import functional

    from peft_demo.libraries import transformers

    class Masks(torch.autograd.Function):
        """Dropout masks of several runs under ``torch.vmap``, for values of each."""

        @staticmethod
        def forward(values: torch.Tensor, shape: list[int], p: float) -> torch.Tensor:
            raise NotImplementedError("Only torch.vmap tells which runs there are.")

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

        @staticmethod
        def vmap(
            info: Any, in_dims: Any, values: torch.Tensor, shape: list[int], p: float
        ) -> tuple[torch.Tensor, int]:
            each = [dropout_mask(shape, p, values.dtype, own) for own in _several.generators]
            return torch.stack(each), 0

    class Attention(transformers.models.distilbert.modeling_distilbert.DistilBertSelfAttention):
        """Self-attention whose queries may be fewer than its keys, with our dropout."""

        def forward(
            self,
            hidden_states: torch.Tensor,
            attention_mask: torch.Tensor | None = None,
            *,
            queries: int | None = None,
            **_: Any,
        ) -> tuple[torch.Tensor, None]:
            readers = hidden_states[:, :queries]
            if attention_mask is not None:
                attention_mask = attention_mask[:, :, :queries]
            query = self._heads(self.q_lin(readers))
            key = self._heads(self.k_lin(hidden_states))
            value = self._heads(self.v_lin(hidden_states))
            p = self.dropout.p if self.training else 0.0
            if p and (query.device.type == "cpu" or _several.generators):
                # As scaled_dot_product_attention does where it has no kernel with dropout.
                scores = query @ key.transpose(2, 3) * self.scaling
                if attention_mask is not None:
                    scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
                attended = dropout(scores.softmax(dim=-1), p) @ value
            else:
                attended = functional.scaled_dot_product_attention(
                    query, key, value, attention_mask, dropout_p=p, scale=self.scaling
                )
            return self.out_lin(attended.transpose(1, 2).flatten(2)), None

        def _heads(self, projected: torch.Tensor) -> torch.Tensor:
            return projected.unflatten(2, (-1, self.attention_head_size)).transpose(1, 2)

    class LastBlock(transformers.models.distilbert.modeling_distilbert.TransformerBlock):
        """The last layer, computed for the first token."""

        def forward(
            self,
            hidden_states: torch.Tensor,
            attention_mask: torch.Tensor | None = None,
            **more: Any,
        ) -> torch.Tensor:
            if self.training and hidden_states.device.type != "cpu":
                # Masks of another size would move PyTorch's generator on differently.
                return super().forward(hidden_states, attention_mask, **more)
            with _all_tokens.are(hidden_states.shape[1]):
                attended, _ = self.attention(hidden_states, attention_mask, queries=1)
                attended = self.sa_layer_norm(attended + hidden_states[:, :1])
                return self.output_layer_norm(self.ffn(attended) + attended)

    class Dropout(nn.Dropout):
        """Dropout with our masks."""

        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return dropout(input, self.p) if self.training and self.p else input

    class RememberingBody(transformers.models.distilbert.modeling_distilbert.DistilBertModel):
        """A frozen body that computes each text once, without dropout."""

        features: dict[tuple[int, ...], Any]

        def train(self, mode: bool = True) -> RememberingBody:
            return super().train(False)

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any
        ) -> transformers.modeling_outputs.BaseModelOutput:
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
                    computed = super().forward(input_ids[new], attention_mask[new])[0][:, :1]
                self.features.update(zip((keys[row] for row in new), computed, strict=True))
            remembered = torch.stack([self.features[key] for key in keys])
            return transformers.modeling_outputs.BaseModelOutput(remembered)

    return _Classes(
        masks=Masks,
        attention=Attention,
        last_block=LastBlock,
        plain_block=transformers.models.distilbert.modeling_distilbert.TransformerBlock,
        dropout=Dropout,
        plain_body=transformers.models.distilbert.modeling_distilbert.DistilBertModel,
        remembering_body=RememberingBody,
    )
