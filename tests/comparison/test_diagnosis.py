"""Diagnosis: what a training's own numbers say, from runs that tell each of the findings."""

import math

import pytest
from compared_runs import LABELS, probabilities, result

from peft_demo import settings
from peft_demo.comparison.diagnosis import Finding, diagnose
from peft_demo.methods import METHODS
from peft_demo.runs import EpochMetrics, Run, RunConfig, RunKind, RunStatus
from peft_demo.storage import Store

GUESS = math.log(2)


def trained(*epochs, kind=RunKind.TRAINING, changes=None, **values):
    """A finished run whose epochs had these training losses, validation losses and accuracies."""
    config = RunConfig({"num_reviews": 2_000, "num_train_epochs": len(epochs) or 1, **values})
    run = Run(
        run_id="run-000001",
        kind=kind,
        config=config,
        owner="me",
        status=RunStatus.COMPLETED,
        created_at="2026-01-01T00:00:00Z",
        epochs=tuple(
            EpochMetrics(
                epoch=number,
                step=number,
                train_loss=train,
                eval_loss=evaluated,
                eval_accuracy=accuracy,
                seconds=number,
            )
            for number, (train, evaluated, accuracy) in enumerate(epochs, start=1)
        ),
        result=result(probabilities(range(0, len(LABELS), 2))),
    )
    return run.model_copy(update=changes or {})


STUCK = [(0.69, GUESS, 0.5), (0.69, GUESS - 0.001, 0.51)]
OVERFITTING = [(0.5, 0.5, 0.75), (0.3, 0.45, 0.8), (0.1, 0.6, 0.79)]


class TestFindings:
    @pytest.mark.parametrize(
        ("epochs", "finding"),
        [
            (STUCK, Finding.GUESSING),
            ([(0.9, 3.0, 0.5), (4.0, 6.0, 0.5)], Finding.DIVERGED),
            (OVERFITTING, Finding.OVERFITS),
            ([(0.6, 0.6, 0.7), (0.5, 0.5, 0.75)], Finding.FALLING),
            ([(0.5, 0.5, 0.75), (0.45, 0.495, 0.75)], Finding.LEARNED),
            ([(0.6, 0.5, 0.75)], Finding.LEARNED),
        ],
    )
    def test_each(self, epochs, finding):
        assert diagnose(trained(*epochs)).finding is finding

    def test_who_beats_guessing_on_the_test_does_not_guess(self):
        tested = {"result": result(probabilities([]))}
        found = diagnose(trained(*STUCK, changes=tested))
        assert found.finding is Finding.LEARNED
        assert found.words.startswith("Learned a little: its accuracy beats guessing, though")

    def test_a_loss_near_guessings_with_a_good_accuracy_is_none_of_guessing(self):
        assert diagnose(trained((0.69, GUESS - 0.01, 0.75))).finding is Finding.LEARNED

    def test_a_high_validation_loss_of_a_run_that_knows_its_texts_is_over_fitting(self):
        found = diagnose(trained((0.5, 0.6, 0.7), (0.01, 1.5, 0.7)))
        assert found.finding is Finding.OVERFITS

    def test_a_validation_loss_that_rises_with_the_training_loss_is_no_over_fitting(self):
        found = diagnose(trained((0.4, 0.5, 0.75), (0.6, 0.6, 0.7)))
        assert found.finding is Finding.LEARNED

    def test_k_labels_have_another_guess(self, five):
        tested = {"result": result(probabilities([]), test_interval=(0.15, 0.25))}
        stuck = trained((1.6, math.log(5), 0.2), dataset=five.id, num_reviews=100, changes=tested)
        assert diagnose(stuck).finding is Finding.GUESSING
        assert "guessing gives 1.609" in diagnose(stuck).words

    @pytest.mark.parametrize(
        "run",
        [
            trained(),
            trained(*STUCK, kind=RunKind.RANGE_TEST),
            trained(*STUCK, kind=RunKind.IMPORTED),
            trained(*STUCK, changes={"result": None}),
        ],
    )
    def test_what_was_not_trained_here_to_its_end_has_none(self, run):
        assert diagnose(run) is None


class TestWhatToTry:
    def test_a_rate_that_starves(self):
        found = diagnose(trained(*STUCK, learning_rate=2e-5))
        assert found.changes == {"learning_rate": METHODS["lora"].learning_rate}
        assert "learning rate of 2e-5 is 50 times below 0.001" in found.words

    def test_a_rate_that_ruins(self):
        found = diagnose(trained((5.0, 5.0, 0.5), learning_rate=0.1))
        assert found.changes == {"learning_rate": METHODS["lora"].learning_rate}
        assert "learning rate of 0.1 is 100 times above 0.001" in found.words

    def test_a_good_rate_and_few_texts(self):
        found = diagnose(trained(*STUCK, num_reviews=160))
        assert found.changes == {"num_reviews": 2_000}
        assert found.words.endswith("1,500 parameters on 128 reviews: more reviews may help.")

    def test_a_good_rate_and_many_texts(self):
        assert diagnose(trained(*STUCK)).changes == {"num_train_epochs": 4}

    def test_over_fitting_ends_where_validation_was_best(self):
        found = diagnose(trained(*OVERFITTING))
        assert found.changes == {"num_train_epochs": 2}
        assert found.words == (
            "Over-fits since epoch 2: validation loss rose from 0.450 to 0.600, while training "
            "loss fell from 0.300 to 0.100."
        )

    def test_over_fitting_on_few_texts_may_want_more_of_them(self):
        words = diagnose(trained(*OVERFITTING, num_reviews=160)).words
        assert "1,500 parameters on 128 reviews: more reviews may help more than fewer" in words

    def test_no_more_epochs_than_there_may_be(self):
        falling = [(0.9**n, 0.9**n, 0.8) for n in range(50)]
        found = diagnose(trained(*falling))
        assert (found.finding, found.changes) == (Finding.FALLING, {})


def test_the_reference_runs(tmp_path):
    store = Store(tmp_path, settings.ADAPTERS)
    found = {run.config.name: diagnose(run).finding for run in store.runs()}
    store.close()
    assignment = {name: f for name, f in found.items() if name.endswith("(assignment)")}
    assert set(assignment.values()) == {Finding.GUESSING}
    assert found["LoRA, recommended"] is Finding.FALLING
    assert found["Head only, recommended"] is Finding.LEARNED
