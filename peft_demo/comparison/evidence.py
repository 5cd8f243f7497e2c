"""Evidence: what runs left on disk for a comparison, read once and kept while it is in use."""

from __future__ import annotations

import copy
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from itertools import combinations
from typing import Any

import numpy as np

from peft_demo import statistics
from peft_demo.comparison.facts import Bin, Estimate, Quality
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs import Evaluation, Run
from peft_demo.statistics import TEST_SET, Predictions
from peft_demo.storage import Store

MOST_KEPT = 2_000
"""Predictions and facts that stay in memory: at most some 50 kB each."""


_SET = re.compile("[a-z0-9_-]{1,60}")


class Evidence:
    """The predictions of a store's runs on one evaluation set, and what was computed from them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.evaluation_set = TEST_SET
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def on(self, evaluation_set: str) -> Evidence:
        """The same on another set; both keep what they found in one place.

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
        other = copy.copy(self)
        other.evaluation_set = evaluation_set
        return other

    @property
    def is_test(self) -> bool:
        """Whether the set is the test set, whose texts and baselines are at hand."""
        return self.evaluation_set == TEST_SET

    def evaluation(self, run: Run) -> Evaluation | None:
        """What a finished run did on the set, as the store has it; None if it was not asked."""
        if run.result is None:
            return None
        if self.is_test:
            return run.result.evaluation
        found = self._keep(
            self._key("evaluations", run),
            lambda: {e.evaluation_set: e for e in self.store.evaluations(run.run_id)},
        )
        return found.get(self.evaluation_set)

    def predictions(self, run: Run) -> Predictions | None:
        """A finished run's predictions, or None where they cannot be read."""
        if self.evaluation(run) is None:
            return None
        return self._keep(self._key("predictions", run), lambda: self._load(run))

    def quality(self, run: Run) -> Quality | None:
        """How a finished run did, or None where its predictions cannot be read."""
        return self._keep(self._key("quality", run), lambda: self._score(run))

    def pairs(self, runs: list[Run]) -> list[statistics.Pair]:
        """All pairs of runs that were tested on the same texts, Holm-corrected together."""
        key = ("pairs", *(self._key("", run) for run in runs))
        return list(self._keep(key, lambda: self._pairs(runs)))

    def shown_pairs(self, runs: list[Run]) -> tuple[list[frozenset[str]], int]:
        """The pairs that are shown to differ, Holm-corrected for all, and how many pairs there are.

        For many runs: only the tests, without intervals.
        """
        key = ("shown", *(self._key("", run) for run in runs))
        return self._keep(key, lambda: self._shown(runs))

    def _key(self, what: str, run: Run) -> Hashable:
        # A result never changes; a further set may be evaluated, or evaluated again, at any time.
        state = run.finished_at if self.is_test else run.version
        return (what, self.evaluation_set, run.run_id, state)

    def _load(self, run: Run) -> Predictions | None:
        try:
            return Predictions.load(self.store.folder_of(run.run_id), self.evaluation_set)
        except (OSError, ValueError, KeyError):
            return None

    def _score(self, run: Run) -> Quality | None:
        predictions = self.predictions(run)
        return None if predictions is None else quality_of(predictions)

    def _pairs(self, runs: list[Run]) -> list[statistics.Pair]:
        correct = {
            run.run_id: predictions.correct
            for run in runs
            if (predictions := self.predictions(run)) is not None
        }
        return statistics.compare_pairs(correct) if len(correct) > 1 else []

    def _shown(self, runs: list[Run]) -> tuple[list[frozenset[str]], int]:
        read = {run.run_id: self.predictions(run) for run in runs}
        correct = {run_id: found.correct for run_id, found in read.items() if found is not None}
        ids = list(combinations(correct, 2))
        corrected = statistics.holm([statistics.mcnemar(correct[a], correct[b]) for a, b in ids])
        different = [frozenset(pair) for pair, p in zip(ids, corrected, strict=True) if p < 0.05]
        return different, len(ids)

    def _keep(self, key: Hashable, make: Any) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Two threads may both make it; the same facts come out.
        value = make()
        with self._lock:
            if value is not None:
                self._kept[key] = value
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return value


def quality_of(predictions: Predictions) -> Quality:
    """What probabilities on labelled texts amount to."""
    scores = statistics.scores(predictions.probabilities, predictions.labels)
    return Quality(
        num_reviews=len(predictions.labels),
        accuracy=scores.accuracy,
        low=scores.low,
        high=scores.high,
        log_loss=_log_loss(predictions),
        macro_f1=scores.macro_f1,
        brier=scores.brier,
        calibration_error=scores.calibration_error,
        confusion=scores.confusion,
        bins=tuple(
            Bin(low=b.low, high=b.high, confidence=b.confidence, accuracy=b.accuracy, count=b.count)
            for b in scores.bins
        ),
    )


def _log_loss(predictions: Predictions) -> Estimate:
    labels = predictions.labels
    of_truth = predictions.probabilities[np.arange(len(labels)), labels]
    losses = -np.log(np.clip(of_truth.astype(np.float64), 1e-12, 1.0))
    mean, low, high = statistics.mean_interval(losses.tolist())
    return Estimate(value=mean, low=low, high=high)
