"""Sweeps: which configurations they make, and what they refuse."""

import pytest
from small_runs import LONG

from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.runs import PART_SEEDS, GroupKind, RunConfig
from peft_demo.runs.sweeps import plan


def refused(*arguments, **more):
    with pytest.raises(InvalidFieldsError) as caught:
        plan(*arguments, **more)
    return caught.value.problems


class TestAxes:
    def test_every_combination_in_the_order_of_the_axes(self):
        made = plan({"method": "lora", "seed": 5}, {"r": "1, 4", "learning_rate": [1e-4, "1e-3"]})
        assert made.kind is GroupKind.SWEEP
        assert made.axes == {"r": (1, 4), "learning_rate": (1e-4, 1e-3)}
        values = [(c.method_values["r"], c.learning_rate, c.seed) for c in made.configs]
        assert values == [(1, 1e-4, 5), (1, 1e-3, 5), (4, 1e-4, 5), (4, 1e-3, 5)]

    def test_names_say_what_differs(self):
        made = plan({"method": "lora"}, {"target_modules": "q_lin,v_lin; ffn.lin1, ffn.lin2"})
        assert [config.name for config in made.configs] == ["LoRA · on q+v", "LoRA · on lin1+lin2"]

    def test_methods_take_the_settings_that_they_have_and_their_own_rate(self):
        values = {"method": "lora", "lora_alpha": 64, "learning_rate": 7e-4, "num_reviews": 40}
        made = plan(values, {"method": "lora, dora, ia3"})
        lora, dora, ia3 = made.configs
        assert (lora.method_values["lora_alpha"], lora.learning_rate) == (64, 7e-4)
        assert dora.method_values["lora_alpha"] == 64
        assert dora.learning_rate == METHODS["dora"].learning_rate
        assert "lora_alpha" not in ia3.method_values
        assert {config.num_reviews for config in made.configs} == {40}

    def test_rates_that_are_swept_count_for_all_methods(self):
        made = plan({}, {"method": ["lora", "ia3"], "learning_rate": [1e-3, 2e-3]})
        assert [c.learning_rate for c in made.configs] == [1e-3, 2e-3, 1e-3, 2e-3]

    def test_a_value_that_is_given_twice_counts_once(self):
        assert len(plan({}, {"r": "4, 8, 4"}).configs) == 2


class TestWhatPeopleWrite:
    def test_limits_are_those_of_the_chosen_data_set(self):
        values = {"dataset": "rotten_tomatoes"}
        (sentence,) = refused(values, {"num_reviews": [100, 19_000]}).values()
        assert "3,500 reviews of rotten_tomatoes" in sentence

    def test_modules_of_other_networks_and_blocks(self):
        made = plan(
            {}, {"target_modules": "query value; c_attn", "layers_to_transform": "all; 4-5"}
        )
        assert [config.name for config in made.configs] == [
            "LoRA · on q+v · blocks all",
            "LoRA · on q+v · blocks 4+5",
            "LoRA · on q+k+v · blocks all",
            "LoRA · on q+k+v · blocks 4+5",
        ]

    def test_yes_and_no(self):
        made = plan({"method": "dora"}, {"use_rslora": "no, yes"})
        assert [config.method_values["use_rslora"] for config in made.configs] == [False, True]


class TestRepeats:
    def test_seeds_are_one_apart_and_start_again_at_the_end(self):
        made = plan({"seed": 2**32 - 1, "name": "mine"}, repeats=3)
        assert made.kind is GroupKind.REPEATS
        assert [config.seed for config in made.configs] == [2**32 - 1, 0, 1]
        assert made.configs[1].name == "mine · seed 0"
        assert len({config.name for config in made.configs}) == 3

    @pytest.mark.parametrize("part", PART_SEEDS)
    def test_a_part_that_has_a_seed_keeps_it(self, part):
        made = plan({"seed": 1, part: 9}, repeats=2)
        assert [config.seed_of(part) for config in made.configs] == [9, 9]
        others = [name for name in PART_SEEDS if name != part]
        assert [[c.seed_of(name) for c in made.configs] for name in others] == [[1, 2]] * 4

    def test_they_multiply_a_sweep(self):
        made = plan({}, {"r": [1, 2, 3]}, repeats=4, race=False)
        assert len(made.configs) == 12
        assert len({(c.method_values["r"], c.seed) for c in made.configs}) == 12


@pytest.mark.parametrize(
    ("axes", "more", "field", "words"),
    [
        ({"r": "4"}, {}, "r", ["at least 2", "got 4"]),
        ({"r": ""}, {}, "r", ["at least 2", "got nothing"]),
        ({"r": "4, 999"}, {}, "r", ["between 1 and 256", "999"]),
        ({"nonsense": "1, 2"}, {}, "nonsense", ["cannot be swept for LoRA", "learning_rate"]),
        ({"seed": "1, 2"}, {}, "seed", ["cannot be swept"]),
        ({"method": "lora, ia3", "r": "1, 2"}, {}, "r", ["cannot be swept for IA3"]),
        ({"method": "lora, nope"}, {}, "method", ["must be one of", "nope"]),
        ({"r": "1,2", "lora_alpha": "1,2", "max_length": "8,9"}, {}, "sweep", ["at most 2", "3"]),
        (
            {"max_length": list(range(8, 108)), "r": list(range(1, 101))},
            {},
            "sweep",
            ["64", "10,000"],
        ),
        ({}, {"repeats": 0}, "repeats", ["between 1 and 16", "got 0"]),
        ({}, {"repeats": 17}, "repeats", ["got 17"]),
        ({}, {"repeats": 9, "race": True}, "race", ["2 to 8", "got 9"]),
        ({}, {"race": True}, "race", ["2 to 8", "got 1"]),
        ({"target_modules": "q_lin; nope"}, {}, "target_modules", ["q_lin", "nope"]),
    ],
)
def test_refusals_name_field_limits_and_value(axes, more, field, words):
    problems = refused({}, axes, **more)
    assert list(problems) == [field]
    assert all(word in problems[field] for word in words), problems


def test_a_combination_that_is_not_allowed_is_named():
    problems = refused({"method": "adalora"}, {"init_r": "4, 12"})
    assert problems["target_r"].startswith("With init_r 4: target_r must be at most init_r (4)")


def test_everything_of_the_configuration_stays():
    config = RunConfig({**LONG, "method": "lora"})
    made = plan(config.flat(), {"r": "1, 2"})
    for one in made.configs:
        changed = {"r", "name"}
        assert {k: v for k, v in one.flat().items() if k not in changed} == {
            k: v for k, v in config.flat().items() if k not in changed
        }
