"""Shapes: the measures of the bases, without their weights."""

import json

import pytest
from hypothesis import strategies as st
from made_up_family import MADE_UP, MINE
from small_runs import run_python

from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.models import (
    BUILTIN_BASE,
    FAMILY,
    HUB_BASE,
    Shape,
    shape_of,
)
from peft_demo.runs import RunConfig

modules = st.lists(st.sampled_from(FAMILY.linear), min_size=1, unique=True).map(tuple)


@pytest.fixture
def my_folder(tmp_path, monkeypatch):
    """The user's own DistilBERT; only its config.json is looked at."""
    monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(tmp_path))
    return tmp_path


def write(folder, content: object) -> None:
    (folder / "config.json").write_text(
        content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
    )


class TestTheBuiltInBase:
    def test_measures_are_the_models_own(self, base):
        config = base.model.config
        shape = shape_of(BUILTIN_BASE)
        for name in MINE:
            assert getattr(shape, name) == getattr(config, name)

    @pytest.mark.parametrize("module", FAMILY.linear)
    def test_features_are_the_layers_own(self, base, module):
        for block in base.model.distilbert.transformer.layer:
            name = module if "." in module else f"attention.{module}"
            layer = block.get_submodule(name)
            assert shape_of(BUILTIN_BASE).features(module) == (
                layer.in_features,
                layer.out_features,
            )


class TestAnotherFamily:
    def test_names_its_own_modules_to_methods(self, made_up_base):
        (field,) = (
            f
            for f in METHODS["lora"].fields_on(Shape(**MINE, architecture=MADE_UP))
            if f.name == "target_modules"
        )
        assert field.choices == MADE_UP.linear
        config = RunConfig(base_model=made_up_base.id, target_modules=["self.value", "self.query"])
        assert config.method_values["target_modules"] == ("self.query", "self.value")
        config = RunConfig(base_model=made_up_base.id, target_modules="out_lin, ffn.lin1")
        assert config.method_values["target_modules"] == ("output.dense", "intermediate.dense")
        with pytest.raises(InvalidFieldsError, match=r"one or more of self\.query"):
            RunConfig(base_model=made_up_base.id, target_modules=["lm_head"])

    def test_limits_texts_to_what_it_reads(self, made_up_base):
        assert RunConfig(base_model=made_up_base.id, max_length=64).max_length == 64
        with pytest.raises(InvalidFieldsError, match="between 8 and 64 tokens, got 65"):
            RunConfig(base_model=made_up_base.id, max_length=65)
        assert RunConfig(max_length=512).max_length == 512

    def test_has_a_head_that_is_saved(self, made_up_base):
        config = RunConfig(base_model=made_up_base.id)
        built = METHODS["lora"].peft_config(config.method_values, config.setting)
        assert built.modules_to_save == ["classifier"]
        assert MADE_UP.in_head("base_model.model.classifier.modules_to_save.default.weight")
        assert not MADE_UP.in_head("base_model.model.bert.encoder.layer.0.output.dense.weight")

    def test_is_built_from_its_own_measures(self, made_up_base):
        network = made_up_base.shape.network(num_labels=3)
        assert network.config.hidden_size == MINE["dim"]
        assert len(network.get_submodule(f"{MADE_UP.body}.{MADE_UP.blocks}")) == MINE["n_layers"]
        assert network.classifier.out_features == 3


class TestWidths:
    def test_come_once_and_ascending(self):
        shape = shape_of(BUILTIN_BASE)
        assert shape.widths(("q_lin", "v_lin")) == [384]
        assert shape.widths(("ffn.lin2",)) == shape.widths(FAMILY.linear) == [384, 1536]


class TestTheUsersOwn:
    def test_its_measures_are_read(self, my_folder):
        write(my_folder, {**MINE, "model_type": "distilbert", "dropout": 0.1})
        assert shape_of(HUB_BASE) == Shape(**MINE, architecture=FAMILY)

    def test_the_built_in_base_stays_what_it_is(self, my_folder):
        write(my_folder, MINE)
        assert shape_of(BUILTIN_BASE).dim == 384

    @pytest.mark.parametrize(
        "content",
        [
            *("", "[]", "{", '"text"', "\x00"),
            {name: value for name, value in MINE.items() if name != "dim"},
            {**MINE, "dim": None},
            {**MINE, "dim": "wide"},
        ],
    )
    def test_a_spoilt_one_is_left_to_loading(self, my_folder, content):
        write(my_folder, content)
        assert shape_of(HUB_BASE).dim == 768

    def test_a_missing_one_is_left_to_loading(self, my_folder):
        assert shape_of(HUB_BASE).dim == 768


@pytest.mark.slow
def test_needs_no_torch(home):
    done = run_python(
        "import sys; from peft_demo.models import *; shape_of(BUILTIN_BASE)\n"
        "print({'torch', 'transformers', 'peft'} & set(sys.modules))",
        home,
    )
    assert done.stdout.strip() == "set()", done.stderr
