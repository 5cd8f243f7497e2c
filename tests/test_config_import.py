"""Configurations from elsewhere, and links."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peft_demo import config_import
from peft_demo.code_export import peft_call
from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS, MODULES, UNSUPPORTED
from peft_demo.runs import RunConfig

WITH_PEFT = [method for method in METHODS.values() if method.peft_config is not None]


def read(text):
    imported = config_import.read(text)
    return RunConfig(imported.values), imported.notes


def refused(text):
    with pytest.raises(InvalidFieldsError) as caught:
        config_import.read(text)
    return caught.value.problems


def configs():
    """Any valid configuration of any method."""

    def values(method):
        strategies = {}
        for field in method.fields:
            if field.kind == "integer":
                top = min(int(field.maximum), 64)
                strategies[field.name] = st.integers(int(field.minimum), top)
            elif field.kind == "number":
                strategies[field.name] = st.floats(field.minimum, field.maximum)
            elif field.kind == "choice":
                strategies[field.name] = st.sampled_from(field.choices)
            else:
                strategies[field.name] = st.sets(st.sampled_from(field.choices), min_size=1)
        return st.fixed_dictionaries(
            {"method": st.just(method.id), "learning_rate": st.floats(1e-6, 0.5)},
            optional={
                **strategies,
                "num_reviews": st.integers(10, 3_000),
                "seed": st.integers(0, 2**32 - 1),
                "name": st.text(st.characters(codec="utf-8", exclude_categories="C"), max_size=30),
            },
        )

    def build(found):
        try:
            return RunConfig({k: list(v) if isinstance(v, set) else v for k, v in found.items()})
        except InvalidFieldsError:
            return None

    return st.sampled_from(list(METHODS.values())).flatmap(values).map(build).filter(lambda c: c)


@pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
def test_every_row_is_known_by_its_call(method):
    config = RunConfig({"method": method.id})
    found, notes = read(peft_call(config))
    assert found == config
    assert notes == ()


@pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
def test_every_row_is_known_by_its_adapter_config(method, tmp_path):
    config = RunConfig({"method": method.id})
    method.peft_config(config.method_values, config.setting).save_pretrained(str(tmp_path))
    found, notes = read((tmp_path / "adapter_config.json").read_text())
    assert found == config
    assert notes == ()


@given(configs())
def test_a_link_gives_the_configuration_back(config):
    assert RunConfig(config_import.from_link(config_import.to_link(config)).values) == config


@given(configs())
def test_our_own_json_gives_the_configuration_back(config):
    assert RunConfig(config_import.read(json.dumps(config.flat())).values) == config


def test_a_call_among_other_code_and_peft_s_own_defaults():
    text = (
        """
    # from a notebook
    """.strip()
        + """
from peft import LoraConfig, TaskType, get_peft_model
config = LoraConfig(task_type=TaskType.SEQ_CLS, r=4, target_modules=("attention.q_lin", "lin1"))
model = get_peft_model(model, config)
"""
    )
    config, notes = read(text)
    assert config.method_values == {
        "r": 4,
        "lora_alpha": 8,  # peft's default, not ours
        "lora_dropout": 0.0,
        "target_modules": ("q_lin", "ffn.lin1"),
    }
    assert notes == ()


def test_only_what_was_said_is_imported():
    values = config_import.read("LoraConfig(r=4, target_modules=['q_lin'])").values
    assert not {"learning_rate", "num_reviews", "seed", "name"} & set(values)


def test_all_linear_means_every_layer_that_an_adapter_can_have():
    config, _ = read("HRAConfig(target_modules='all-linear')")
    assert config.method_values["target_modules"] == MODULES


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("LoraConfig(target_modules=['q_lin'], bias='all')", ("bias", "'all'", "'none'")),
        ("LoraConfig(r=4)", ("target_modules",)),
        ("LoraConfig(target_modules=['q_lin'], modules_to_save=['embeddings'])", ("embeddings",)),
        ("LoraConfig(target_modules=['q_lin'], base_model_name_or_path='gpt2')", ("gpt2",)),
        ("AdaLoraConfig(target_modules=['q_lin'], total_step=7)", ("total_step", "7")),
        ("LoraConfig(target_modules=['q_lin'], rank_pattern={'q_lin': 4})", ("rank_pattern",)),
    ],
)
def test_what_cannot_be_honoured_is_named(call, words):
    _, notes = read(call)
    for word in words:
        assert word in " ".join(notes)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "config", ("nothing",)),
        ("x" * 100_001, "config", ("100,000", "100,001")),
        ("hello", "config", ("one call", "none")),
        ("LoraConfig(r=8", "config", ("never closed",)),
        ("LoraConfig(r=8, r=9)", "config", ("repeated",)),
        ("LoraConfig(8)", "config", ("by name", "8")),
        ("LoraConfig(**settings)", "config", ("**settings",)),
        ("LoraConfig(r=rank)", "config", ("plain value", "rank")),
        ("LoraConfig(r=__import__('os').getpid())", "config", ("__import__", "executed")),
        ("LoraConfig(r=4); IA3Config()", "config", ("LoraConfig and IA3Config",)),
        ("MadeUpConfig(r=4)", "config", ("MadeUpConfig",)),
        ("LoraConfig(rank=4)", "rank", ("no option", "LoraConfig")),
        ("LoraConfig(target_modules=['q_proj'])", "target_modules", ("q_lin", "q_proj")),
        ("LoraConfig(target_modules='.*q_lin')", "target_modules", ("q_lin", ".*q_lin")),
        ("LoraConfig(target_modules=['q_lin'], r=0)", "r", ("1 and 256", "got 0")),
        ("LoraConfig(target_modules=['q_lin'], r=True)", "r", ("1 and 256", "True")),
        ("LoraConfig(task_type='CAUSAL_LM')", "task_type", ("SEQ_CLS", "CAUSAL_LM")),
        (
            "LoraConfig(use_dora=True, use_rslora=True, target_modules=['q_lin'])",
            "config",
            ("use_dora", "use_rslora"),
        ),
        ("PrefixTuningConfig(num_virtual_tokens=4)", "peft_type", ("Prefix tuning", "DistilBERT")),
        ('{"peft_type": "NONSENSE"}', "peft_type", ("NONSENSE",)),
        ('{"method": "lora", "r": NaN}', "r", ("1 and 256", "nan")),
        ('{"method": "lora", "r": 1, "r": 2}', "config", ("twice",)),
        ('{"method": "lora", "colour": 1}', "colour", ("colour",)),
        ('{"method": ', "config", ("JSON",)),
        ("(" * 5_000 + ")" * 5_000, "config", ("Python",)),
        ("LoraConfig(r=" + "9" * 5_000 + ")", "config", ("Python",)),
        ("LoraConfig(r=\x00)", "config", ("Python",)),
        ("OFTConfig(target_modules=['q_lin'], oft_block_size=5)", "oft_block_size", ("384", "5")),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text, field, words):
    problems = refused(text)
    assert field in problems
    for word in words:
        assert word in problems[field]


@pytest.mark.parametrize("other", [u for u in UNSUPPORTED if u.peft_type], ids=lambda u: u.label)
def test_a_method_that_is_not_offered_is_refused_with_its_reason(other):
    assert other.reason in refused(json.dumps({"peft_type": other.peft_type}))["peft_type"]


def test_nothing_in_a_pasted_text_is_executed(tmp_path):
    target = tmp_path / "executed"
    refused(f"LoraConfig(r=open({str(target)!r}, 'w').write('x'))")
    read(f"open({str(target)!r}, 'w').write('x')\nLoraConfig(r=2, target_modules=['q_lin'])")
    assert not target.exists()


def test_a_link_leaves_out_what_the_method_has_by_default():
    link = config_import.to_link(RunConfig(method="lora", r=16, target_modules=["q_lin", "v_lin"]))
    assert link == "method=lora&r=16&target_modules=q_lin,v_lin"
    assert config_import.to_link(RunConfig(method="ia3")) == "method=ia3"


def test_every_problem_of_a_link_is_told():
    with pytest.raises(InvalidFieldsError) as caught:
        config_import.from_link("?method=lora&r=0&seed=x&colour=red&r=1&__theme=dark")
    assert set(caught.value.problems) == {"r", "seed", "colour"}


def test_the_pages_own_keys_are_no_configuration():
    assert config_import.from_link("__theme=dark&view=api").values == {}
