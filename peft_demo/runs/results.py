"""What a run measures, while it is trained and at its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from peft_demo.statistics import TEST_SET


class Record(BaseModel):
    """Plain data that never changes."""

    model_config = ConfigDict(frozen=True)


class StepMetrics(Record):
    """What one optimiser step reported."""

    step: int
    loss: float
    learning_rate: float


Shares = tuple[tuple[float, ...], ...]
"""The probability of each label, for each of the run's probes."""


class BeforeTraining(Record):
    """What the evaluation before the first step reported: epoch 0 of every curve."""

    eval_loss: float
    eval_accuracy: float
    probes: Shares = ()


class EpochMetrics(Record):
    """What the evaluation after one epoch reported."""

    epoch: int
    step: int
    """Optimiser steps done at the end of the epoch."""
    train_loss: float
    """Mean of the epoch's step losses."""
    eval_loss: float
    eval_accuracy: float
    seconds: float
    """Since training began."""
    probes: Shares = ()


class BestEpoch(EpochMetrics):
    """The epoch with the least validation loss; picked for it, so expect less on other texts."""

    chosen_on: Literal["validation reviews"] = "validation reviews"


def best_epoch(epochs: Iterable[EpochMetrics]) -> BestEpoch:
    """The first of those with the least validation loss."""
    return BestEpoch(**min(epochs, key=lambda epoch: epoch.eval_loss).model_dump())


class StoppedEarly(Record):
    """That a training ended, and was kept, before all its epochs were done."""

    epoch: int
    """How many were done."""
    num_train_epochs: int
    """How many it was to do."""
    why: Literal["asked", "patience"]
    """Somebody asked for it, or ``early_stopping_patience`` epochs brought nothing better."""


class Progress(Record):
    """How far a running training is."""

    phase: str = ""
    step: int = 0
    max_steps: int = 0
    samples_per_second: float | None = None
    seconds_left: float | None = None
    learning_rate: float | None = None


class Evaluation(Record):
    """What a finished run did on one evaluation set."""

    evaluation_set: str
    """Its id; ``test`` for the data set's test reviews."""
    fingerprint: str
    """Of its texts: evaluations with the same one can be compared in pairs."""
    num_texts: int
    accuracy: float
    low: float
    """Of the 95 % Wilson interval of accuracy."""
    high: float
    loss: float
    """Mean log loss, in nats."""


class RunResult(Record):
    """What a finished run keeps beside its metrics."""

    train_output: dict[str, int | float]
    """Trainer's TrainOutput: global_step, training_loss, train_runtime, train_samples_per_second,
    train_steps_per_second, total_flos."""
    num_adapter_parameters: int
    """Trained parameters outside the head."""
    num_head_parameters: int
    num_base_parameters: int
    """All parameters of the base model without the head."""
    file_bytes: int
    """Size of the saved weights."""
    test_accuracy: float
    test_interval: tuple[float, float]
    """95 % Wilson interval of test_accuracy."""
    test_loss: float
    num_test_reviews: int
    base_revision: str | None = None
    """Which state of the base it was computed with, see ``models.Base``; None of what comes with
    the program, and in records of before it was kept."""
    dataset_revision: str | None = None
    """The Hub's commit that its texts were read from; None of what cannot change under its id, and
    in records of before it was kept."""
    test_set: str
    """Fingerprint of the test reviews: runs with the same one can be compared in pairs."""
    reload_difference: float | None
    """Largest difference of a logit after loading the saved adapter onto a fresh base."""
    saved_as: str
    """Number type of the saved weights."""
    precision: str
    """Number type that the training computed in."""
    environment: dict[str, str]
    """Versions and hardware."""
    seconds: float
    """From start to saved, testing included, without the turns of others in a race."""
    test_seconds: float | None = None
    """Of predicting the test reviews in batches; None in records from before it was measured."""
    training_table: list[dict[str, float | int | str]]
    """The assignment's table: Epoch, Training Loss, Validation Loss, Accuracy."""
    kept_epoch: int | None = None
    """The epoch whose adapter was tested and saved: the last one, or with early stopping the best.
    None of imports, and in records of before there was a choice."""
    stopped_early: StoppedEarly | None = None
    memory_bytes: int | None = None
    """The most that its training took beyond what the process had with base and texts; None where
    others shared the process, on a GPU, and in records of before it was measured."""

    @property
    def training_seconds(self) -> float | None:
        """Of the training alone, with the validation after each epoch; None of imports."""
        return self.train_output.get("train_runtime")

    @property
    def evaluation(self) -> Evaluation:
        """What the run did on its test reviews."""
        return Evaluation(
            evaluation_set=TEST_SET,
            fingerprint=self.test_set,
            num_texts=self.num_test_reviews,
            accuracy=self.test_accuracy,
            low=self.test_interval[0],
            high=self.test_interval[1],
            loss=self.test_loss,
        )


class RangeTest(Record):
    """What a learning-rate range test found (Smith 2017)."""

    learning_rates: tuple[float, ...]
    """The rate of each measured step, growing by the same factor."""
    losses: tuple[float, ...]
    """The loss of some training reviews after each, without a leaning to one class."""
    smoothed: tuple[float, ...]
    suggestion: float | None
    """A good rate, or None where the curve shows none."""
    is_sure: bool
    reason: str
    """Why it is not sure, in one sentence, or an empty text."""
