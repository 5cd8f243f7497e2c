"""Combining: peft's ways give what they say, the head is the mean, and the base stays as it is."""

import json

import numpy as np
import pytest
from narrow_base import loaded, saved
from safetensors.numpy import load_file, save_file

from peft_demo import adapters
from peft_demo.adapters import files
from peft_demo.adapters.combining import combine
from peft_demo.data import SENTIMENT
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.runs.combinations import COMBINATIONS

WEIGHTS = (0.75, 1.5)
MODULES = ("q_lin", "ffn.lin1")


def mixed(base, folder, method, way, weights=WEIGHTS, **values):
    """The folders of both parents and of their mix; LoRA's have different ranks."""
    parents = [folder / name for name in ("first", "second")]
    for seed, parent in enumerate(parents):
        if not parent.exists():
            ranks = {"r": (4, 2)[seed], "lora_alpha": (4, 6)[seed]} if method != "ia3" else {}
            ranks = {**ranks, **values}
            saved(base, method, parent, seed=seed, target_modules=MODULES, **ranks)
    target = folder / f"mixed-{way}"
    target.mkdir()
    row = COMBINATIONS[way]
    combine(parents, target, base, SENTIMENT, weights, row, 0.5 if row.has_density else None)
    return parents, target


def updates(folder):
    """ΔW of each layer, by its name."""
    config = json.loads((folder / files.CONFIG).read_text())
    scale = config["lora_alpha"] / (config["r"] ** (0.5 if config["use_rslora"] else 1))
    tensors = load_file(folder / files.WEIGHTS)
    return {
        name: scale * tensors[name.replace("lora_A", "lora_B")] @ tensor
        for name, tensor in tensors.items()
        if "lora_A" in name
    }


def summed(parents, weights=WEIGHTS):
    found = [updates(parent) for parent in parents]
    return {
        name: sum(w * each[name] for w, each in zip(weights, found, strict=True))
        for name in found[0]
    }


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "rslora"])
def test_cat_is_the_weighted_sum_of_what_was_changed(narrow_base, tmp_path, method):
    checksum = narrow_base.checksum()
    parents, target = mixed(narrow_base, tmp_path, method, "cat")
    found, wanted = updates(target), summed(parents)
    assert len(found) == 2 * len(MODULES)
    for name, change in wanted.items():
        assert found[name] == pytest.approx(change, abs=1e-5), name
    assert narrow_base.checksum() == checksum


@pytest.mark.slow
def test_svd_is_the_nearest_of_its_rank_and_the_head_is_the_mean(narrow_base, tmp_path):
    parents, target = mixed(narrow_base, tmp_path, "lora", "svd")
    found, wanted = updates(target), summed(parents)
    for name, change in wanted.items():
        left = np.linalg.svd(change, compute_uv=False)[4:]
        assert np.linalg.norm(found[name] - change) == pytest.approx(np.linalg.norm(left), rel=1e-3)
    tensors = load_file(target / files.WEIGHTS)
    heads = [name for name in tensors if "classifier" in name]
    first, second = (load_file(parent / files.WEIGHTS) for parent in parents)
    assert len(heads) == 4
    for name in heads:
        mean = (0.75 * first[name] + 1.5 * second[name]) / 2.25
        assert tensors[name] == pytest.approx(mean, abs=1e-6)


@pytest.mark.slow
def test_each_way_loads_answers_and_gives_the_same_again(narrow_base, tmp_path):
    tokens = narrow_base.encode(["A good film.", "Not bad, and not good"], 16)["input_ids"]
    same = {"r": 4, "lora_alpha": 8}
    found = {}
    for way in COMBINATIONS:
        _, target = mixed(narrow_base, tmp_path, "lora", way, **same)
        model = loaded(narrow_base, "lora", target)
        found[way] = adapters.logits(model, narrow_base, tokens)
        assert np.isfinite(found[way]).all(), way
    assert len({answer.tobytes() for answer in found.values()}) == len(COMBINATIONS)
    target.rename(tmp_path / "before")
    _, again = mixed(narrow_base, tmp_path, "lora", way, **same)
    before, now = (load_file(each / files.WEIGHTS) for each in (tmp_path / "before", again))
    assert all((before[name] == now[name]).all() for name in before)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "way"), [("lora", "cat"), ("ia3", "linear")])
def test_one_run_of_weight_1_beside_one_of_0_is_that_run(narrow_base, tmp_path, method, way):
    values = {"feedforward_modules": ("ffn.lin1",)} if method == "ia3" else {}
    parents, target = mixed(narrow_base, tmp_path, method, way, weights=(1, 0), **values)
    tokens = narrow_base.encode(["A good film."], 16)["input_ids"]
    one, same = (
        adapters.logits(loaded(narrow_base, method, folder), narrow_base, tokens)
        for folder in (parents[0], target)
    )
    assert same == pytest.approx(one, abs=1e-5)


@pytest.mark.slow
def test_what_peft_would_leave_out_or_cannot_read_is_refused(narrow_base, tmp_path):
    parents, _ = mixed(narrow_base, tmp_path, "lora", "cat")
    target = tmp_path / "refused"
    target.mkdir()
    arguments = (target, narrow_base, SENTIMENT, WEIGHTS, COMBINATIONS["cat"], None)
    path = parents[1] / files.WEIGHTS
    tensors = load_file(path)
    name = next(name for name in tensors if "lora_A" in name)
    save_file({**tensors, name.replace("lora_A", "lora_magnitude"): tensors[name]}, path)
    with pytest.raises(InvalidFieldsError, match=r"got second: it would leave out .*magnitude"):
        combine(parents, *arguments)
    path.write_bytes(b"damaged")
    with pytest.raises(AssetError, match="second cannot be loaded"):
        combine(parents, *arguments)
    assert not [*target.iterdir()]
