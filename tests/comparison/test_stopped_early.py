"""Runs that trained fewer epochs than they were to are told as that, and the best as chosen."""

import pytest
from compared_runs import finish, probabilities

from peft_demo import comparison
from peft_demo.adapters.forecast import expected_seconds
from peft_demo.comparison.describe import epochs_in_words
from peft_demo.comparison.diagnosis import diagnose
from peft_demo.comparison.evidence import collect
from peft_demo.comparison.neighbours import beside_neighbour
from peft_demo.comparison.repeats import cells
from peft_demo.export.csv import run_csv
from peft_demo.runs import RunConfig, StoppedEarly

WHOLE = {"num_train_epochs": 2, "name": "whole"}


@pytest.fixture
def kept(store):
    """Makes runs of which two of ten epochs were trained, the first the better one."""

    def make(why="asked", kept_epoch=2, **values):
        config = RunConfig({"num_train_epochs": 10, "name": "kept", **values})
        steps = 2 * config.max_steps // 10
        return finish(
            store,
            store.start(config, "me"),
            probabilities(range(40)),
            epochs=(0.75, 0.7),
            train_output={"train_runtime": 10.0, "global_step": steps},
            kept_epoch=kept_epoch,
            stopped_early=StoppedEarly(epoch=2, num_train_epochs=10, why=why),
        )

    return make


@pytest.mark.slow
def test_a_comparison_says_it_in_the_name_and_in_a_sentence(store, kept):
    one = kept()
    other = finish(store, store.start(RunConfig(WHOLE), "me"), probabilities([]))
    found = comparison.compare(store, [one.run_id, other.run_id])
    assert [run.name for run in found.runs] == ["kept (2 of 10 epochs)", "whole"]
    assert any("kept (2 of 10 epochs)" in words for words in found.verdict)
    (words,) = (each for each in found.problems if "was stopped after 2 of its 10 epochs" in each)
    assert words.endswith("and trained fewer than it was to.")


def test_which_epoch_is_kept_and_which_was_the_best_is_said_with_what_chose_it(store, kept):
    best = (
        "The best epoch, chosen on validation reviews, is 1: validation loss 0.250, validation "
        "accuracy 75.0 %."
    )
    asked = kept()
    words = " ".join(epochs_in_words(asked))
    assert words == (
        f"Stopped early, as asked, after epoch 2 of 10. Epoch 2 was tested and saved. {best}"
    )
    patient = kept("patience", 1, early_stopping_patience=1)
    assert " ".join(epochs_in_words(patient)) == (
        "Stopped early after epoch 2 of 10: validation loss had not fallen for 1 epoch. "
        f"Epoch 1 was tested and saved. {best}"
    )
    told = asked.model_dump(mode="json")["best_epoch"]
    assert (told["epoch"], told["chosen_on"]) == (1, "validation reviews")
    header, row = run_csv([patient]).splitlines()
    columns = dict(zip(header.split('","'), row.split('","'), strict=True))
    assert columns["stopped_early"] == "patience"
    assert columns["kept_epoch"] == "1"
    assert columns["best_epoch (chosen on validation reviews)"] == "1"
    assert columns["best_epoch_eval_accuracy (share)"] == "0.75"


def test_one_epoch_is_not_called_the_best(store):
    config = RunConfig({"num_train_epochs": 1})
    only = finish(store, store.start(config, "me"), probabilities([]), epochs=(0.7,))
    assert epochs_in_words(only) == []


def test_one_that_somebody_stopped_is_no_repeat_and_no_neighbour_of_others(store, kept):
    whole = finish(store, store.start(kept().config, "me"), probabilities(range(41)))
    runs = [kept(seed=1), kept("patience", seed=2), whole]
    found = cells(collect(store, runs))
    assert [len(cell.run_ids) for cell in found] == [1, 2]
    assert found[0].name == "kept (2 of 10 epochs)"
    near = finish(
        store,
        store.start(whole.config.model_copy(update={"learning_rate": 0.01}), "me"),
        probabilities(range(42)),
    )
    assert "Differs from kept" in beside_neighbour(near, [whole])[0]
    assert beside_neighbour(near, [runs[0]]) == []


def test_its_time_is_that_of_the_epochs_it_trained(kept):
    run = kept()
    low, high = expected_seconds(run.config, [run])
    assert low < 5 * 10.0 < high


def test_more_epochs_are_no_advice_to_one_that_was_to_train_more(kept):
    run = kept()
    assert diagnose(run).changes == {}
