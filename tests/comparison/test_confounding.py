"""Where more than one thing changed between runs, and where only one did."""

import pytest
from compared_runs import compare, finished, finished_group

from peft_demo import comparison
from peft_demo.comparison.confounding import MOST_TOLD, Subject, confounded
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig, RunKind


def told(*configs, parameters=()):
    """What is said of these configurations."""
    counts = [*parameters, *[None] * len(configs)]
    subjects = [
        Subject(f"run-{number}", f"Run {number}", RunConfig(values), counts[number])
        for number, values in enumerate(configs)
    ]
    return [(each.fields, each.also, each.words) for each in confounded(subjects)]


@pytest.mark.parametrize(
    ("configs", "field", "also", "words"),
    [
        (
            [{"r": 1}, {"r": 64}],
            "r",
            "scale",
            "Rank r changed from 1 to 64 while lora_alpha stayed 16, so the scale alpha / r "
            "changed from 16 to 0.25.",
        ),
        (
            [{"r": 1}, {"r": 8}, {"r": 64}],
            "r",
            "scale",
            "Rank r took 1, 8 and 64 while lora_alpha stayed 16, so the scale alpha / r took 16, "
            "2 and 0.25.",
        ),
        (
            [{"method": "rslora", "r": 4}, {"method": "rslora", "r": 64}],
            "r",
            "scale",
            "the scale alpha / √r changed from 8 to 2.",
        ),
        (
            [{"method": "adalora", "init_r": 8}, {"method": "adalora", "init_r": 16}],
            "init_r",
            "scale",
            "the scale alpha / r changed from 2 to 1.",
        ),
        (
            [{"per_device_train_batch_size": 16}, {"per_device_train_batch_size": 64}],
            "per_device_train_batch_size",
            "max_steps",
            "Batch size changed from 16 to 64 while epochs stayed 2, so the training steps "
            "changed from 200 to 50.",
        ),
        (
            [{"num_reviews": 200}, {"num_reviews": 2000}],
            "num_reviews",
            "max_steps",
            "the training steps changed from 20 to 200.",
        ),
    ],
)
def test_what_follows_a_setting_is_named_with_both_values(configs, field, also, words):
    ((fields, followed, sentence),) = told(*configs)
    assert (fields, followed) == ((field,), also)
    assert words in sentence


def test_other_modules_change_the_parameters():
    configs = [{"target_modules": ["q_lin"]}, {"target_modules": ["q_lin", "v_lin"]}]
    ((fields, also, words),) = told(*configs, parameters=(6144, 12288))
    assert (fields, also) == (("target_modules",), "num_adapter_parameters")
    assert "so the adapter's parameters changed from 6,144 to 12,288" in words
    one, other = ({"target_modules": [name]} for name in ("q_lin", "v_lin"))
    assert told(one, other, parameters=(6144, 6144)) == []


@pytest.mark.parametrize(
    "configs",
    [
        pytest.param([{"r": 1, "lora_alpha": 2}, {"r": 64, "lora_alpha": 128}], id="scale kept"),
        pytest.param([{"lora_alpha": 8}, {"lora_alpha": 32}], id="alpha alone"),
        pytest.param([{"learning_rate": 1e-4}, {"learning_rate": 1e-3}], id="rate alone"),
        pytest.param([{"num_train_epochs": 1}, {"num_train_epochs": 4}], id="epochs alone"),
        pytest.param([{"max_length": 16}, {"max_length": 64}], id="said by lengths"),
        pytest.param([{"num_test_reviews": 50}, {"num_test_reviews": 99}], id="said by refused"),
        pytest.param([{"seed": 1}, {"seed": 2, "name": "again"}], id="repeats"),
        pytest.param(
            [{"method": m, "learning_rate": METHODS[m].learning_rate} for m in ("lora", "ia3")],
            id="methods at their own rates",
        ),
        pytest.param([{"method": "vera", "r": 64}, {"method": "vera", "r": 256}], id="no scale"),
        pytest.param(
            [{"learning_rate": rate, "lora_alpha": a} for rate in (1e-4, 1e-3) for a in (8, 16)],
            id="a grid",
        ),
        pytest.param(
            [
                {"per_device_train_batch_size": 16, "num_reviews": 1000},
                {"per_device_train_batch_size": 32, "num_reviews": 1000, "num_train_epochs": 4},
                {"per_device_train_batch_size": 32, "num_reviews": 1000, "num_train_epochs": 4},
            ][1:],
            id="the same twice",
        ),
    ],
)
def test_a_fair_comparison_says_nothing(configs):
    assert told(*configs) == []


def test_a_grid_of_ranks_and_alphas_says_it_once():
    grid = [{"r": r, "lora_alpha": a} for a in (8, 16) for r in (2, 4)]
    assert [(fields, also) for fields, also, _ in told(*grid)] == [(("r",), "scale")]


def test_several_settings_at_once_are_named_with_the_nearest_run():
    found = told(
        {"r": 64, "lora_dropout": 0.1},
        {"r": 32, "lora_alpha": 32, "lora_dropout": 0.2},
    )
    ((fields, also, words),) = found
    assert fields == ("r", "lora_alpha", "lora_dropout")
    assert also == ""
    assert words == (
        "Run 0 and Run 1 differ in Rank r, Alpha and Dropout at once: a difference between them "
        "cannot be put down to one of these."
    )


def test_a_rate_that_is_not_its_methods_own_counts_beside_the_method():
    ((fields, _, words),) = told({"method": "lora"}, {"method": "ia3", "learning_rate": 1e-5})
    assert fields == ("method", "learning_rate")
    assert "Method and Learning rate" in words


def test_a_chain_of_single_changes_is_fair_and_who_is_outside_is_named():
    chain = [{"lora_alpha": 8}, {"lora_alpha": 16}, {"lora_alpha": 16, "lora_dropout": 0.3}]
    assert told(*chain) == []
    ((fields, _, words),) = told(*chain, {"lora_alpha": 99, "learning_rate": 0.1})
    assert fields == ("lora_alpha", "learning_rate")
    assert "Run 3" in words


def test_many_are_not_all_told():
    many = [
        {"r": 2 * n, "lora_alpha": n + 1, "learning_rate": n * 1e-4, "num_reviews": 100 * n}
        for n in range(1, 9)
    ]
    assert len(told(*many)) == MOST_TOLD


def test_a_comparison_a_group_and_an_import_tell_it(store):
    one, other = (finished(store, f"r {r}", config={"r": r}) for r in (1, 64))
    (fact,) = compare(store, one, other).confounded
    assert fact.run_ids == (one.run_id, other.run_id)
    assert "scale alpha / r changed from 16 to 0.25" in fact.words
    imported = finished(store, "theirs", kind=RunKind.IMPORTED, config={"r": 1})
    assert compare(store, one, imported).confounded == ()
    configs = [RunConfig(r=r, num_reviews=40) for r in (1, 8)]
    group, _ = finished_group(store, configs, (5, 9), {"r": [1, 8]})
    (fact,) = comparison.group_facts(store, group.group_id, measure=lambda _: {}).confounded
    assert fact.also == "scale"
