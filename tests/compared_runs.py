"""Finished runs without a training: what a comparison needs of them, written by the test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from peft_demo import comparison, statistics
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF
from peft_demo.runs import (
    EpochMetrics,
    Evaluation,
    GroupKind,
    Run,
    RunConfig,
    RunGroup,
    RunKind,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.runs.sweeps import Plan
from peft_demo.storage import Store

REVIEWS = 200
TEST_SET = "the same reviews"
LABELS = np.arange(REVIEWS) % 2


def probabilities(wrong: Sequence[int], sure: float = 0.9) -> np.ndarray:
    """Of a run that is wrong on these reviews, and always as sure."""
    positive = np.where(LABELS == 1, sure, 1 - sure)
    positive[list(wrong)] = 1 - positive[list(wrong)]
    return np.stack([1 - positive, positive], axis=1).astype(np.float32)


def result(shares: np.ndarray, labels: np.ndarray = LABELS, **changes: Any) -> RunResult:
    accuracy = statistics.Predictions(shares, labels).accuracy
    values = {
        "train_output": {"train_runtime": 10.0},
        "num_adapter_parameters": 1_000,
        "num_head_parameters": 500,
        "num_base_parameters": 100_000,
        "file_bytes": 6_000,
        "test_accuracy": accuracy.value,
        "test_interval": (accuracy.low, accuracy.high),
        "test_loss": statistics.log_loss(shares, labels),
        "num_test_reviews": len(labels),
        "test_set": TEST_SET,
        "reload_difference": 0.0,
        "saved_as": "float32",
        "precision": "float32",
        "environment": {"processor": "a processor", "threads": "2"},
        "seconds": 12.0,
        "training_table": [],
    }
    return RunResult.model_validate({**values, **changes})


def finish(
    store: Store,
    run: Run,
    shares: np.ndarray,
    *,
    labels: np.ndarray = LABELS,
    epochs: Sequence[float] = (0.6, 0.7),
    **changes: Any,
) -> Run:
    """End a run of the store with these probabilities and validation accuracies."""
    folder = store.folder_of(run.run_id)
    folder.mkdir(parents=True)
    statistics.Predictions(shares, labels.astype(np.int8)).save(folder)
    if run.kind is RunKind.IMPORTED:
        epochs = ()
    per_epoch = epochs and run.config.max_steps // run.config.num_train_epochs
    for number, accuracy in enumerate(epochs, start=1):
        steps = [
            StepMetrics(step=step, loss=0.7 - 0.01 * step, learning_rate=0.1)
            for step in range((number - 1) * per_epoch + 1, number * per_epoch + 1)
        ]
        epoch = EpochMetrics(
            epoch=number,
            step=number * per_epoch,
            train_loss=0.6,
            eval_loss=1 - accuracy,
            eval_accuracy=accuracy,
            seconds=5.0 * number,
        )
        store.report(run.run_id, steps=steps, epoch=epoch)
    return store.finish(run.run_id, RunStatus.COMPLETED, result=result(shares, labels, **changes))


def finished(
    store: Store,
    name: str,
    wrong: Sequence[int] = (),
    kind: RunKind = RunKind.TRAINING,
    config: Mapping[str, object] | None = None,
    **changes: Any,
) -> Run:
    """A finished run that is wrong on these reviews."""
    values = {"num_reviews": 40, "max_length": 16, "num_test_reviews": REVIEWS, **(config or {})}
    run = store.start(RunConfig({"name": name, **values}), "tester", kind)
    return finish(store, run, changes.pop("shares", probabilities(wrong)), **changes)


def finished_group(
    store: Store,
    configs: Sequence[RunConfig],
    wrong: Sequence[int],
    axes: Mapping[str, Sequence[Any]] | None = None,
    kind: GroupKind = GroupKind.SWEEP,
    *,
    owner: str = "tester",
    **changes: Any,
) -> tuple[RunGroup, list[Run]]:
    """A group whose n-th run is wrong on the first ``wrong[n]`` reviews; the rest stay queued."""
    group, runs = store.submit_plan(Plan(kind, "a group", configs, axes or {}), owner)
    for run, count in zip(runs, wrong, strict=False):
        claimed = store.claim()
        assert claimed is not None
        assert claimed.run_id == run.run_id
        finish(store, claimed, probabilities(range(count)), **changes)
    return group, [store.get(run.run_id) for run in runs]


HARD = "negations"


def evaluated(store: Store, run: Run, wrong: range, fingerprint: str = "hard ones") -> Run:
    """The run with predictions on a further set, wrong on these of its texts."""
    predictions = statistics.Predictions(probabilities(wrong), LABELS.astype(np.int8))
    predictions.save(store.folder_of(run.run_id), HARD)
    accuracy = predictions.accuracy
    evaluation = Evaluation(
        evaluation_set=HARD,
        fingerprint=fingerprint,
        num_texts=REVIEWS,
        accuracy=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
        loss=0.5,
    )
    store.add_evaluation(run.run_id, evaluation)
    return store.get(run.run_id)


def nothing(config: RunConfig) -> dict[str, statistics.Predictions]:
    """No text baselines."""
    return {}


def tfidf(wrong: range):
    """Text baselines that are wrong on these reviews, for every configuration."""
    found = {
        MAJORITY: statistics.Predictions(probabilities(range(0, REVIEWS, 2)), LABELS),
        TFIDF: statistics.Predictions(probabilities(wrong), LABELS),
    }
    return lambda config: found


def compare(store: Store, *runs, measure=nothing, **more):
    """The comparison of these runs, without text baselines unless they are given."""
    return comparison.compare(store, [run.run_id for run in runs], measure=measure, **more)
