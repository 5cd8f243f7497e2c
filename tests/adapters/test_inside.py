"""Inside: for every method the numbers of ΔW are those of the dense difference of the weights."""

import numpy as np
import pytest
import torch
from narrow_base import MERGING, loaded, saved

from peft_demo import adapters
from peft_demo.adapters import inside
from peft_demo.runs import RunConfig
from peft_demo.statistics.spectra import directions, effective_rank

pytestmark = pytest.mark.slow


def dense(network, base):
    """All differences of weights of the body's blocks, in float64, by module."""
    before = dict(base.model.named_parameters())
    return {
        name.removesuffix(".weight"): (tensor - before[name]).double().detach()
        for name, tensor in network.named_parameters()
        if "transformer.layer" in name and name.endswith(".weight")
    }


@pytest.mark.parametrize("method", [*MERGING, "full_ft", "ln_tuning"])
def test_the_change_is_that_of_the_weights(narrow_base, method, tmp_path):
    saved(narrow_base, method, tmp_path)
    checksum = narrow_base.checksum()
    found = {
        change.name: change
        for change in inside.changes(loaded(narrow_base, method, tmp_path), narrow_base)
    }
    model = loaded(narrow_base, method, tmp_path)
    if method == "ln_tuning":
        model = model.merge_and_unload()
    expected = dense(adapters.merge(model) if method in MERGING else model, narrow_base)
    before = dict(narrow_base.model.named_parameters())
    blocks = {name: one for name, one in found.items() if one.block is not None}
    assert blocks
    for name, difference in expected.items():
        if name not in found:
            assert not difference.any()
            continue
        change, weight = found[name], before[f"{name}.weight"].double()
        # What merging in float32 rounds away is no difference.
        rounding = 3e-7 * float(weight.norm())
        assert change.norm * float(weight.norm()) == pytest.approx(
            float(difference.norm()), rel=1e-3, abs=rounding
        )
        if difference.dim() == 2 and difference.norm() > 1e3 * rounding:
            values = np.linalg.svd(difference.numpy(), compute_uv=False)
            assert change.singular_values[0] == pytest.approx(values[0], rel=1e-3)
            assert change.directions == pytest.approx(directions(values), abs=1)
            few = len(change.singular_values)
            assert change.effective_rank == pytest.approx(effective_rank(values[:few]), rel=1e-2)
    assert narrow_base.checksum() == checksum


def test_a_lora_has_as_many_directions_as_its_rank(narrow_base, tmp_path):
    saved(narrow_base, "lora", tmp_path, r=4)
    found = inside.changes(loaded(narrow_base, "lora", tmp_path), narrow_base)
    assert [(one.block, one.module) for one in found[:2]] == [
        (0, "attention.q_lin"),
        (0, "attention.k_lin"),
    ]
    assert {len(one.singular_values) for one in found} == {4}
    # B A in float64, from the file alone.
    model = loaded(narrow_base, "lora", tmp_path)
    layer = model.get_base_model().get_submodule(found[0].name)
    product = layer.lora_B.default.weight.double() @ layer.lora_A.default.weight.double()
    values = torch.linalg.svdvals(product * layer.scaling["default"])[:4]
    assert found[0].singular_values == pytest.approx(values.tolist(), rel=1e-12)


@pytest.mark.parametrize("method", ["lily", "prompt_tuning", "p_tuning", "head_only"])
def test_what_changes_no_weight_says_how_far_its_tensors_moved(narrow_base, method, tmp_path):
    config = saved(narrow_base, method, tmp_path, seed=RunConfig(method=method).seed)
    assert inside.changes(loaded(narrow_base, method, tmp_path), narrow_base) == []
    moved = inside.moved(loaded(narrow_base, method, tmp_path), narrow_base, config)
    heads = [one for one in moved if "classifier" in one.name]
    assert len(heads) == 4
    for one in heads:
        # Moved by normal numbers of 0.05.
        assert one.distance == pytest.approx(
            0.05 * one.size**0.5, rel=0.1 if one.size > 1_000 else 0.7
        )
    assert all(one.start is not None for one in moved)
    unknown = inside.moved(loaded(narrow_base, method, tmp_path), narrow_base, None)
    assert {(one.start, one.distance) for one in unknown} == {(None, None)}


def test_two_changes_to_each_other(narrow_base, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    saved(narrow_base, "lora", first, seed=0, r=4)
    saved(narrow_base, "lora", second, seed=1, r=2)
    name = "distilbert.transformer.layer.1.attention.v_lin"
    models_of = (loaded(narrow_base, "lora", folder) for folder in (first, second))
    (found,) = inside.angles(*models_of, narrow_base, {name: (4, 2)})
    assert (found.block, found.module, found.dimensions) == (1, "attention.v_lin", (4, 2))
    assert len(found.column_angles) == len(found.row_angles) == 2
    assert found.column_chance == found.row_chance == 4 / 128
    assert 0 < found.column_overlap < 0.3
    same = (loaded(narrow_base, "lora", first) for _ in range(2))
    (found,) = inside.angles(*same, narrow_base, {name: (4, 4)})
    assert found.column_angles == pytest.approx([0] * 4, abs=1e-5)
    assert (found.column_overlap, found.row_overlap) == pytest.approx((1, 1))


def test_a_block_that_is_computed_several_times_is_there_once(tiny_bases, tmp_path):
    base = tiny_bases["albert"]
    saved(base, "lora", tmp_path, r=2, target_modules=base.architecture.attention)
    found = inside.changes(loaded(base, "lora", tmp_path), base)
    assert [one.block for one in found] == [0] * 4
    assert len({one.module for one in found}) == 4
