"""Which runs peft can mix, how, and what is refused at which field; what a mix is stored as."""

from types import SimpleNamespace

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.runs import MixedConfig, RunConfig, read_config
from peft_demo.runs.combinations import COMBINATIONS, checked_mix, combinations_of
from peft_demo.runs.history import PastConfig


def run(method="lora", **values):
    return SimpleNamespace(run_id="run-000001", config=RunConfig(method=method, **values))


def ids(*runs):
    return [row.id for row in combinations_of(runs)]


def test_lora_has_all_ways_and_of_other_ranks_those_by_what_was_changed():
    assert ids(run(), run(seed=9)) == [*COMBINATIONS]
    free = [name for name, row in COMBINATIONS.items() if row.takes_any_rank]
    assert ids(run(r=4), run(r=8)) == free
    assert ids(run(rank_pattern="q_lin: 4"), run(rank_pattern="q_lin: 4")) == free
    assert ids(run("ia3"), run("ia3")) == ["linear"]


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("lora", "rslora", "ia3")])
def test_of_every_other_method_it_says_why_there_is_none(method):
    label = METHODS[method].label
    with pytest.raises(InvalidFieldsError) as refused:
        ids(run(method), run(method))
    assert f"adapters peft can combine, got {label}: " in refused.value.problems["run_ids"]


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ((run(),), "run_ids must be 2 to 8 runs to mix, got 1"),
        ((run(),) * 9, "run_ids must be 2 to 8 runs to mix, got 9"),
        (
            (run(), run(base_model="distilbert/distilbert-base-cased")),
            "runs of one base, got all-MiniLM-L6-v2 and distilbert/distilbert-base-cased",
        ),
        ((run(), run("ia3")), "runs of one method, got LoRA and"),
        ((run(layers_to_transform=[0]), run()), "adapt the same blocks, got 0 and all blocks"),
        (
            (run("ia3"), run("ia3", target_modules=["k_lin"], feedforward_modules=[])),
            "adapt the same modules",
        ),
        ((run(bias="all"), run()), "leaves out the biases"),
    ],
)
def test_runs_that_do_not_fit_are_refused(runs, told):
    with pytest.raises(InvalidFieldsError) as refused:
        ids(*runs)
    assert told in refused.value.problems["run_ids"]


def test_other_labels_are_refused():
    class Other:
        labels = ("a", "b")

        def __getattr__(self, name):
            return getattr(run().config, name)

    other = SimpleNamespace(run_id="run-000002", config=Other())
    with pytest.raises(InvalidFieldsError, match=r"same labels, got negative, positive and a, b"):
        ids(run(), other)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (["much", 1], 'weights must be a number between 0 and 2, got "much"'),
        ([0.5, 3], "weights must be a number between 0 and 2, got 3"),
        ([float("nan"), 1], "weights must be a number between 0 and 2, got"),
        ([0, 0], "weights must be above 0 for at least one run, got 0 for all"),
        ([1], "weights must be 2 numbers, one a run, got 1"),
        ("11", "weights must be a list of 2 numbers"),
    ],
)
def test_each_bad_field_gets_its_sentence(weights, told):
    with pytest.raises(InvalidFieldsError) as refused:
        checked_mix([run(), run()], weights, "best", 0.5)
    assert told in refused.value.problems["weights"]
    assert "combination must be one of linear, svd, cat" in refused.value.problems["combination"]
    with pytest.raises(InvalidFieldsError, match=r"density must be .* between 0\.01 and 1"):
        checked_mix([run(), run()], [1, 1], "ties", "7")


def test_only_what_drops_entries_has_a_density():
    assert checked_mix([run(), run()], ["0.5", 1], "svd", "7")[0::2] == ((0.5, 1.0), None)
    assert checked_mix([run(), run()], [1, 1], "dare_ties", 0.2)[2] == 0.2


STORED = {
    "name": "Both",
    "method": "lora",
    "base_model": "all-MiniLM-L6-v2",
    "dataset": "imdb",
    "max_length": 50,
    "max_length_from": "the first of the runs that were mixed",
    "num_test_reviews": 100,
    "peft_config": {"peft_type": "LORA"},
    "parents": ["run-000001", "run-000002"],
    "parent_names": ["One", "Two"],
    "weights": [0.5, 1.0],
    "combination": "ties",
    "density": 0.5,
    "r": 8,
}


def test_a_mix_is_read_as_it_was_stored_and_cannot_be_trained():
    config = read_config(STORED)
    assert isinstance(config, MixedConfig)
    assert config.flat() == STORED
    assert config.summary == "LoRA · ties of 2"
    assert config.notes[0] == "It is mixed of run-000001 (One) × 0.5, run-000002 (Two) × 1."
    assert "peft_config" not in config.told()
    with pytest.raises(InvalidFieldsError, match="config must say how to train"):
        config.for_training()


def test_a_mix_that_was_stored_otherwise_is_history():
    assert isinstance(read_config({**STORED, "parents": []}), PastConfig)
    assert isinstance(read_config({**STORED, "method": "gone"}), PastConfig)
