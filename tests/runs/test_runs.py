"""RunConfig: invalid values cannot be built, and valid ones keep through JSON."""

import json
import math

import pydantic
import pytest
from field_values import allowed_by
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peft_demo import data
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Integer, Number
from peft_demo.methods import METHODS, Setting
from peft_demo.models import FAMILY, HUB_BASE, shape_of
from peft_demo.runs import Run, RunConfig, RunKind, RunStatus, fields_of
from peft_demo.runs.schema import config_schema


def problems(values: object) -> dict[str, str]:
    with pytest.raises(InvalidFieldsError) as caught:
        RunConfig(values)
    return caught.value.problems


def values_of(method: str) -> st.SearchStrategy[dict[str, object]]:
    """Any configuration of a method whose fields are allowed one by one."""
    strategies: dict[str, st.SearchStrategy[object]] = {}
    for field in fields_of(method):
        if field.name == "method":
            strategies[field.name] = st.just(method)
        elif field.name == "num_reviews":
            strategies[field.name] = st.integers(
                10, min(row.most_texts for row in data.DATASETS.values())
            )
        else:
            strategies[field.name] = allowed_by(field)
    return st.fixed_dictionaries({}, optional=strategies).map(
        lambda values: {**values, "method": method}
    )


@pytest.mark.parametrize("method", METHODS)
class TestAllowedValues:
    @pytest.mark.slow
    @settings(max_examples=20)
    @given(data=st.data())
    def test_are_kept_through_flat_and_json_or_do_not_fit_together(self, method, data):
        values = data.draw(values_of(method))
        try:
            config = RunConfig(values)
        except InvalidFieldsError as error:
            found = error.problems
            event("refused")
        else:
            found = {}
            event("allowed")
            self.check_kept(config, values)
        assert set(found) <= {field.name for field in fields_of(method)}
        assert all(name in sentence for name, sentence in found.items())

    def check_kept(self, config, values):
        flat = config.flat()
        assert RunConfig(flat) == config
        assert RunConfig(json.loads(json.dumps(flat))) == config
        for name, value in values.items():
            if isinstance(value, (int, float)):
                assert flat[name] == value

    def test_defaults_come_from_the_fields(self, method):
        flat = RunConfig(method=method).flat()
        for field in fields_of(method):
            if field.name not in ("method", "name"):
                default = field.default
                assert flat[field.name] == (
                    list(default) if isinstance(default, tuple) else default
                )

    def test_schema_says_the_same_limits(self, method):
        schema = config_schema(method)
        json.dumps(schema)
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) == {field.name for field in fields_of(method)}
        for field in fields_of(method):
            described = schema["properties"][field.name]
            if isinstance(field, (Integer, Number)):
                number, *rest = described.get("anyOf", [described])
                assert number["type"] == field.kind
                assert number["minimum"] == field.minimum
                assert number["maximum"] == field.maximum
                assert rest == ([{"type": "null"}] if field.default is None else [])
            if field.name != "method":
                assert described["title"] == field.label
                assert described["description"] == field.help


BAD = [
    # field, value, words the sentence must hold
    ("r", 0, ["between 1 and 256", "got 0."]),
    ("r", 257, ["between 1 and 256", "got 257."]),
    ("r", 10**9, ["between 1 and 256", "got 1000000000."]),
    ("r", "abc", ["a whole number", 'got "abc".']),
    ("r", 8.5, ["a whole number", "got 8.5."]),
    ("r", True, ["a whole number", "got true."]),
    ("r", None, ["a whole number", "got nothing."]),
    ("lora_dropout", 1.5, ["between 0 and 0.9", "got 1.5."]),
    ("learning_rate", math.nan, ["between 1e-7 and 1", "got nan."]),
    ("learning_rate", "nan", ["between 1e-7 and 1", 'got "nan".']),
    ("learning_rate", math.inf, ["between 1e-7 and 1", "got inf."]),
    ("learning_rate", 0, ["between 1e-7 and 1", "got 0."]),
    ("learning_rate", -1e-3, ["between 1e-7 and 1", "got -0.001."]),
    ("target_modules", [], ["one or more of q_lin", "got nothing."]),
    ("target_modules", ["lm_head"], ["one or more of q_lin", "got lm_head."]),
    ("num_train_epochs", 0, ["between 1 and 50", "got 0."]),
    ("per_device_train_batch_size", 1000, ["between 1 and 128 texts", "got 1000."]),
    ("num_reviews", 3, ["between 10 and", "got 3."]),
    ("num_reviews", 19_001, ["between 10 and 19,000", "imdb", "got 19001."]),
    ("max_length", 7, ["between 8 and 512 tokens", "got 7."]),
    ("max_length", 513, ["between 8 and 512 tokens", "got 513."]),
    ("num_test_reviews", 49, ["between 50 and 5,000", "got 49."]),
    ("seed", -1, ["between 0 and 4,294,967,295", "got -1."]),
    ("method", "nonsense", ["one of lora,", "ia3,", 'got "nonsense".']),
    ("base_model", "bert", ["all-MiniLM-L6-v2", "distilbert/distilbert-base-cased", '"bert"']),
    ("dataset", "yelp", ["imdb", "rotten_tomatoes", "stanfordnlp/imdb", '"yelp"']),
    ("name", "x" * 10_000, ["at most 80 characters", "(10,000 characters)"]),
    ("name", "two\nlines", ["on one line", r'"two\nlines"']),
    ("name", "\x00", ["without control characters", r'"\u0000"']),
    ("rank", 8, ["is not a field of a LoRA run", "r, lora_alpha"]),
]


class TestBadValues:
    @pytest.mark.parametrize(("field", "value", "words"), BAD)
    def test_give_one_sentence_with_field_limits_and_value(self, field, value, words):
        found = problems({field: value})
        assert list(found) == [field]
        for word in [field, *words]:
            assert word in found[field]
        assert found[field].endswith(".")
        assert "\n" not in found[field]

    def test_come_all_together(self):
        bad = {"r": 0, "learning_rate": "abc", "max_length": 9999, "name": "\x07", "rank": 8}
        assert set(problems(bad)) == set(bad)

    def test_feed_forward_modules_must_be_targets(self):
        found = problems(
            {"method": "ia3", "target_modules": ["q_lin"], "feedforward_modules": ["ffn.lin2"]}
        )
        assert found == {
            "feedforward_modules": (
                "feedforward_modules must all be target_modules too (q_lin), got ffn.lin2."
            )
        }

    def test_a_field_of_another_method_is_refused(self):
        assert "is not a field of a IA3 run" in problems({"method": "ia3", "r": 8})["r"]

    @pytest.mark.parametrize("values", [["method", "lora"], "lora", 3])
    def test_what_is_no_mapping_is_refused(self, values):
        assert "config must map fields to values" in problems(values)["config"]

    @pytest.mark.parametrize("row", data.DATASETS.values(), ids=lambda row: row.id)
    def test_each_data_set_has_its_own_most(self, row):
        dataset, most = row.id, row.most_texts
        assert RunConfig(dataset=dataset, num_reviews=most).num_reviews == most
        found = problems({"dataset": dataset, "num_reviews": most + 1})
        assert f"between 10 and {most:,}" in found["num_reviews"]


class TestRunConfig:
    def test_cannot_be_changed(self):
        config = RunConfig()
        with pytest.raises(pydantic.ValidationError):
            config.seed = 1  # type: ignore[misc]

    def test_a_copy_with_changes_is_checked(self):
        config = RunConfig(method="ia3", seed=3, name="mine")
        assert config.model_copy() == config
        assert config.model_copy(update={"seed": 4}).flat() == {**config.flat(), "seed": 4}
        with pytest.raises(InvalidFieldsError, match="seed must be a whole number"):
            config.model_copy(update={"seed": -1})
        with pytest.raises(InvalidFieldsError, match="is not a field of a IA3 run"):
            config.model_copy(update={"r": 8})
        assert RunConfig(r=4).model_copy(update={"r": 8}).name == RunConfig(r=8).name

    @pytest.mark.parametrize("method", METHODS)
    def test_keeps_through_its_own_json(self, method):
        config = RunConfig(method=method)
        text = config.model_dump_json()
        assert json.loads(text) == config.model_dump() == config.flat()
        assert RunConfig.model_validate_json(text) == config
        with pytest.raises(InvalidFieldsError, match="seed"):
            RunConfig.model_validate_json('{"seed": "x"}')

    def test_160_reviews_are_the_assignments_128_and_32(self):
        config = RunConfig(num_reviews=160)
        assert (config.num_train_reviews, config.num_validation_reviews) == (128, 32)

    @pytest.mark.parametrize("number", [10, 11, 12, 13, 14, 99, 2_503])
    def test_train_and_validation_are_4_to_1(self, number):
        config = RunConfig(num_reviews=number)
        assert config.num_train_reviews + config.num_validation_reviews == number
        assert abs(config.num_validation_reviews - number / 5) <= 0.5

    @pytest.mark.parametrize(
        ("reviews", "batch", "epochs", "steps"),
        [(160, 16, 10, 80), (2_000, 16, 2, 200), (10, 128, 1, 1), (12, 3, 5, 20), (10, 3, 1, 3)],
    )
    def test_counts_its_steps(self, reviews, batch, epochs, steps):
        config = RunConfig(
            num_reviews=reviews, per_device_train_batch_size=batch, num_train_epochs=epochs
        )
        assert config.max_steps == config.setting.max_steps == steps

    def test_its_setting_is_what_a_method_may_depend_on(self):
        config = RunConfig(base_model=HUB_BASE, max_length=99, seed=3)
        assert config.setting == Setting(shape_of(HUB_BASE), 200, 99, 3, 2)

    def test_is_named_after_its_settings(self):
        config = RunConfig(method="lora", r=4, lora_alpha=8, lora_dropout=0, learning_rate=2e-5)
        assert config.name == config.summary == "LoRA · r 4 · alpha 8 · dropout 0 · lr 2e-5"

    def test_keeps_a_name_of_its_own(self):
        assert RunConfig(name='  <b>"mine"</b>  ').name == '<b>"mine"</b>'

    def test_modules_come_in_the_models_order(self):
        config = RunConfig(target_modules="ffn.lin1, q_lin")
        assert config.flat()["target_modules"] == ["q_lin", "ffn.lin1"]
        assert config.flat()["target_modules"] == [
            name for name in FAMILY.linear if name in ("q_lin", "ffn.lin1")
        ]


class TestRun:
    def test_keeps_through_json_with_a_flat_configuration(self):
        run = Run(
            run_id="run-000001",
            config=RunConfig(method="ia3"),
            owner="somebody",
            status=RunStatus.QUEUED,
            created_at="2026-11-01T12:00:00+00:00",
        )
        text = run.model_dump_json()
        assert json.loads(text)["config"] == run.config.flat()
        assert Run.model_validate_json(text) == run

    def test_from_before_there_were_kinds_is_a_training(self):
        run = Run(
            run_id="run-000001",
            config=RunConfig(),
            owner="somebody",
            status=RunStatus.COMPLETED,
            created_at="2026-11-01T12:00:00+00:00",
        )
        kept = {
            name: value
            for name, value in json.loads(run.model_dump_json()).items()
            if name not in ("kind", "range_test")
        }
        assert Run.model_validate(kept) == run
        assert run.kind is RunKind.TRAINING

    @pytest.mark.parametrize("kind", RunKind)
    @pytest.mark.parametrize("status", RunStatus)
    def test_only_what_left_an_adapter_can_predict(self, kind, status):
        run = Run(
            run_id="run-000001",
            kind=kind,
            config=RunConfig(),
            owner="somebody",
            status=status,
            created_at="2026-11-01T12:00:00+00:00",
        )
        left = status is RunStatus.COMPLETED and kind is not RunKind.RANGE_TEST
        assert run.can_predict == left

    def test_only_queued_and_running_are_not_over(self):
        assert {status for status in RunStatus if not status.is_over} == {"queued", "running"}


@pytest.mark.parametrize("method", METHODS)
def test_the_name_that_a_run_is_given_is_a_valid_one(method):
    config = RunConfig(method=method, learning_rate=0.0123456)
    assert RunConfig(config.flat()) == config
    assert config.name.endswith("lr 0.0123456")
