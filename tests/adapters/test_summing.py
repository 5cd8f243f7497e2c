"""LoRA and the layer beneath it as one sum in bfloat16: as exact as apart, and nothing else."""

from __future__ import annotations

import copy

import pytest
import torch
from small_runs import small_config

from peft_demo import adapters
from peft_demo.adapters.summing import sum_in_place
from peft_demo.models.half_weights import half

TEXTS = ["A wonderful film.", "Dull, long and loud: I left after an hour."]


def built(base, method="lora", **values):
    """A model to train, whose adapter does something."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        model = adapters.build(base, small_config(method, **values)).train()
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn_like(parameter)
    return model


def summing(model):
    return [part for part in model.modules() if "forward" in vars(part)]


def apart(model):
    """The same model, where peft computes."""
    shared = {id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]}
    plain = copy.deepcopy(model, shared)
    for layer in summing(plain):
        del layer.forward
    assert not summing(plain)
    return plain


def logits(model, base, *, in_half):
    batch = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        with torch.autocast("cpu", torch.bfloat16, enabled=in_half):
            return model(**batch).logits.float()


def step(model, base, *, in_half):
    """Logits, and the gradient of each trained parameter by its name."""
    model.zero_grad()
    found = logits(model, base, in_half=in_half)
    (found * torch.tensor([[1.0, -2.0], [-0.5, 1.0]])).sum().backward()
    grads = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    return {"logits": found.detach(), **grads}


def distance(found, exact):
    """How far each is from what it should be, as a share of that."""
    return {name: (found[name] - exact[name]).norm() / exact[name].norm() for name in exact}


@pytest.mark.slow
class TestNumbers:
    @pytest.mark.parametrize(
        ("method", "values"),
        [("lora", {"lora_dropout": 0.0}), ("lora", {"lora_dropout": 0.3}), ("rslora", {})],
    )
    def test_are_as_near_to_float32_as_those_apart(self, narrow_base, method, values):
        model = built(narrow_base, method, **values)
        assert len(summing(model)) == 6  # three modules of two blocks
        exact = step(apart(model), narrow_base, in_half=False)
        ours = distance(step(model, narrow_base, in_half=True), exact)
        pefts = distance(step(apart(model), narrow_base, in_half=True), exact)
        assert len(exact) > 12
        assert max(pefts.values()) > 1e-4  # it was bfloat16
        assert all(ours[name] < 2 * pefts[name] + 0.01 for name in exact)

    def test_in_float32_are_those_apart(self, narrow_base):
        model = built(narrow_base, lora_dropout=0.3)
        ours, pefts = (step(each, narrow_base, in_half=False) for each in (model, apart(model)))
        assert all(torch.equal(ours[name], pefts[name]) for name in pefts)

    def test_a_copy_has_its_own_weights_and_a_switched_off_adapter_adds_nothing(self, narrow_base):
        model = built(narrow_base, lora_dropout=0.0)
        before = step(model, narrow_base, in_half=True)["logits"]
        other = copy.deepcopy(model)
        with torch.no_grad():
            for name, parameter in other.named_parameters():
                if "lora_B" in name:
                    parameter.zero_()
        without = step(other, narrow_base, in_half=True)["logits"]
        assert torch.equal(step(model, narrow_base, in_half=True)["logits"], before)
        assert not torch.allclose(without, before)
        layer, tokens = summing(model)[0], torch.randn(2, 5, 128)
        layer.enable_adapters(False)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(layer(tokens), layer.base_layer(tokens))


@pytest.mark.parametrize("method", ["dora", "adalora", "pissa", "full_ft", "vera"])
def test_no_layer_of_another_kind(narrow_base, method):
    assert not summing(built(narrow_base, method))
    assert not sum_in_place(built(narrow_base, method))


class TestHalf:
    def test_values_are_turned_once_and_again_once_they_have_changed(self):
        values = torch.randn(3, 4, requires_grad=True) * 2
        assert half(values) is half(values)
        assert torch.equal(half(values), values.bfloat16())
        before = half(values)
        values.add_(1)
        assert half(values) is not before
        assert torch.equal(half(values), values.bfloat16())

    def test_gradients_of_all_who_read_them_come_back(self):
        values = torch.randn(3, 4, requires_grad=True)
        (half(values) * 2 + half(values) * 3).float().sum().backward()
        assert torch.equal(values.grad, torch.full((3, 4), 5.0))

    def test_what_was_turned_without_gradients_is_not_taken_for_a_step(self):
        values = torch.randn(3, 4, requires_grad=True)
        with torch.no_grad():
            half(values)
        assert half(values).requires_grad
