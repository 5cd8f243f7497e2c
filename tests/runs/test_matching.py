"""Peft's options as values of a method's fields."""

from peft_demo.runs import RunConfig
from peft_demo.runs.matching import from_peft

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
