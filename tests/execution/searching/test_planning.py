"""Planning: what fits into the minutes, and what is refused before anything is trained."""

from dataclasses import replace

import pytest
from searches import planned

from peft_demo.errors import InvalidFieldsError
from peft_demo.execution.searching import planning
from peft_demo.execution.searching.costs import Costs
from peft_demo.execution.searching.proposals import num_parameters, propose
from peft_demo.runs import RunConfig
from peft_demo.runs.search import rungs

pytestmark = pytest.mark.slow


def test_rungs_are_halves_of_the_epochs():
    assert [rungs(epochs) for epochs in (1, 2, 3, 10)] == [(1,), (1, 2), (1, 3), (1, 2, 5, 10)]


@pytest.mark.parametrize("minutes", [1.2, 2, 5, 30])
@pytest.mark.parametrize("slots", [1, 4])
def test_search_and_confirmation_fit_into_the_minutes(store, minutes, slots):
    expected = planned(store, minutes, slots=slots).expected
    assert expected.search_seconds + expected.confirm_seconds <= 60 * minutes
    assert expected.num_trials >= 2
    assert expected.num_seeds >= 2


def test_more_minutes_try_more(store):
    trials = [planned(store, minutes).expected.num_trials for minutes in (2, 5, 30)]
    assert trials == sorted(set(trials))


def test_a_round_costs_what_its_rungs_train():
    # 8 for one epoch, 4 for one more, 2 for two more, and a second for each beginning.
    costs = Costs(start=1, epoch=2, test=3, num_epochs=4, slots=1)
    assert costs.round(8) == 8 * 3 + 4 * 3 + 2 * 5
    assert replace(costs, slots=2).round(8) == 23
    assert costs.run == 1 + 4 * 2 + 3


def test_no_more_is_expected_than_there_is(store):
    expected = planned(store, over=[], among={"r": [1, 2], "lora_alpha": [4]}).expected
    assert (expected.num_trials, expected.most_trials) == (3, 3)
    assert planned(store, over="method", among={"method": "lora, ia3"}).expected.most_trials == 3


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"minutes": 0}, "minutes", ["between 0.1 and 1,440", "got 0"]),
        ({"minutes": "soon"}, "minutes", ["between 0.1 and 1,440", "soon"]),
        ({"minutes": 0.2}, "minutes", ["at least 1.", "got 0.2", "a run takes about", "2 trials"]),
        ({"over": []}, "over", ["at least one field, such as method", "got nothing"]),
        ({"over": "nope"}, "nope", ["cannot be searched for LoRA", "learning_rate"]),
        ({"over": 3}, "over", ["a list of fields, got 3"]),
        ({"over": "num_virtual_tokens"}, "num_virtual_tokens", ["cannot be searched for LoRA"]),
        ({"over": "num_train_epochs"}, "num_train_epochs", ["cannot be searched"]),
        ({"over": "seed"}, "seed", ["cannot be searched"]),
        ({"over": "r", "among": {"r": "1, 999"}}, "r", ["between 1 and 256", "999"]),
        ({"over": "r", "among": {"r": []}}, "r", ["at least one value", "got"]),
        ({"over": "method", "among": {"method": "lora, nope"}}, "method", ["one of", "nope"]),
        (
            {"over": "r", "among": {"r": [2, 4]}, "most_parameters": 10},
            "most_parameters",
            ["at least 9,216", "LoRA · r 2", "got 10"],
        ),
        ({"most_parameters": "few"}, "most_parameters", ["a whole number", "few"]),
    ],
)
def test_refusals_name_field_limits_and_value(store, asked, field, words):
    with pytest.raises(InvalidFieldsError) as caught:
        planned(store, **asked)
    assert list(caught.value.problems) == [field]
    assert all(word in caught.value.problems[field] for word in words), caught.value.problems


def test_all_that_is_wrong_is_told_at_once(store):
    with pytest.raises(InvalidFieldsError) as caught:
        planned(store, minutes=0, over="nope", most_parameters=-1)
    assert set(caught.value.problems) == {"minutes", "nope", "most_parameters"}


def test_a_machine_that_has_trained_nothing_cannot_plan():
    with pytest.raises(InvalidFieldsError, match="Train one first"):
        planning.plan_search({}, over="r")


def test_a_field_goes_to_the_methods_that_have_it(store):
    values = {"target_modules": "q_lin, ffn.lin1, ffn.lin2"}  # IA3 wants some of the latter
    search = planned(store, over="method,r", among={"method": "lora, ia3"}, values=values)
    found = propose(search, (), 8)
    assert {config.method for config in found} == {"lora", "ia3"}
    assert all(("r" in config.method_values) == (config.method == "lora") for config in found)


def test_what_is_proposed_differs_and_is_small_enough(store):
    search = planned(store, over="r,learning_rate", most_parameters=20_000)
    found = propose(search, (), 8)
    assert all(num_parameters(config) <= 20_000 for config in found)
    assert len({config.summary for config in found}) == len(found) == 8
    # The recommended preset trains all linear layers, and is no candidate then.
    assert all(config.method_values["target_modules"] == ("q_lin",) for config in found)


def test_a_limit_of_waiting_runs_is_kept(store):
    expected = planned(store, most_waiting=5).expected
    assert max(*expected.round_sizes, expected.num_confirmed) <= 5


def test_what_is_not_searched_stays_as_it_is(store):
    values = {"max_length": 20, "lora_dropout": 0.3, "num_train_epochs": 3}
    first, *others = propose(planned(store, over="r", values=values), (), 4)
    base = RunConfig({"method": "lora", **values})
    for config in others:
        assert config.method_values["lora_dropout"] == 0.3
    assert {config.max_length for config in (first, *others)} == {base.max_length}
