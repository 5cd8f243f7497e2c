"""A model whose update counts more or less than as it was trained: W + s·ΔW."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from peft_demo import models
from peft_demo.adapters.inside import known_deltas
from peft_demo.adapters.merging import merge

if TYPE_CHECKING:
    from torch import nn


class Dial:
    """A trained model, its head as it is, with the change of its body's weights times a strength.

    At 0 it is the base with the trained head, at 1 the adapter. One thread at a time may use it.
    """

    def __init__(self, load: Callable[[], Any], base: models.Base) -> None:
        """Take a model apart; ``load`` makes it anew and is called twice.

        Raises:
            NotImplementedError: it changes no weight of its base.
        """
        from peft_demo.libraries import peft

        self._deltas = [
            (found.name, found.weight.float(), None if found.bias is None else found.bias.float())
            for found in known_deltas(load(), base)
        ]
        if not self._deltas:
            raise NotImplementedError("it changes no weight of its base")
        model = load()
        self._base = base
        self.network: nn.Module = merge(model) if isinstance(model, peft.PeftModel) else model

    def turn(self, strength: float) -> nn.Module:
        """The model at a strength; it changes at the next turn."""
        from torch import nn

        for name, weight, bias in self._deltas:
            module, before = self.network.get_submodule(name), self._base.model.get_submodule(name)
            for part, delta in (("weight", weight), ("bias", bias)):
                own = getattr(before, part, None)
                if own is None:
                    continue
                scaled = own if delta is None else own + strength * delta
                setattr(module, part, nn.Parameter(scaled.detach(), requires_grad=False))
        return self.network
