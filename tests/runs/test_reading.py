"""Configurations from elsewhere, pasted as text."""

import json
from dataclasses import MISSING, fields

import pytest
from drawn_configs import configs, own_values, valid
from hypothesis import given, settings
from hypothesis import strategies as st
from pasted_texts import read, refused

from peft_demo.export.peft_call import peft_call
from peft_demo.fields import Modules
from peft_demo.methods import METHODS, UNSUPPORTED
from peft_demo.models import BUILTIN_BASE, FAMILY
from peft_demo.runs import RunConfig, reading, telling

WITH_PEFT = [method for method in METHODS.values() if method.peft_config is not None]
ON_Q = "LoraConfig(target_modules=['q_lin'], "


def peft_config_of(config):
    return METHODS[config.method].peft_config(config.method_values, config.setting)


def call_of(peft_config):
    """The call that builds it, with no argument that its class has by default."""
    arguments = []
    for field in fields(peft_config):
        value = getattr(peft_config, field.name)
        made = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.init and field.name != "runtime_config" and value != made:
            arguments.append(f"{field.name}={getattr(value, 'value', value)!r}")
    return f"{type(peft_config).__name__}({', '.join(arguments)})"


class TestEveryRow:
    @pytest.mark.slow
    @pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
    @settings(max_examples=10)
    @given(data=st.data())
    def test_is_known_by_its_call_and_its_json(self, method, data):
        config = valid({"method": method.id, **data.draw(own_values(method))})
        peft_config = peft_config_of(config)
        as_json = json.dumps(
            {
                name: sorted(value) if isinstance(value, set) else value
                for name, value in peft_config.to_dict().items()
            }
        )
        for text in (call_of(peft_config), as_json):
            assert read(text) == (config, ())

    @pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
    def test_is_known_by_the_call_that_is_exported(self, method):
        config = RunConfig({"method": method.id})
        assert read(peft_call(config)) == (config, ())

    @pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
    def test_is_known_by_its_adapter_config(self, method, tmp_path):
        config = RunConfig({"method": method.id})
        peft_config_of(config).save_pretrained(str(tmp_path))
        assert read((tmp_path / "adapter_config.json").read_text()) == (config, ())

    @pytest.mark.parametrize("method", WITH_PEFT, ids=lambda method: method.id)
    def test_is_known_where_only_modules_are_given(self, method):
        """What peft takes for the rest never stands in the way, and is taken where it is allowed"""
        named = [field for field in method.fields if isinstance(field, Modules)]
        modules = [f"{field.name}={list(field.default)}" for field in named]
        peft_config = peft_config_of(RunConfig(method=method.id))
        start = type(peft_config).__name__
        if not method.fields:
            modules = [f"target_modules={peft_config.target_modules!r}"]
        # What tells methods of one class apart, and no method's field.
        variant = [
            f"{name}={getattr(peft_config, name)!r}"
            for name in ("use_dora", "use_rslora", "init_lora_weights")
            if hasattr(peft_config, name)
        ]
        config, notes = read(f"{start}({', '.join(modules + variant)})")
        assert config.method == method.id
        defaults = {field.name: field.default for field in fields(peft_config)}
        for field in method.fields:
            if field not in named and not field.is_rare and defaults[field.name] is not None:
                is_told = any(note.startswith(f"{field.name} is not given") for note in notes)
                assert is_told or config.method_values[field.name] == defaults[field.name]


class TestPython:
    def test_a_call_among_other_code_and_peft_s_own_defaults(self):
        config, notes = read(
            """
            # from a notebook
            from peft import LoraConfig, TaskType, get_peft_model

            config = LoraConfig(
                task_type=TaskType.SEQ_CLS, r=4, target_modules=("attention.q_lin", "lin1"),
            )
            model = get_peft_model(model, config)
            """
        )
        assert telling("lora", config.method_values) == {
            "r": 4,
            "lora_alpha": 8,  # peft's default, not ours
            "lora_dropout": 0.0,
            "target_modules": ("q_lin", "ffn.lin1"),
        }
        assert notes == ()

    def test_only_what_was_said_is_imported(self):
        values = reading.read("LoraConfig(r=4, target_modules=['q_lin'])").values
        assert set(values) == {"method", "r", "lora_alpha", "lora_dropout", "target_modules"}

    @pytest.mark.parametrize(
        "modules", ["'all-linear'", "{'q_lin', 'k_lin', 'v_lin', 'out_lin', 'lin1', 'ffn.lin2'}"]
    )
    def test_all_layers_that_an_adapter_can_have(self, modules):
        config, _ = read(f"peft.HRAConfig(target_modules={modules})")
        assert config.method_values["target_modules"] == FAMILY.linear

    @pytest.mark.parametrize(
        ("call", "method"),
        [
            ("LoraConfig(use_dora=True)", "dora"),
            ("LoraConfig(use_rslora=True, use_dora=False)", "rslora"),
            ("LoraConfig(init_lora_weights='pissa')", "pissa"),
            ("LoraConfig(init_lora_weights=True)", "lora"),
            ("LoraConfig(target_modules='dummy-target-modules')", "head_only"),
        ],
    )
    def test_options_tell_methods_of_one_class_apart(self, call, method):
        assert read(call)[0].method == method

    def test_values_are_of_their_field_s_type(self):
        call = f"{ON_Q}r=8.0, lora_dropout=0)"
        values = reading.read(call).values
        assert [(type(values[n]), values[n]) for n in ("r", "lora_dropout")] == [
            (int, 8),
            (float, 0),
        ]

    def test_a_base_that_is_offered_is_taken(self):
        config, notes = read(f"{ON_Q}base_model_name_or_path={BUILTIN_BASE!r})")
        assert (config.base_model, notes) == (BUILTIN_BASE, ())

    @pytest.mark.parametrize(
        "argument",
        [
            "task_type=None",
            "inference_mode=True",
            "bias='none'",
            "rank_pattern={}",
            "layers_to_transform=None",
            "modules_to_save=['classifier', 'pre_classifier']",
            "modules_to_save='classifier'",
            "auto_mapping=None",
        ],
    )
    def test_what_is_so_anyway_needs_no_note(self, argument):
        assert read(f"{ON_Q}{argument})")[1] == ()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (f"{ON_Q}bias='some')", ("bias", "'some'", "'none'")),
        ("LoraConfig(r=4)", ("target_modules is not given",)),
        (f"{ON_Q}modules_to_save=['embeddings'])", ("embeddings",)),
        (f"{ON_Q}modules_to_save=5)", ("modules_to_save", "5")),
        (f"{ON_Q}modules_to_save=[['a']])", ("modules_to_save", "'a'")),
        (f"{ON_Q}base_model_name_or_path='gpt2')", ("gpt2",)),
        (f"{ON_Q}base_model_name_or_path=['gpt2'])", ("gpt2",)),
        (f"{ON_Q}rank_pattern={{'k_lin': 4}})", ("rank_pattern", "'k_lin': 4")),
        (f"{ON_Q}alpha_pattern={{'0.q_lin': 4}})", ("alpha_pattern", "'0.q_lin': 4", "{} is used")),
        ("AdaLoraConfig(target_modules=['q_lin'], total_step=7)", ("total_step=7",)),
        ("RandLoraConfig(target_modules=['q_lin'], save_projection=True)", ("save_projection",)),
        ("VeraConfig(target_modules=['q_lin'], projection_prng_key=3)", ("projection_prng_key",)),
        ("PromptTuningConfig(num_virtual_tokens=5, token_dim=99)", ("token_dim=99",)),
        ("PromptTuningConfig(num_transformer_submodules=2)", ("submodules=2", "1 is used")),
        ("VBLoRAConfig(target_modules=['q_lin'])", ("vector_length is not given", "256")),
        ("PsoftConfig(target_modules=['q_lin'], r=8)", ("psoft_alpha=32", "8 is used")),
        (f"{ON_Q}bias='{'x' * 90_000}')", ("bias", "…")),
        ("LoraConfig(rank=4)", ("rank=4", "no option", "LoraConfig")),
        (f"{ON_Q}größe=4)", ("größe",)),
        (f"{ON_Q}task_type='CAUSAL_LM')", ("SEQ_CLS", "CAUSAL_LM")),
        (f"{ON_Q}task_type=TaskType.CAUSAL_LM)", ("SEQ_CLS", "CAUSAL_LM")),
        (f"{ON_Q}peft_type='IA3')", ("LoraConfig", "IA3")),
        (f"{ON_Q}lora_bias=True)", ("lora_bias=True", "because B gets no bias", "False is used")),
        ("OFTConfig(target_modules=['q_lin'], r=8)", ("r=8", "because the size of the blocks")),
        ("GloraConfig(target_modules=['q_lin'], config_C='vector')", ("because it makes a var",)),
        (f"{ON_Q}use_dora=True, init_lora_weights='olora')", ("'olora'", "True is used")),
    ],
)
def test_what_cannot_be_honoured_is_named(call, words):
    _, notes = read(call)
    assert len(notes) >= 1
    for word in words:
        assert word in " ".join(notes)
    assert len(" ".join(notes)) < 1_000


def test_what_follows_from_a_field_and_agrees_needs_no_note():
    assert read("PsoftConfig(target_modules=['q_lin'], r=8, psoft_alpha=8)")[1] == ()


class TestOurJson:
    @given(config=configs())
    @pytest.mark.slow
    def test_gives_the_configuration_back(self, config):
        assert read(json.dumps(config.flat()))[0] == config

    def test_says_only_what_it_says(self):
        imported = reading.read('{"r": "4", "target_modules": "q_lin,v_lin", "name": ""}')
        # The form wants the method; values have their field's type.
        assert imported.values == {"method": "lora", "r": 4, "target_modules": ["q_lin", "v_lin"]}

    def test_a_name_that_its_settings_gave_it_is_left_to_them(self):
        assert "name" not in reading.read(json.dumps(RunConfig().flat())).values
        assert reading.read('{"name": "mine"}').values["name"] == "mine"

    def test_byte_order_mark_and_indentation_do_no_harm(self):
        assert reading.read('\ufeff\n   {"seed": 3}\n').values["seed"] == 3


class TestBesideTheSettingsThatStay:
    LONG = RunConfig(method="adalora", num_reviews=19_000, tinit=300).flat()
    CALL = "AdaLoraConfig(target_modules=['q_lin'], tinit=400)"

    def test_what_fits_them_is_read(self):
        (note,) = reading.read(self.CALL).notes
        assert note == "tinit=400: the training has 200 steps here, so tinit=0, tfinal=0 are used."
        assert reading.read(self.CALL, self.LONG).values["tinit"] == 400
        assert reading.read('{"tinit": 500}', self.LONG).values == {
            "method": "adalora",
            "tinit": 500,
        }

    def test_what_is_not_in_the_text_is_said_to_be_so(self):
        problems = refused('{"dataset": "rotten_tomatoes"}', self.LONG)
        assert problems["num_reviews"].startswith("num_reviews is not given, and does not fit:")
        (note,) = read("IA3Config(target_modules=['q_lin'])")[1]
        assert note.startswith("feedforward_modules is not given")

    @pytest.mark.parametrize("current", [{"r": 0}, {"method": "nonsense"}, {}, None])
    def test_settings_that_are_not_valid_do_not_count(self, current):
        assert reading.read('{"seed": 5}', current).values == {"method": "lora", "seed": 5}


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "config", ("nothing",)),
        (" \n\ufeff", "config", ("nothing",)),
        ("x" * 100_001, "config", ("100,000", "100,001")),
        ("hello", "config", ("one call", "none")),
        ("LoraConfig", "config", ("one call", "none")),
        ("# LoraConfig(r=8)\n'LoraConfig(r=8)'", "config", ("one call", "none")),
        ("[1]", "config", ("one call", "none")),
        ("{}", "config", ("empty",)),
        ("LoraConfig(r=8", "config", ("never closed", "line 1")),
        ("LoraConfig(r=4); IA3Config()", "config", ("1. LoraConfig", "2. IA3Config", "choice")),
        ("MadeUpConfig(r=4)", "config", ("MadeUpConfig",)),
        ("LoraConfig(target_modules=['lm_head'])", "target_modules", ("q_lin", "lm_head")),
        ("LoraConfig(target_modules='.*head')", "target_modules", ("q_lin", ".*head", "regular")),
        ("LoraConfig(target_modules=5)", "target_modules", ("q_lin", "got 5")),
        ("LoraConfig(target_modules=[])", "target_modules", ("q_lin", "got nothing")),
        ("LNTuningConfig(target_modules='all-linear')", "target_modules", ("sa_layer_norm",)),
        (f"{ON_Q}r=0)", "r", ("1 and 256", "got 0")),
        (f"{ON_Q}r=True)", "r", ("1 and 256", "true")),
        (f"{ON_Q}lora_dropout=1e999)", "lora_dropout", ("0.9", "inf")),
        ("PrefixTuningConfig(num_virtual_tokens=4)", "peft_type", ("Prefix tuning", "DistilBERT")),
        ('{"peft_type": "NONSENSE"}', "peft_type", ("NONSENSE",)),
        ('{"peft_type": ["LORA"]}', "peft_type", ("LORA",)),
        ('{"method": "lora", "r": NaN}', "r", ("1 and 256", "nan")),
        ('{"method": "lora", "r": 1, "r": 2}', "config", ("twice", '"r"')),
        ('{"method": "lora", "colour": 1}', "colour", ("colour",)),
        ('{"method": ["lora"]}', "method", ("one of", "lora")),
        ('{"method": ', "config", ("JSON", "line 1")),
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
