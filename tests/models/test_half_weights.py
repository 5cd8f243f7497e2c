"""Frozen weights in bfloat16: the same numbers, without turning them in every step."""

from __future__ import annotations

import copy

import pytest
import torch
from small_runs import small_config
from torch.utils._python_dispatch import TorchDispatchMode

from peft_demo import adapters
from peft_demo.adapters import building
from peft_demo.methods import METHODS
from peft_demo.models import half_weights
from peft_demo.models.half_weights import FrozenLinear

TEXTS = ["A wonderful film.", "Dull, long and loud: I left after an hour."]


class Casts(TorchDispatchMode):
    """Counts the numbers that are turned into another type."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default:
            self.numbers += args[0].numel()
        return func(*args, **kwargs or {})


def built(base, method="lora", **values):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return adapters.build(base, small_config(method, **values))


def kept(model) -> list[FrozenLinear]:
    return [part for part in model.modules() if isinstance(part, FrozenLinear)]


def without(model):
    """The same model with PyTorch's own layers."""
    # Not the tensors: where they lie in memory decides in which order MKL sums.
    shared = {id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]}
    plain = copy.deepcopy(model, shared)
    for name, part in list(plain.named_modules()):
        if isinstance(part, FrozenLinear):
            layer = torch.nn.Linear(part.in_features, part.out_features, part.bias is not None)
            layer.weight, layer.bias = part.weight, part.bias
            plain.set_submodule(name, layer)
    assert not kept(plain)
    return plain


def step(model, base, *, autocast):
    """Logits and gradients; and how many numbers were cast by the second of two such steps."""
    batch = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    for _ in range(2):
        model.train().zero_grad()
        with torch.random.fork_rng(), Casts() as casts:
            torch.manual_seed(2)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                found = model(**batch, labels=torch.tensor([1, 0]))
            found.loss.backward()
    grads = [p.grad.clone() for p in model.parameters() if p.requires_grad]
    return [found.logits.detach(), *grads], casts.numbers


@pytest.mark.slow
class TestNumbers:
    @pytest.mark.parametrize("autocast", [True, False])
    def test_are_the_same_to_the_last_digit(self, narrow_base, autocast, monkeypatch):
        # Gradients that it sums in bfloat16 are another thing: see test_summing.
        monkeypatch.setattr(half_weights, "half", torch.Tensor.bfloat16)
        monkeypatch.setattr(building, "_computes_alone", lambda: False)
        model = built(narrow_base)
        found, casts = step(model, narrow_base, autocast=autocast)
        expected, of_plain = step(without(model), narrow_base, autocast=autocast)
        assert len(found) > 10
        assert all(map(torch.equal, found, expected))
        weights = sum(part.weight.numel() for part in kept(model) if part._halves)
        if autocast:  # and the weights are not turned any more
            assert 0 < weights <= of_plain - casts
        else:
            assert not weights


class TestWhichLayers:
    def test_are_all_of_the_shared_base(self, narrow_base):
        model = built(narrow_base)
        shared = {id(p) for p in narrow_base.model.parameters()}
        assert {id(part.weight) for part in kept(model)} <= shared
        # Those of a block, as often as there are blocks.
        assert len(kept(model)) == 6 * narrow_base.model.config.n_layers

    @pytest.mark.parametrize("method", ["full_ft", "pissa", "ln_tuning"])
    def test_are_none_where_the_base_may_be_written_to(self, narrow_base, method):
        assert METHODS[method].writes_to_base or method == "full_ft"
        assert not kept(built(narrow_base, method))
