"""METHODS: every row holds together, and a new row is all that a method needs."""

import dataclasses

import pytest

from peft_demo import adapters
from peft_demo.catalogue import describe_methods
from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import HEAD_MODULES, METHODS, MODULES
from peft_demo.runs import RunConfig, config_schema, fields_of


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
class TestEveryRow:
    def test_says_what_it_is_and_where_it_comes_from(self, method):
        assert METHODS[method.id] is method
        assert method.label
        assert method.summary.endswith(".")
        assert method.paper
        assert method.paper_url.startswith("https://")
        assert 2010 < method.year < 2100

    def test_its_fields_are_named_once(self, method):
        names = [field.name for field in fields_of(method.id)]
        assert len(names) == len(set(names))

    def test_its_defaults_and_learning_rate_make_a_run(self, method):
        config = RunConfig(method=method.id)
        assert config.learning_rate == method.learning_rate
        assert set(config.method_values) == {field.name for field in method.fields}

    def test_its_peft_configuration_trains_the_whole_head(self, method):
        if method.peft_config is None:
            assert method.writes_to_base
            return
        config = method.peft_config(RunConfig(method=method.id).method_values)
        assert config.task_type == "SEQ_CLS"
        assert set(config.modules_to_save) == set(HEAD_MODULES)

    def test_is_described_for_command_line_and_api(self, method):
        described = {row["id"]: row for row in describe_methods()}[method.id]
        assert described["label"] == method.label
        assert described["learning_rate"] == method.learning_rate
        assert [field["name"] for field in described["fields"]] == [
            field.name for field in method.fields
        ]
        assert described["schema"] == config_schema(method.id)


class TestTheAssignmentsMethods:
    def test_are_all_there(self):
        assert {"lora", "ia3", "head_only", "full_ft"} <= set(METHODS)

    def test_baselines_are_marked(self):
        assert METHODS["head_only"].baseline
        assert METHODS["full_ft"].baseline
        assert not METHODS["lora"].baseline

    def test_rank_goes_from_1_to_256(self):
        (rank,) = (field for field in METHODS["lora"].fields if field.name == "r")
        assert (rank.minimum, rank.maximum) == (1, 256)

    def test_lora_passes_its_values_on(self):
        values = {"r": 5, "lora_alpha": 7, "lora_dropout": 0.3, "target_modules": ("q_lin",)}
        config = METHODS["lora"].peft_config(values)
        assert (config.r, config.lora_alpha, config.lora_dropout) == (5, 7, 0.3)
        assert config.target_modules == {"q_lin"}
        assert config.bias == "none"

    def test_ia3_passes_its_values_on(self):
        values = {"target_modules": MODULES, "feedforward_modules": ("ffn.lin1",)}
        config = METHODS["ia3"].peft_config(values)
        assert config.target_modules == set(MODULES)
        assert config.feedforward_modules == {"ffn.lin1"}

    def test_ia3_feed_forward_modules_must_be_targets(self):
        with pytest.raises(InvalidFieldsError) as caught:
            METHODS["ia3"].check_fields(
                {"target_modules": ["q_lin"], "feedforward_modules": ["ffn.lin1"]}
            )
        assert caught.value.problems == {
            "feedforward_modules": (
                "feedforward_modules must all be target_modules too (q_lin), got ffn.lin1."
            )
        }


class TestANewRow:
    @pytest.fixture(autouse=True)
    def twin(self, monkeypatch):
        """LoRA again under another name, added while the program runs."""
        row = dataclasses.replace(METHODS["lora"], id="twin", label="Twin", learning_rate=4e-4)
        monkeypatch.setitem(METHODS, "twin", row)

    def test_makes_runs(self):
        config = RunConfig(method="twin", r=3)
        assert (config.method_values["r"], config.learning_rate) == (3, 4e-4)
        assert config.name.startswith("Twin · r 3")

    def test_is_checked(self):
        with pytest.raises(InvalidFieldsError, match="r must be a whole number between 1 and 256"):
            RunConfig(method="twin", r=0)

    def test_is_among_the_choices(self):
        with pytest.raises(InvalidFieldsError, match="twin"):
            RunConfig(method="nonsense")

    def test_is_described_with_its_schema(self):
        described = {row["id"]: row for row in describe_methods()}["twin"]
        assert described["schema"]["properties"]["r"]["maximum"] == 256
        assert described["schema"]["properties"]["learning_rate"]["default"] == 4e-4

    def test_can_be_built(self, base):
        twin, lora = (
            adapters.build(base, RunConfig(method=name, r=4)) for name in ("twin", "lora")
        )
        assert adapters.count_trained(twin) == adapters.count_trained(lora)
