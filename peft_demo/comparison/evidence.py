"""Evidence: what there is to compare runs by; what they left on disk is read once and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from peft_demo import statistics
from peft_demo.comparison.describe import describe, short_names
from peft_demo.comparison.facts import RunFacts
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.fields import shown
from peft_demo.languages import _
from peft_demo.runs import Run
from peft_demo.runs.run_ids import each_once
from peft_demo.statistics import SET_ID, TEST_SET, Predictions, Scores
from peft_demo.storage import Store

MOST_KEPT = 2_000
"""Runs whose predictions and scores stay in memory: at most some 50 kB each."""


@dataclass(frozen=True)
class Described:
    """A run, and what a comparison tells of it."""

    run: Run
    facts: RunFacts


@dataclass(frozen=True)
class Tested(Described):
    """One whose predictions on the evaluation set can be read."""

    fingerprint: str
    """Of the set's texts."""
    predictions: Predictions
    scores: Scores


def collect(
    store: Store,
    runs: Sequence[Run],
    evaluation_set: str = TEST_SET,
    names: Mapping[str, str] | None = None,
) -> list[Described]:
    """What is known of runs; those that were tested on the set are Tested.

    ``names`` are what they are called, by id, each unlike the others.

    Raises:
        InvalidFieldsError: this cannot be the id of a set.
    """
    if not SET_ID.fullmatch(evaluation_set):
        raise InvalidFieldsError(
            {
                "evaluation_set": "evaluation_set must be 1 to 60 small letters, digits, _ or -"
                f", got {shown(evaluation_set)}."
            }
        )
    names = names or short_names(runs)
    return [_of(store, run, names[run.run_id], evaluation_set) for run in runs]


def tested(found: Iterable[Described]) -> dict[str, Tested]:
    """Those that can be compared, by their ids."""
    return {each.run.run_id: each for each in found if isinstance(each, Tested)}


def same_texts(tested: Mapping[str, Tested]) -> set[str]:
    """The runs that were tested on the most frequent texts, so that one axis can hold them."""
    most = Counter(each.fingerprint for each in tested.values()).most_common(1)
    return {run_id for run_id, each in tested.items() if each.fingerprint == most[0][0]}


def found_in(store: Store, run_ids: Iterable[str]) -> tuple[list[Run], list[str]]:
    """The runs that are there, each once, and a sentence about each that is not."""
    runs, problems = [], []
    for run_id in each_once(run_ids):
        try:
            runs.append(store.get(run_id))
        except NotFoundError:
            problems.append(f"There is no run {shown(run_id)}: it was deleted, or never was.")
    return runs, problems


def _of(store: Store, run: Run, name: str, evaluation_set: str) -> Described:
    fingerprint = _fingerprint(store, run, evaluation_set)
    if fingerprint is None:
        why = f"{name} has no predictions on the evaluation set {evaluation_set}."
        return Described(run, describe(run, name, why))
    # A result never changes; a further set may be evaluated, or evaluated again, at any time.
    state = run.finished_at if evaluation_set == TEST_SET else run.version
    try:
        predictions, scores = _read(store.folder_of(run.run_id), evaluation_set, state)
    except (OSError, ValueError, KeyError):
        why = _("The test predictions of %(name)s cannot be read, so it cannot be compared.")
        why %= {"name": name}
        return Described(run, describe(run, name, why))
    return Tested(run, describe(run, name, "", scores), fingerprint, predictions, scores)


def _fingerprint(store: Store, run: Run, evaluation_set: str) -> str | None:
    """Of the set's texts; None if the run was not tested on them."""
    if run.result is None:
        return None
    if evaluation_set == TEST_SET:
        return run.result.test_set
    every = {each.evaluation_set: each.fingerprint for each in store.evaluations(run.run_id)}
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
