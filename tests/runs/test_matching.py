"""Peft's options as values of a method's fields."""

from dataclasses import replace

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS
from peft_demo.models import BASES, BUILTIN_BASE, FAMILY, HUB_BASE
from peft_demo.runs import RunConfig
from peft_demo.runs.matching import from_flat, from_peft

LORA = {"target_modules": ["q_lin"], "r": 4, "lora_alpha": 8, "lora_dropout": 0.0}


def matched(given, training=None, rest=None, peft_type="LORA"):
    imported = from_peft(peft_type, given, rest or {}, training or {})
    return RunConfig(imported.values), imported.notes


class TestValuesOfTheTraining:
    def test_are_taken_beside_the_method_s_own(self):
        config, notes = matched(LORA, {"learning_rate": 2e-4, "num_train_epochs": 7})
        assert (config.method_values["r"], config.learning_rate, config.num_train_epochs) == (
            4,
            2e-4,
            7,
        )
        assert notes == ()

    def test_what_does_not_fit_is_noted_and_leaves_the_rest(self):
        config, (note,) = matched(LORA, {"num_train_epochs": 300, "seed": 7}, {"seed": 5})
        assert config.num_train_epochs == RunConfig({}).num_train_epochs
        assert config.seed == 7
        assert note == (
            "num_train_epochs=300 does not fit here; ours stays: num_train_epochs must be a whole "
            "number between 1 and 50, got 300."
        )


class TestOptionsThatAreNoneHere:
    @pytest.mark.parametrize(
        "option",
        [
            {"enable_lora": None},
            {"merge_weights": False},
            {"invented": ""},
            {"invented": []},
            {"invented": {}},
            {"use_qalora": False, "qalora_group_size": 32},
            {"megatron_core": "something.else", "megatron_config": None},
            {"layers_pattern": "layer", "layers_to_transform": None},
            {"loftq_config": {"bits": 4}},
            {"runtime_config": {"ephemeral_gpu_offload": False}},
            {"r": 4, "lora_dropout": None},
            {"peft_type": "PeftType.LORA"},
        ],
    )
    def test_are_nothing_where_they_say_nothing(self, option):
        config, notes = matched({**LORA, **option})
        assert (config.method_values["r"], notes) == (4, ())

    def test_are_told_in_one_sentence_where_they_say_something(self):
        unknown = {"enable_lora": [True, False], "scale_all": 3, **LORA}
        config, (note,) = matched(unknown)
        assert config.method_values["r"] == 4
        assert note == (
            "enable_lora=[True, False], scale_all=3: no option of peft's LoraConfig as it is "
            "installed here; they are left out."
        )

    def test_very_many_are_not_all_listed(self):
        (note,) = matched({**LORA, **{f"option_{n}": "x" * 500 for n in range(300)}})[1]
        assert "and 292 more" in note
        assert len(note) < 1_000

    @pytest.mark.parametrize(
        "option",
        [
            {"layer_replication": [[0, 2]]},
            {"trainable_token_indices": [1, 2]},
            {"megatron_config": {"a": 1}},
            {"use_qalora": True},
            {"target_parameters": ["weight"]},
            {"init_lora_weights": "eva"},
            {"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4}},
            {"init_lora_weights": False},
            {"init_lora_weights": ["a"]},
        ],
    )
    def test_of_peft_s_that_cannot_be_honoured_are_told(self, option):
        config, notes = matched({**LORA, **option})
        assert config.method == "lora"
        assert any(note.startswith(f"{next(iter(option))}=") for note in notes)

    def test_a_start_that_is_only_computed_faster_is_pissa(self):
        config, (note,) = matched({**LORA, "init_lora_weights": "pissa_niter_4"})
        assert (config.method, "'pissa' is used" in note) == ("pissa", True)

    @pytest.mark.parametrize(
        ("task", "words"),
        [
            ("CAUSAL_LM", "writing texts"),
            ("TaskType.TOKEN_CLS", "labelling words"),
            ("SEQ_2_SEQ_LM", "SEQ_2_SEQ_LM"),
            ("FEATURE_EXTRACTION", "vectors"),
            ("DREAMING", '"DREAMING"'),
            (["SEQ_CLS"], "SEQ_CLS"),
        ],
    )
    def test_another_task_is_told(self, task, words):
        config, (note,) = matched({**LORA, "task_type": task})
        assert config.method_values["r"] == 4
        assert note.startswith("task_type ")
        assert words in note

    @pytest.mark.parametrize("task", [None, "SEQ_CLS", "TaskType.SEQ_CLS"])
    def test_ours_or_none_is_nothing(self, task):
        assert matched({**LORA, "task_type": task})[1] == ()


class TestBases:
    def test_one_that_is_not_here_is_told_with_those_that_are(self):
        config, (note,) = matched({**LORA, "base_model_name_or_path": "roberta-base"})
        assert config.base_model == BUILTIN_BASE
        for base in ("roberta-base", *BASES):
            assert base in note

    def test_one_that_must_be_fetched_is_not_chosen_for_anybody(self, monkeypatch):
        monkeypatch.setitem(BASES, HUB_BASE, replace(BASES[HUB_BASE], is_at_hand=lambda: False))
        imported = from_peft("LORA", {**LORA, "base_model_name_or_path": HUB_BASE}, {})
        assert "base_model" not in imported.values
        assert "PEFT_DEMO_DISTILBERT_FOLDER" in imported.notes[0]

    def test_one_that_is_at_hand_is_taken_and_told(self, monkeypatch):
        monkeypatch.setitem(BASES, HUB_BASE, replace(BASES[HUB_BASE], is_at_hand=lambda: True))
        given = {**LORA, "base_model_name_or_path": "distilbert-base-cased"}
        config, (note,) = matched(given)
        assert config.base_model == HUB_BASE
        assert f"{HUB_BASE} is used; there are also" in note
        assert matched(given, rest={"base_model": HUB_BASE})[1] == ()


class TestNamesOfModules:
    def test_of_another_network_are_told_with_what_they_became(self):
        given = {**LORA, "target_modules": ["query", "attention.output.dense"]}
        config, (note,) = matched(given)
        assert config.method_values["target_modules"] == (FAMILY.query, FAMILY.output)
        assert note == (
            'target_modules: "query" became q_lin, "attention.output.dense" became out_lin on '
            f"{BUILTIN_BASE}."
        )

    def test_in_our_own_json_are_told_too(self):
        imported = from_flat({"target_modules": "q_proj,v_proj"}, {})
        assert imported.values["target_modules"] == ["q_lin", "v_lin"]
        assert '"q_proj" became q_lin' in imported.notes[0]

    def test_a_pattern_becomes_the_list(self):
        config, (note,) = matched({**LORA, "target_modules": r".*\.lin\d"})
        assert config.method_values["target_modules"] == FAMILY.feedforward
        assert "became ffn.lin1 and ffn.lin2" in note

    def test_excluded_ones_are_taken_out(self):
        given = {**LORA, "target_modules": "all-linear"}
        for excluded in (["lin1", "ffn.lin2"], r".*ffn.*", ["pre_classifier", "lin1", "lin2"]):
            config, notes = matched({**given, "exclude_modules": excluded})
            assert config.method_values["target_modules"] == FAMILY.attention
        assert notes == ()

    def test_excluded_ones_that_are_none_are_told(self):
        _, (note,) = matched({**LORA, "exclude_modules": ["lm_head"]})
        assert "lm_head" in note

    def test_all_cannot_be_excluded(self):
        with pytest.raises(InvalidFieldsError, match="exclude_modules must leave some"):
            matched({**LORA, "exclude_modules": ["q_lin"]})

    def test_ia3_without_the_feedforward_part(self):
        given = {"target_modules": ["key", "value"], "feedforward_modules": []}
        config, _ = matched(given, peft_type="IA3")
        assert config.method_values["feedforward_modules"] == ()

    def test_ia3_that_leaves_it_to_peft(self):
        config, notes = matched({"target_modules": ["k_lin", "lin2"]}, peft_type="IA3")
        assert config.method_values["feedforward_modules"] == (FAMILY.feedforward_out,)
        assert notes == (
            "feedforward_modules is not given; ffn.lin2 of the target modules is used.",
        )


ADALORA = {"init_r": 4, "target_r": 2, "target_modules": ["q_lin"]}


class TestSchedule:
    def adalora(self, **options):
        return matched({**ADALORA, **options}, peft_type="ADALORA")

    def test_what_peft_itself_does_not_use_is_told_so(self):
        _, (note,) = self.adalora(r=32)
        assert note == "r=32 has no effect in peft's AdaLoraConfig."

    def test_keeps_its_shares_of_our_steps(self):
        config, (note,) = self.adalora(tinit=600, tfinal=1_500, total_step=3_000)
        steps = config.max_steps
        values = config.method_values
        assert (values["tinit"], values["tfinal"]) == (steps // 5, steps // 2)
        assert f"the training has {steps} steps here" in note

    def test_counts_the_steps_that_the_text_itself_gives(self):
        config, _ = matched(
            {**ADALORA, "tinit": 100, "total_step": 1_000},
            {"num_train_epochs": 8},
            peft_type="ADALORA",
        )
        assert config.method_values["tinit"] == config.max_steps // 10

    def test_phases_without_a_training_between_them_still_fit(self):
        config, _ = self.adalora(tinit=1_000, tfinal=1_000, total_step=1_000)
        assert config.method_values["tinit"] == config.max_steps - 2

    def test_of_our_length_or_of_none_stays(self):
        steps = RunConfig(method="adalora").max_steps
        assert self.adalora(tinit=7, tfinal=9, total_step=steps)[1] == ()
        config, notes = self.adalora(tinit=7, tfinal=9)
        assert (config.method_values["tfinal"], notes) == (9, ())
        assert self.adalora(tinit="soon", total_step=None)[0].method_values["tinit"] == 0


class TestOptionsThatFewNeed:
    @pytest.mark.parametrize(
        ("option", "method", "name", "value"),
        [
            ({"init_lora_weights": "gaussian"}, "lora", "init_lora_weights", "gaussian"),
            ({"init_lora_weights": "orthogonal"}, "lora", "init_lora_weights", "orthogonal"),
            ({"bias": "lora_only"}, "lora", "bias", "lora_only"),
            ({"layers_to_transform": [5, 4]}, "lora", "layers_to_transform", (4, 5)),
            ({"layers_to_transform": 3, "layers_pattern": "layer"}, "lora", LAYERS.name, (3,)),
            ({"layers_to_transform": [*range(6)]}, "lora", "layers_to_transform", ()),
            ({"rank_pattern": {"q_lin": 9}}, "lora", "rank_pattern", "q_lin: 9"),
            ({"alpha_pattern": {"query": 9.0}}, "lora", "alpha_pattern", "q_lin: 9"),
            ({"use_dora": True, "use_rslora": True}, "dora", "use_rslora", True),
            ({"init_lora_weights": "pissa", "use_rslora": True}, "pissa", "use_rslora", True),
            ({"use_rslora": True, "bias": "all"}, "rslora", "bias", "all"),
        ],
    )
    def test_are_taken(self, option, method, name, value):
        config, notes = matched({**LORA, **option})
        assert (config.method, config.method_values[name]) == (method, value)
        assert notes in ((), tuple(note for note in notes if note.startswith("layers_pattern")))

    @pytest.mark.parametrize(
        "option",
        [
            {"layers_to_transform": [9]},
            {"rank_pattern": {"layer.0.attention.q_lin": 8}},
            {"rank_pattern": {"q_lin": 100_000}},
            {"rank_pattern": {"k_lin": 8}},  # no target module
            {"bias": "boft_only"},
            {"init_lora_weights": "orthogonal", "r": 5},
        ],
    )
    def test_that_are_not_allowed_are_told_and_leave_the_rest(self, option):
        config, notes = matched({**LORA, **option}, rest=RunConfig().flat())
        name = next(iter(option))
        assert config.method_values[name] == METHODS["lora"].rare_defaults[name]
        assert any(note.startswith(f"{name}=") for note in notes)

    def test_of_what_was_before_go_where_the_text_has_none(self):
        before = RunConfig(bias="all", layers_to_transform=[1]).flat()
        imported = from_peft("LORA", LORA, before)
        assert imported.values["bias"] == "none"
        assert imported.values["layers_to_transform"] == []
        assert "rank_pattern" not in imported.values

    def test_blocks_that_full_paths_tell_are_taken(self):
        paths = [f"distilbert.transformer.layer.{n}.attention.q_lin" for n in (0, 2)]
        config, notes = matched({**LORA, "target_modules": paths})
        assert config.method_values["layers_to_transform"] == (0, 2)
        assert config.method_values["target_modules"] == ("q_lin",)
        assert notes == ()

    def test_blocks_are_told_where_the_method_takes_them_all(self):
        given = {"target_modules": r".*layer\.1\..*k_lin", "feedforward_modules": []}
        config, notes = matched(given, peft_type="IA3")
        assert config.method_values["target_modules"] == ("k_lin",)
        assert any("all blocks get an adapter here, not 1 alone" in note for note in notes)

    def test_blocks_stand_in_a_run_s_own_list_too(self):
        paths = "distilbert.transformer.layer.3.ffn.lin1"
        assert RunConfig(target_modules=paths).method_values["layers_to_transform"] == (3,)
        for values, words in (
            ({"method": "ia3", "feedforward_modules": []}, "must mean all blocks"),
            ({"layers_to_transform": [3]}, "must be left out"),
        ):
            with pytest.raises(InvalidFieldsError, match=words):
                RunConfig({**values, "target_modules": paths})

    def test_make_names_and_summaries_of_their_own_only_where_they_are_unusual(self):
        assert RunConfig().summary == "LoRA · r 8 · alpha 16 · dropout 0.1 · lr 0.001"
        unusual = RunConfig(layers_to_transform="4-5", init_lora_weights="gaussian")
        assert unusual.summary.startswith("LoRA · blocks 4+5 · start gaussian · r 8")
        assert "bias" not in unusual.told()
        assert unusual.told()["layers_to_transform"] == [4, 5]

    def test_patterns_must_fit_the_target_modules(self):
        for values, words in (
            ({"rank_pattern": "k_lin: 4"}, "must be for target modules"),
            ({"rank_pattern": "q_lin: 256", "base_model": BUILTIN_BASE}, None),
            (
                {"init_lora_weights": "orthogonal", "rank_pattern": "q_lin: 3"},
                "must have even ranks",
            ),
        ):
            if words is None:
                assert RunConfig({"target_modules": ["q_lin"], **values})
                continue
            with pytest.raises(InvalidFieldsError, match=words):
                RunConfig({"target_modules": ["q_lin"], **values})

    def test_stored_runs_that_have_none_are_as_they_were(self):
        flat = RunConfig(r=4).flat()
        old = {n: v for n, v in flat.items() if n not in METHODS["lora"].rare_defaults}
        assert RunConfig(old) == RunConfig(flat)
