"""What a finished training's own numbers say about it, by rules, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from peft_demo import statistics
from peft_demo.comparison.describe import texts_of
from peft_demo.comparison.neighbours import beside_neighbour
from peft_demo.comparison.words import sentences
from peft_demo.data import DATASETS
from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.runs import EpochMetrics, Run, RunConfig, RunKind, RunResult, best_epoch
from peft_demo.runs.links import to_link
from peft_demo.runs.results import Record

HARDLY = 0.03
"""A validation loss hardly moved if it stayed within this share of guessing's."""

DIVERGED = 1.3
"""Validation loss, as a multiple of guessing's, above which a training that has not learned its own
texts either has diverged."""

ROSE = 1.05
"""Validation loss, as a multiple of its lowest, from which on a run over-fits."""

FELL = 0.97
"""Validation loss, as a multiple of the epoch's before, below which it still falls."""

OFF = 3
"""A learning rate is off if it is this many times below or above the one that did best."""

FEW_TEXTS, MORE_TEXTS = 500, 2_000
"""With fewer training texts than the first, the second is worth trying."""


class Finding(StrEnum):
    """What can be said of a training."""

    GUESSING = "guessing"
    """It never got better than guessing."""
    DIVERGED = "diverged"
    OVERFITS = "overfits"
    """Validation loss has risen since an epoch before the last, and training loss has not."""
    FALLING = "falling"
    """Validation loss was still falling at its end."""
    LEARNED = "learned"
    """It learned, and nothing is amiss."""


class Diagnosis(Record):
    """A finding in words, and what is worth trying instead."""

    finding: Finding
    words: str
    changes: dict[str, Any] = {}  # noqa: RUF012
    """A field with the value to try; empty if there is nothing to change."""
    trial: str = ""
    """The changes in words: ``a learning rate of 0.001``."""


def diagnose(run: Run, others: Iterable[Run] = ()) -> Diagnosis | None:
    """What the validation after each epoch says; None of what was not trained here to its end.

    ``others`` are runs among which its neighbour is looked for.
    """
    config = run.config
    # The labels of a data set that is gone are not known.
    if not isinstance(config, RunConfig) or config.problem or not config.labels:
        return None
    if run.kind is not RunKind.TRAINING or not run.result or not run.epochs:
        return None
    finding = _finding(config, run.epochs, run.result)
    changes = _allowed(config, _changes(config, run.epochs, finding))
    words = sentences(
        "diagnosis",
        finding=finding,
        changes=changes,
        epochs=run.epochs,
        best=best_epoch(run.epochs),
        hardly_moved=_hardly_moved(config, run.epochs),
        guessing=math.log(len(config.labels)),
        config=config,
        times=_times_off(config),
        trained=run.result.num_adapter_parameters + run.result.num_head_parameters,
        is_few=config.num_train_reviews < FEW_TEXTS,
        texts=texts_of(run),
    )
    words += beside_neighbour(run, others)
    trial = "".join(sentences("trial", **changes, texts=texts_of(run)) if changes else ())
    return Diagnosis(finding=finding, words=" ".join(words), changes=changes, trial=trial)


def in_another_way(run: Run, found: Diagnosis | None) -> str | None:
    """The run with what is worth trying instead, as a link; None if there is nothing."""
    if not found or not found.changes or not isinstance(run.config, RunConfig):
        return None
    # Its own name would belie the other settings.
    return to_link(run.config.model_copy(update={"name": "", **found.changes}))


def _finding(config: RunConfig, epochs: Sequence[EpochMetrics], result: RunResult) -> Finding:
    guessing = math.log(len(config.labels))
    last, best = epochs[-1], best_epoch(epochs)
    if last.eval_loss > DIVERGED * guessing and last.train_loss > guessing:
        return Finding.DIVERGED
    if _hardly_moved(config, epochs) and _could_be_guessing(config, last, result):
        return Finding.GUESSING
    if last.eval_loss > ROSE * best.eval_loss and last.train_loss < best.train_loss:
        return Finding.OVERFITS
    if len(epochs) > 1 and last.eval_loss < FELL * epochs[-2].eval_loss:
        return Finding.FALLING
    return Finding.LEARNED


def _hardly_moved(config: RunConfig, epochs: Sequence[EpochMetrics]) -> bool:
    return best_epoch(epochs).eval_loss > (1 - HARDLY) * math.log(len(config.labels))


def _could_be_guessing(config: RunConfig, last: EpochMetrics, result: RunResult) -> bool:
    """Whether the accuracies of the last epoch and of the test, which is larger, may be guessing's.

    By their Wilson intervals.
    """
    number, guessing = config.num_validation_reviews, 1 / len(config.labels)
    right = round(last.eval_accuracy * number)
    validation = statistics.wilson_interval(right, number)
    return max(validation.low, result.test_interval[0]) <= guessing


def _times_off(config: RunConfig) -> float:
    """The learning rate as a multiple of the one that did best."""
    return config.learning_rate / METHODS[config.method].learning_rate


def _changes(config: RunConfig, epochs: Sequence[EpochMetrics], finding: Finding) -> dict[str, Any]:
    times = _times_off(config)
    is_off = times > OFF or (times < 1 / OFF and finding is Finding.GUESSING)
    if finding in (Finding.GUESSING, Finding.DIVERGED) and is_off:
        return {"learning_rate": METHODS[config.method].learning_rate}
    if finding is Finding.GUESSING and config.num_train_reviews < FEW_TEXTS:
        return {"num_reviews": min(MORE_TEXTS, DATASETS[config.dataset].most_texts)}
    if len(epochs) < config.num_train_epochs or config.early_stopping_patience:
        return {}  # it was to do more, or has gone back to its best
    if finding in (Finding.GUESSING, Finding.FALLING):
        return {"num_train_epochs": 2 * config.num_train_epochs}
    if finding is Finding.OVERFITS:
        return {"num_train_epochs": best_epoch(epochs).epoch}
    return {}


def _allowed(config: RunConfig, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, if they change anything and what they give may be trained."""
    if not changes:
        return {}
    try:
        changed = config.model_copy(update=changes)
    except InvalidFieldsError:
        return {}
    return dict(changes) if changed != config else {}
