"""Frozen layers in autocast: their weights are turned into bfloat16 once, not in every step.

Autocast keeps what it turns of trained weights only, and that for one forward pass. Import this
where networks are built, not above: it needs torch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def keep_halves(model: nn.Module) -> None:
    """Let a model's linear layers that nobody trains keep their weights in bfloat16 as well.

    What they compute is the same to the last digit. Nobody may write to these weights any more.
    """
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if type(module) is nn.Linear and not any(p.requires_grad for p in module.parameters()):
            model.set_submodule(name, FrozenLinear(module))


class FrozenLinear(nn.Linear):
    """A linear layer of the parameters of another one, which are not trained."""

    def __init__(self, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        self._halves: tuple[torch.Tensor, torch.Tensor | None] | None = None
        self._folded: torch.Tensor | None = None
        self.train(layer.training)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """As PyTorch's."""
        if not is_half(input):
            return super().forward(input)
        weight, bias = self.halves()
        folded = weight if self._folded is None else self._folded
        return functional.linear(half(input), folded, bias)

    def halves(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Its parameters in bfloat16."""
        if self._halves is None:
            bias = None if self.bias is None else self.bias.bfloat16()
            self._halves = self.weight.bfloat16(), bias
        return self._halves

    def fold(self, added: torch.Tensor) -> None:
        """Compute in bfloat16 with the sum of its weight and this, until ``unfold``."""
        self._folded = (self.weight + added).bfloat16()

    def unfold(self) -> None:
        """Compute with its own weight again."""
        self._folded = None


def half(values: torch.Tensor) -> torch.Tensor:
    """The values in bfloat16, turned once for all layers of a step that read them.

    Autocast turns them for each of these, and each part of their gradient back.
    """
    if values.dtype is torch.bfloat16 or not torch.is_grad_enabled():
        return values.bfloat16()
    kept = getattr(values, "_half", None)
    if kept is None or kept[0] != values._version:
        kept = values._version, values.bfloat16()
        setattr(values, "_half", kept)  # noqa: B010
    return kept[1]


def is_half(values: torch.Tensor) -> bool:
    """Whether autocast computes with these values in bfloat16, on the processor."""
    return (
        values.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") is torch.bfloat16
    )
