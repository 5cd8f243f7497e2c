"""The straight line between the weights of two models of one base: W1 + t (W2 - W1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from peft_demo import models
from peft_demo.adapters.inside import deltas
from peft_demo.adapters.merging import merge

if TYPE_CHECKING:
    import torch
    from torch import nn

Parts = dict[str, "torch.Tensor | None"]
"""A module's weight and bias."""


class Line:
    """A model that goes from one to another, body and head; at 0 it is the first, at 1 the second.

    One thread at a time may use it.
    """

    def __init__(
        self, first: Callable[[], Any], second: Callable[[], Any], base: models.Base
    ) -> None:
        """Take two models apart; each function makes its model anew and is called twice.

        Both must be merged into their base, or have changed its own weights.
        """
        self._base = base
        self._changes = _changes(first(), base), _changes(second(), base)
        self.network, other = _merged(first()), _merged(second())
        self._heads = {
            name: (_parts(self.network.get_submodule(name)), _parts(other.get_submodule(name)))
            for name in base.architecture.head
        }

    def at(self, t: float) -> nn.Module:
        """The model at a place of the line; it changes when it is asked for another."""
        one, other = self._changes
        for name in {**one, **other}:
            before = _parts(self._base.model.get_submodule(name))
            for part, own in before.items():
                if own is None:
                    continue
                ends = (changes.get(name, {}).get(part) for changes in (one, other))
                for share, change in zip((1 - t, t), ends, strict=True):
                    own = own if change is None else own + share * change
                self._put(name, part, own)
        for name, (start, end) in self._heads.items():
            for part, own in start.items():
                aim = end[part]
                if own is not None and aim is not None:
                    self._put(name, part, (1 - t) * own + t * aim)
        return self.network

    def _put(self, name: str, part: str, tensor: torch.Tensor) -> None:
        from torch import nn

        own = nn.Parameter(tensor.detach(), requires_grad=False)
        setattr(self.network.get_submodule(name), part, own)


def _merged(model: Any) -> Any:
    from peft_demo.libraries import peft

    return merge(model) if isinstance(model, peft.PeftModel) else model


def _parts(module: Any) -> Parts:
    return {part: getattr(module, part, None) for part in ("weight", "bias")}


def _changes(model: Any, base: models.Base) -> dict[str, Parts]:
    return {
        found.name: {
            "weight": found.weight.float(),
            "bias": None if found.bias is None else found.bias.float(),
        }
        for found in deltas(model, base)
    }
