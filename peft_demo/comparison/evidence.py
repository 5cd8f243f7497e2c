"""Evidence: what there is to compare runs by; what they left on disk is read once and kept."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from peft_demo import statistics
from peft_demo.comparison.describe import describe
from peft_demo.comparison.facts import RunFacts
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs import Evaluation, Run
from peft_demo.statistics import TEST_SET, Predictions, Scores
from peft_demo.storage import Store

MOST_KEPT = 2_000
"""Runs whose predictions and scores stay in memory: at most some 50 kB each."""

_SET = re.compile("[a-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Described:
    """A run, and what a comparison tells of it."""

    run: Run
    facts: RunFacts


@dataclass(frozen=True)
class Tested(Described):
    """One whose predictions on the evaluation set can be read."""

    evaluation: Evaluation
    predictions: Predictions
    scores: Scores


def collect(
    store: Store, runs: Iterable[Run], names: Mapping[str, str], evaluation_set: str = TEST_SET
) -> list[Described]:
    """What is known of runs by what they did on a set; those that were tested on it are Tested.

    Args:
        store: where the runs are.
        runs: in the order in which they are told.
        names: of the runs, by id, each unlike the others.
        evaluation_set: its id.

    Raises:
        InvalidFieldsError: this cannot be the id of a set.
    """
    # It names a file in the runs' folders.
    if not isinstance(evaluation_set, str) or not _SET.fullmatch(evaluation_set):
        raise InvalidFieldsError(
            {
                "evaluation_set": "evaluation_set must be 1 to 60 small letters, digits, _ or -"
                f", got {shown(evaluation_set)}."
            }
        )
    return [_of(store, run, names[run.run_id], evaluation_set) for run in runs]


def tested(found: Iterable[Described]) -> dict[str, Tested]:
    """Those that can be compared, by their ids."""
    return {each.run.run_id: each for each in found if isinstance(each, Tested)}


def _of(store: Store, run: Run, name: str, evaluation_set: str) -> Described:
    evaluation = _evaluation(store, run, evaluation_set)
    if evaluation is None:
        why = f"{name} has no predictions on the evaluation set {evaluation_set}."
        return Described(run, describe(run, name, why))
    # A result never changes; a further set may be evaluated, or evaluated again, at any time.
    state = run.finished_at if evaluation_set == TEST_SET else run.version
    try:
        predictions, scores = _read(store.folder_of(run.run_id), evaluation_set, state)
    except (OSError, ValueError, KeyError):
        why = f"The test predictions of {name} cannot be read, so it cannot be compared."
        return Described(run, describe(run, name, why))
    return Tested(run, describe(run, name, "", scores), evaluation, predictions, scores)


def _evaluation(store: Store, run: Run, evaluation_set: str) -> Evaluation | None:
    """What a finished run did on the set, as the store has it; None if it was not asked."""
    if run.result is None:
        return None
    if evaluation_set == TEST_SET:
        return run.result.evaluation
    every = {each.evaluation_set: each for each in store.evaluations(run.run_id)}
    return every.get(evaluation_set)


@lru_cache(MOST_KEPT)
def _read(folder: Path, evaluation_set: str, state: Hashable) -> tuple[Predictions, Scores]:
    """A run's predictions with their scores; another ``state`` is read anew.

    Raises:
        OSError: there are none.
        ValueError: they are damaged.
    """
    predictions = Predictions.load(folder, evaluation_set)
    return predictions, statistics.scores(predictions)
