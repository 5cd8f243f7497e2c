"""LoRA beside a frozen layer in bfloat16: both products go into one sum, forward and back.

peft computes them apart, turns the layer's input into float32 and autocast back again, and writes
the sum, its scaling and both parts of the input's gradient to memory for themselves. These passes
over memory took a tenth of a step (benchmarks/NOTES.md). Import this where networks are built,
not above: it needs torch.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from peft_demo.libraries import peft
from peft_demo.models.half_weights import FrozenLinear, half, is_half


def sum_in_place(model: nn.Module) -> int:
    """Let a model's LoRA layers compute so where autocast computes in bfloat16; says how many do.

    Variants of LoRA that do more than add a product, such as DoRA, compute as ever.
    """
    layers = [layer for layer in model.modules() if _is_plain(layer)]
    for layer in layers:
        layer.forward = partial(_forward, layer)
    return len(layers)


def _is_plain(layer: nn.Module) -> bool:
    if type(layer) is not peft.tuners.lora.Linear or type(layer.base_layer) is not FrozenLinear:
        return False
    has_more = layer.lora_variant or any(layer.lora_bias.values())
    return len(layer.active_adapters) == 1 and not has_more


def _forward(layer: Any, x: torch.Tensor, *more: Any, **named: Any) -> torch.Tensor:
    (name,) = layer.active_adapters
    if not is_half(x) or layer.disable_adapters or layer.merged:
        return type(layer).forward(layer, x, *more, **named)
    tokens = half(x)
    return _Sum.apply(
        tokens,
        layer.lora_dropout[name](tokens),
        *layer.base_layer.halves(),
        layer.lora_A[name].weight.bfloat16(),
        layer.lora_B[name].weight.bfloat16(),
        layer.scaling[name],
    )


class _Sum(torch.autograd.Function):
    """x W' + b + s d A' B' of tokens x, and of d, which they are after LoRA's own dropout."""

    @staticmethod
    def forward(
        ctx: Any,
        tokens: torch.Tensor,
        dropped: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scaling: float,
    ) -> torch.Tensor:
        rows = dropped.flatten(0, -2)
        low = rows @ down.t()
        summed = functional.linear(tokens.flatten(0, -2), weight, bias)
        summed.addmm_(low, up.t(), alpha=scaling)
        ctx.save_for_backward(rows, low, weight, down, up)
        ctx.scaling, ctx.is_dropped = scaling, dropped is not tokens
        return summed.unflatten(0, tokens.shape[:-1])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, low, weight, down, up = ctx.saved_tensors
        (gradient,) = gradients
        shape, gradient = gradient.shape[:-1], gradient.flatten(0, -2)
        of_low = (gradient @ up).mul_(ctx.scaling)
        of_tokens = of_dropped = None
        if ctx.needs_input_grad[0]:
            of_tokens = gradient @ weight
            if ctx.is_dropped:
                of_dropped = (of_low @ down).unflatten(0, shape)
            else:
                of_tokens.addmm_(of_low, down)
            of_tokens = of_tokens.unflatten(0, shape)
        of_down, of_up = of_low.t() @ rows, (gradient.t() @ low).mul_(ctx.scaling)
        return of_tokens, of_dropped, None, None, of_down, of_up, None
