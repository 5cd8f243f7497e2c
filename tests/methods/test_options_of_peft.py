"""Options of peft that few need: trained for real, with nothing but them beside the defaults."""

from __future__ import annotations

import ast

import pytest
import torch
from safetensors.torch import load_file
from small_runs import Recorder, small_config

from peft_demo import adapters
from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.data import SENTIMENT
from peft_demo.export.peft_call import peft_call
from peft_demo.libraries import peft
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS
from peft_demo.runs import RunConfig, telling
from peft_demo.runs.matching import defaults_of
from peft_demo.runs.matching.configuration import BOOKKEEPING
from peft_demo.runs.matching.not_honoured import REASONS
from peft_demo.training.loop import train

VARIANTS = {
    "gaussian": ("lora", {"init_lora_weights": "gaussian"}),
    "orthogonal": ("rslora", {"init_lora_weights": "orthogonal"}),
    "all biases": ("lora", {"bias": "all", "layers_to_transform": "4, 5"}),
    "biases of adapted layers": ("dora", {"bias": "lora_only", "use_rslora": True}),
    "biases of a base that is written to anyway": ("pissa", {"bias": "all"}),
    "patterns": ("lora", {"rank_pattern": "q_lin: 2, ffn.lin1: 3", "alpha_pattern": "v_lin: 64"}),
    "one block": ("olora", {"layers_to_transform": [5], "use_rslora": True}),
    "the first block": ("adalora", {"layers_to_transform": [0]}),
    "rank that is taken away at another pace": (
        "adalora",
        {"deltaT": 2, "beta1": 0.5, "beta2": 0.6, "orth_reg_weight": 0.1},
    ),
    "updates that are dropped": ("loha", {"rank_dropout": 0.1, "module_dropout": 0.2}),
    "rotations that are dropped": ("oft", {"module_dropout": 0.2}),
    "no feed-forward part": (
        "ia3",
        {"target_modules": ["k_lin", "v_lin"], "feedforward_modules": []},
    ),
    "a feed-forward layer that is scaled as attention's are": (
        "ia3",
        {"target_modules": ["k_lin", "ffn.lin2"], "feedforward_modules": []},
    ),
}


def variant(name: str) -> RunConfig:
    method, values = VARIANTS[name]
    return small_config(method, **{"num_train_epochs": 2, **values})


def counted(config: RunConfig):
    return count_parameters(config.method, config.method_values, config.setting)


@pytest.mark.parametrize("name", VARIANTS)
class TestConfigurations:
    def test_are_read_from_the_exported_call(self, name):
        config = variant(name)
        call = peft_call(config)
        built = METHODS[config.method].peft_config(config.method_values, config.setting)
        assert eval(call, vars(peft)) == built

    def test_come_back_from_their_flat_mapping_and_have_it_in_their_name(self, name):
        config = variant(name)
        assert RunConfig(config.flat()) == config
        unusual = telling(config.method, config.method_values).keys()
        assert all(word in unusual for word in VARIANTS[name][1])
        assert config.name != small_config(config.method).name or config.method == "ia3"


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_is_trained_counted_saved_and_loaded(name, base, tmp_path):
    """The check of the saved adapter is part of a training; the base stays as it was."""
    config, before, recorder = variant(name), base.checksum(), Recorder()
    result = train(config, tmp_path, recorder)
    assert recorder.epochs[0].train_loss > recorder.epochs[-1].train_loss
    drawn = counted(config)
    assert result.num_adapter_parameters == drawn.num_adapter_parameters
    assert result.num_head_parameters == drawn.num_head_parameters
    weights = tmp_path / adapters.WEIGHTS
    if config.method != "adalora":  # which leaves less than it begins with
        assert weights.stat().st_size == drawn.file_bytes
    method = METHODS[config.method]
    texts = base.encode(["A wonderful film.", "Dull, and far too long."], 16)
    ids = torch.tensor([each[:5] for each in texts["input_ids"]])
    loaded = [
        adapters.load(tmp_path, base, method, SENTIMENT, by_peft=by_peft)(ids).logits
        for by_peft in (False, False, True)
    ]
    assert torch.equal(loaded[0], loaded[1])
    assert torch.allclose(loaded[0], loaded[2], atol=1e-5)
    assert base.checksum() == before


@pytest.mark.slow
def test_trained_biases_are_in_the_file(base, tmp_path):
    train(variant("all biases"), tmp_path, Recorder())
    saved = {name for name in load_file(tmp_path / adapters.WEIGHTS) if name.endswith(".bias")}
    inside = {name for name in saved if ".transformer.layer." in name}
    assert {name.partition(".layer.")[2][0] for name in inside} == {*"012345"}


@pytest.mark.parametrize("method", [name for name, row in METHODS.items() if row.peft_config])
def test_every_option_is_a_field_or_has_a_reason_why_it_is_none(method):
    """One by one, those of a newer peft too."""
    row = METHODS[method]
    fields = {field.name for field in row.fields}
    found = defaults_of(getattr(peft, row.peft_config.name))
    told = {*REASONS, *BOOKKEEPING, *row.scheduled_by, *row.ignored_by_peft}
    others = found.keys() - fields - told
    assert not others or row.is_head_only, others


def test_a_reason_is_of_an_option_that_peft_has():
    rows = [row for row in METHODS.values() if row.peft_config]
    every = {name for row in rows for name in defaults_of(getattr(peft, row.peft_config.name))}
    assert {*REASONS} <= every


WITH_BLOCKS = [name for name, row in METHODS.items() if LAYERS in row.fields]


@pytest.mark.parametrize("method", WITH_BLOCKS)
class TestBlocks:
    @pytest.mark.slow
    def test_that_get_nothing_are_left_as_they_are(self, method):
        drawn = counted(RunConfig(method=method, layers_to_transform=[1, 4]))
        whole = counted(RunConfig(method=method))
        assert drawn.some_blocks == (1, 4)
        assert {part.module for part in drawn.block} == {part.module for part in whole.block}
        assert drawn.num_adapter_parameters <= whole.num_adapter_parameters

    def test_stand_in_the_exported_call_where_they_are_chosen(self, method):
        some, all_of_them = (
            {keyword.arg for keyword in ast.parse(peft_call(config)).body[0].value.keywords}
            for config in (
                RunConfig(method=method, layers_to_transform="1-2"),
                RunConfig(method=method, layers_to_transform="0-5"),
            )
        )
        assert "layers_to_transform" in some - all_of_them

    @pytest.mark.slow
    def test_are_counted_as_they_are_built(self, method, base, tmp_path):
        config = RunConfig(method=method, layers_to_transform=[0, 2])
        with torch.random.fork_rng():
            model = adapters.build(base, config)
        drawn = counted(config)
        family = base.architecture
        assert adapters.count_trained(model, family)[0] == drawn.num_adapter_parameters
        assert drawn.file_bytes == adapters.save(model, tmp_path).stat().st_size
        added = {
            name.partition(family.block_path)[2][0]
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and family.block_path in name
        }
        assert added <= {"0", "2"}
