"""What is known of an import is kept as it is, and nothing about its training is made up."""

import json

import pytest
from small_runs import small_config

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import ImportedConfig, Run, RunConfig, read_config
from peft_demo.runs.history import PastConfig, read_import

TRAINING = (
    "learning_rate",
    "num_train_epochs",
    "per_device_train_batch_size",
    "num_reviews",
    "seed",
    "head_seed",
)

VALUES = {
    "name": "From afar",
    "method": "lora",
    "max_length": 200,
    "max_length_from": "tokenizer.json",
    "r": 320,
    "lora_alpha": 0.5,
    "target_modules": r".*layer\.[45].*q_lin",
    "rank_pattern": {"layer.5.attention.q_lin": 2},
    "layers_to_transform": [4, 5],
    "peft_config": {"peft_type": "LORA", "r": 320},
}


def stored(kind: str, config: object) -> Run:
    return Run.model_validate(
        {
            "run_id": "run-000001",
            "kind": kind,
            "config": config,
            "owner": "me",
            "status": "completed",
            "created_at": "2026-01-01T00:00:00Z",
        }
    )


class TestImportedConfig:
    def test_keeps_values_beyond_the_form(self):
        config = ImportedConfig(VALUES)
        assert config.method_values["r"] == 320
        assert config.method_values["lora_alpha"] == 0.5
        assert config.method_values["target_modules"] == VALUES["target_modules"]
        assert config.flat().items() >= VALUES.items()

    def test_says_nothing_of_its_training(self):
        config = ImportedConfig(VALUES)
        assert not set(TRAINING) & set(config.flat())
        assert [config.get(name) for name in TRAINING] == [None] * len(TRAINING)
        assert (config.num_train_reviews, config.num_validation_reviews) == (None, None)
        with pytest.raises(InvalidFieldsError, match="how to train"):
            config.for_training()

    def test_goes_through_json_unchanged(self):
        config = ImportedConfig({**VALUES, "label_order": [1, 0]})
        again = read_config(json.loads(json.dumps(config.flat())))
        assert again == config
        run = stored("imported", json.loads(json.dumps(config.flat())))
        assert run.config == config
        assert json.loads(run.model_dump_json())["config"] == json.loads(json.dumps(config.flat()))

    def test_tables_do_without_the_file(self):
        assert "peft_config" not in ImportedConfig(VALUES).told()

    def test_without_a_name_it_is_called_an_import(self):
        assert ImportedConfig({**VALUES, "name": ""}).name == "lora · imported"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("method", "gone_ft"),
            ("dataset", "yelp"),
            ("base_model", 3),
            ("max_length", 7),
            ("max_length", "many"),
            ("num_test_reviews", 0),
            ("peft_config", [1]),
            ("label_order", [1, 1]),
            ("label_order", "10"),
            ("label_order", [None, 0]),
            ("name", "x" * 81),
        ],
    )
    def test_a_bad_value_is_named_at_its_field(self, name, value):
        with pytest.raises(InvalidFieldsError) as caught:
            ImportedConfig({**VALUES, name: value})
        assert list(caught.value.problems) == [name]
        assert isinstance(read_config({**VALUES, name: value}), PastConfig)


class TestImportsOfEarlierVersions:
    def test_made_up_values_are_left_out(self):
        run = stored("imported", small_config("lora", name="Old", r=4).flat())
        assert isinstance(run.config, ImportedConfig)
        assert not set(TRAINING) & set(run.config.flat())
        assert (run.config.name, run.config.method_values["r"]) == ("Old", 4)
        assert not run.config.is_length_known
        assert run.problem is None

    def test_what_todays_rules_refuse_is_shown(self):
        old = {**small_config().flat(), "method": "gone_ft"}
        run = stored("imported", old)
        assert "gone_ft" in (run.problem or "")
        assert run.config.get("learning_rate") is None

    def test_a_training_stays_one(self):
        config = small_config()
        assert stored("training", config.flat()).config == config

    @pytest.mark.parametrize("value", [None, [], "text", 3])
    def test_any_row_is_read(self, value):
        assert read_import(value).problem


def test_history_makes_nothing_up():
    past = read_config({"name": "Old", "method": "gone_ft", "strength": 3})
    assert past.get("max_length") is past.max_length is past.get("learning_rate") is None
    assert past.flat()["base_model"] == "unknown"
    assert past.method_values == {"strength": 3}
    with pytest.raises(InvalidFieldsError):
        past.for_training()


def test_a_training_is_itself():
    assert isinstance(small_config().for_training(), RunConfig)
