"""Presets: the assignment's are exactly its own, and each makes a run."""

import itertools
from dataclasses import replace

import pytest

from peft_demo.data import DATASETS
from peft_demo.errors import NotFoundError
from peft_demo.methods import METHODS
from peft_demo.models import BASES, BUILTIN_BASE
from peft_demo.runs import presets
from peft_demo.runs.presets import PRESETS

ATTENTION = ["q_lin", "k_lin", "v_lin", "out_lin"]
ALL_SIX = [*ATTENTION, "ffn.lin1", "ffn.lin2"]

ASSIGNMENT = {
    "lora-1": {
        "method": "lora",
        "r": 64,
        "lora_alpha": 16,
        "lora_dropout": 0.1,
        "target_modules": ATTENTION,
    },
    "lora-2": {
        "method": "lora",
        "r": 64,
        "lora_alpha": 16,
        "lora_dropout": 0.1,
        "target_modules": ALL_SIX,
    },
    "lora-3": {
        "method": "lora",
        "r": 32,
        "lora_alpha": 32,
        "lora_dropout": 0.2,
        "target_modules": ATTENTION,
    },
    "ia3": {
        "method": "ia3",
        "target_modules": ALL_SIX,
        "feedforward_modules": ["ffn.lin1", "ffn.lin2"],
    },
}

EVERY_ASSIGNMENT_RUN = {
    "learning_rate": 2e-5,
    "num_train_epochs": 10,
    "per_device_train_batch_size": 16,
    "num_reviews": 160,
    "max_length": 50,
}


@pytest.mark.parametrize("preset_id", ASSIGNMENT)
class TestTheAssignments:
    def test_values_are_its_own(self, preset_id):
        flat = presets.preset(preset_id).config().flat()
        expected = {**ASSIGNMENT[preset_id], **EVERY_ASSIGNMENT_RUN}
        assert {name: flat[name] for name in expected} == expected

    def test_makes_80_steps_of_128_reviews(self, preset_id):
        config = presets.preset(preset_id).config()
        assert (config.num_train_reviews, config.num_validation_reviews) == (128, 32)
        steps = config.num_train_reviews / config.per_device_train_batch_size
        assert steps * config.num_train_epochs == 80

    def test_says_where_its_learning_rate_comes_from(self, preset_id):
        assert "names no learning rate" in presets.preset(preset_id).help


def test_tuned_they_differ_in_rate_and_reviews_only():
    changed = {"name", "learning_rate", "num_train_epochs", "num_reviews", "num_test_reviews"}
    for name in ASSIGNMENT:
        old, new = (PRESETS[of].config().flat() for of in (name, f"{name}-tuned"))
        assert {field for field in old if old[field] != new[field]} == changed
        assert new["learning_rate"] >= 10 * old["learning_rate"]


def test_the_assignments_are_listed_in_its_order():
    assert list(ASSIGNMENT) == list(presets.ASSIGNMENT)


@pytest.mark.parametrize("preset_id", PRESETS)
class TestEvery:
    def test_makes_a_run_named_after_it(self, preset_id):
        preset = PRESETS[preset_id]
        config = preset.config()
        assert config.name == preset.label
        flat = config.flat()
        for name, value in preset.values.items():
            assert flat[name] == (list(value) if isinstance(value, tuple) else value)

    def test_says_what_it_is(self, preset_id):
        assert PRESETS[preset_id].id == preset_id
        assert PRESETS[preset_id].help.endswith(".")

    def test_leaves_base_and_data_to_the_user(self, preset_id):
        for base_model, dataset in itertools.product(BASES, DATASETS):
            config = PRESETS[preset_id].config(base_model=base_model, dataset=dataset, seed=5)
            assert (config.base_model, config.dataset, config.seed) == (base_model, dataset, 5)


@pytest.mark.parametrize(("blocks", "adapted"), [(12, [6, 7, 8, 9, 10, 11]), (2, [1]), (1, [])])
def test_the_quick_demo_is_on_the_upper_half_of_any_base(monkeypatch, blocks, adapted):
    row = BASES[BUILTIN_BASE]
    shape = replace(row.shape, n_layers=blocks)
    monkeypatch.setitem(BASES, "other", replace(row, id="other", shape=shape))
    config = PRESETS["quick"].config(base_model="other").flat()
    assert (config["layers_to_transform"], config["base_dropout"]) == (adapted, 0)
    asked = PRESETS["quick"].config(base_model="other", layers_to_transform="").flat()
    assert asked["layers_to_transform"] == []


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_recommended_preset_at_its_own_rate(method):
    config = presets.preset(f"recommended-{method.replace('_', '-')}").config()
    assert config.method == method
    more = presets._RECOMMENDED_MORE.get(method, {})
    assert config.learning_rate == more.get("learning_rate", METHODS[method].learning_rate)
    assert config.num_reviews >= 2_000


def test_changes_win_over_the_presets_values():
    assert presets.preset("lora-1").config(r=4, name="mine").flat()["r"] == 4
    assert presets.preset("lora-1").config(name="mine").name == "mine"


def test_an_unknown_preset_is_refused_with_those_that_exist():
    with pytest.raises(NotFoundError) as caught:
        presets.preset("lora-9")
    for name in [*PRESETS, '"lora-9"']:
        assert name in str(caught.value)


def test_references_are_the_assignments_and_three_recommended():
    assert presets.REFERENCES == (
        "lora-1",
        "lora-2",
        "lora-3",
        "ia3",
        "recommended-lora",
        "recommended-ia3",
        "recommended-head-only",
    )
