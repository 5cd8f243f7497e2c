"""Dropout of the methods' own: each field changes what training computes, and nothing else."""

import pytest
import torch
from small_runs import one_module, small_config

from peft_demo import adapters
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS

FIELDS = [
    (method.id, field.name)
    for method in METHODS.values()
    for field in method.fields
    if field.name.endswith("dropout")
]

KEPT_ALONE = {("oft", "module_dropout")}
"""What this version of peft takes and never uses; the help of its field says so."""


def built(base, method: str, **values):
    """On one layer, its trained weights moved: an adapter that does nothing drops nothing."""
    of_one = one_module(method)
    if LAYERS in METHODS[method].fields:
        of_one[LAYERS.name] = (5,)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = adapters.build(base, small_config(method, base_dropout=0, **of_one, **values))
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.1 * torch.randn_like(parameter)
    model.get_submodule("base_model.model.dropout").p = 0.0  # the head's own
    return model


def logits(base, model, *, seed: int = 1) -> torch.Tensor:
    encoded = base.encode(["A wonderful film."], 16)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        ids = {name: torch.tensor(encoded[name]) for name in ("input_ids", "attention_mask")}
        return model(**ids).logits


def test_the_methods_that_have_one_are_known():
    assert {"lokr", "delora", "vblora", "unilora", "tinylora", "psoft", "pvera"} <= {
        method for method, _ in FIELDS
    }


@pytest.mark.slow
@pytest.mark.parametrize(("method", "name"), FIELDS)
def test_it_changes_training_and_not_the_answers(base, method, name):
    without = {other: 0.0 for one, other in FIELDS if one == method}
    plain = built(base, method, **without)
    dropping = built(base, method, **{**without, name: 0.5})
    torch.testing.assert_close(logits(base, plain.eval()), logits(base, dropping.eval()))
    answer = logits(base, dropping)
    dropping.train()
    drawn = (logits(base, dropping, seed=seed) for seed in range(1, 9))
    is_changed = any(not torch.allclose(one, answer, atol=1e-5) for one in drawn)
    assert is_changed == ((method, name) not in KEPT_ALONE)
    if method != "pvera":  # which draws its directions at random too
        plain.train()
        torch.testing.assert_close(logits(base, plain), answer)
