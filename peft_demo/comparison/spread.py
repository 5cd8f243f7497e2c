"""The accuracies of many runs beside those that chance in the choice of test texts would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from peft_demo.runs import Run, RunKind
from peft_demo.runs.results import Record
from peft_demo.statistics import Interval, wilson_interval


class Spread(Record):
    """Finished runs of one data set, each tested on as many texts."""

    accuracies: dict[str, float]
    """By run."""
    num_texts: int
    expected: Interval
    """Their mean, and where 95 % of runs of that accuracy lie if only the test texts differ: by the
    number of these alone (Wilson 1927)."""
    people: int

    @property
    def num_inside(self) -> int:
        """Runs that lie where they are expected."""
        low, high = self.expected.low, self.expected.high
        return sum(low <= accuracy <= high for accuracy in self.accuracies.values())


def spread(runs: Iterable[Run]) -> Spread | None:
    """Of those of the data set and size of test that most have; None if none is finished."""
    known = {run.run_id: (run, run.result) for run in runs if _counts(run)}
    sizes = Counter(
        (run.config.dataset, result.num_test_reviews) for run, result in known.values() if result
    )
    if not sizes:
        return None
    (dataset, number), _ = sizes.most_common(1)[0]
    found = {
        run_id: result.test_accuracy
        for run_id, (run, result) in known.items()
        if result and (run.config.dataset, result.num_test_reviews) == (dataset, number)
    }
    mean = sum(found.values()) / len(found)
    return Spread(
        accuracies=found,
        num_texts=number,
        expected=wilson_interval(round(mean * number), number),
        people=len({known[run_id][0].owner for run_id in found}),
    )


def _counts(run: Run) -> bool:
    is_trained = run.kind is RunKind.TRAINING and run.problem is None
    return is_trained and run.result is not None and not run.is_reference
