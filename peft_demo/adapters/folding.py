"""An adapter as part of frozen weights in bfloat16, while many texts are evaluated."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def folded(model: nn.Module) -> Iterator[int]:
    """Within it, a model that computes in bfloat16 evaluates texts by one product for each layer.

    For adapters that peft calls additive; others compute as ever. Nothing that is shared is written
    to: the sum is in the layers' own halves (``models.half_weights``), where forward passes in
    autocast read it, and is forgotten at the end. Yields how many layers it changes.
    """
    layers = [*_additive(model)]
    trained = [p for layer, _, _ in layers for p in layer.parameters() if p.requires_grad]
    try:
        for layer, base, name in layers:
            base.fold(layer.get_delta_weight(name).detach())
            layer.enable_adapters(False)
        yield len(layers)
    finally:
        for layer, base, _ in layers:
            layer.enable_adapters(True)
            base.unfold()
        for parameter in trained:
            parameter.requires_grad_(True)


def _additive(model: nn.Module) -> Iterator[tuple[Any, Any, str]]:
    """Layers whose adapter adds a matrix to the weights, with those weights' own layer."""
    from peft_demo.libraries import peft
    from peft_demo.models.half_weights import FrozenLinear

    for layer in model.modules():
        if not isinstance(layer, peft.tuners.tuners_utils.BaseTunerLayer):
            continue
        base, names = layer.get_base_layer(), layer.active_adapters
        if not isinstance(base, FrozenLinear) or len(names) != 1:
            continue
        # DoRA, which also scales the sum, is a variant of LoRA; a bias is no part of the matrix.
        has_bias = any(getattr(layer, "lora_bias", {}).values())
        is_more = getattr(layer, "lora_variant", {}) or has_bias
        if layer.supports_lora_conversion(names[0]) and not is_more and _needs_no_weight(layer):
            yield layer, base, names[0]


def _needs_no_weight(layer: Any) -> bool:
    """Whether what is added does not depend on what it is added to, as it may in MiSS."""
    asked = inspect.signature(layer.get_delta_weight).parameters.values()
    return sum(each.default is each.empty for each in asked) == 1
