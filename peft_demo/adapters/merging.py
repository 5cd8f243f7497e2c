"""An adapter written into copies of the weights that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peft_demo.models import hardware

if TYPE_CHECKING:
    import torch
    from torch import nn


def merge(model: Any, *, in_float32: bool = False) -> Any:
    """The base with an adapter written into copies of the weights that it changes.

    What it does not change stays shared with the base. The model given is used up, and what comes
    back computes ``hardware.predicting``, whose type of number the copies have, unless they are to
    stay in float32 for who computes in that.
    """
    from torch import nn

    changed = _changed(model)
    for module in changed:
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(weight.clone(), requires_grad=False))
    _unwrap_heads(model)
    merged = model.merge_and_unload()
    if not in_float32:
        for module in changed:
            module.to(_merged_type())
    return merged


def _unwrap_heads(model: Any) -> None:
    """Put trained heads in the place of peft's wrappers: its merging takes each for one layer."""
    from peft_demo.libraries import peft

    network = model.get_base_model()
    for name, module in list(network.named_modules()):
        if isinstance(module, peft.utils.ModulesToSaveWrapper):
            network.set_submodule(name, module.modules_to_save[module.active_adapters[0]])


def merged_bytes(model: nn.Module) -> int:
    """Memory of the copies that ``merge`` makes."""
    return sum(
        weight.numel() * _merged_type().itemsize
        for module in _changed(model)
        for weight in module.parameters()
    )


def _changed(model: nn.Module) -> list[nn.Module]:
    """The base's own layers that an adapter wraps."""
    from peft_demo.libraries import peft

    return [
        layer.get_base_layer()
        for layer in model.modules()
        if isinstance(layer, peft.tuners.tuners_utils.BaseTunerLayer)
    ]


def _merged_type() -> torch.dtype:
    import torch

    return getattr(torch, hardware.prediction_precision())
