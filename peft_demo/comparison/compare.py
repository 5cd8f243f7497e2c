"""Up to eight runs beside each other, as the page, the API and the command line tell them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peft_demo.comparison import confounding, describe, pairs, repeats
from peft_demo.comparison.baselines import Baselines, Measure, in_words
from peft_demo.comparison.evidence import Described, collect, found_in, same_texts, tested
from peft_demo.comparison.facts import Comparison
from peft_demo.comparison.pareto import pareto
from peft_demo.comparison.ranking import how
from peft_demo.comparison.words import in_order, sentences
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.runs import Run
from peft_demo.runs.run_ids import each_once
from peft_demo.statistics import MARGIN, TEST_SET
from peft_demo.storage import Store

MOST_RUNS = 8

MARGINS = (0.1, 20)
"""Points of accuracy that a margin may have."""


def compare(
    store: Store,
    run_ids: Sequence[str],
    *,
    evaluation_set: str = TEST_SET,
    margin: float = MARGIN,
    measure: Measure | None = None,
    others: Iterable[Run] | None = None,
) -> Comparison:
    """What the results of these runs can tell.

    Runs that are gone, unfinished or not comparable are told as problems, and what can be said
    of the rest is said.

    Args:
        store: where the runs are.
        run_ids: one to eight.
        evaluation_set: what they are compared on; text baselines are known for the test set alone.
        margin: points of accuracy within which runs are practically equal.
        measure: as for ``Baselines``.
        others: the store's runs, if somebody knows them already.

    Raises:
        InvalidFieldsError: no run is named, or more than eight; the set cannot be one; or a margin
            out of its limits.
    """
    runs, problems = found_in(store, _wanted(run_ids, 1))
    known = collect(store, runs, evaluation_set)
    judged = _Judged(known, check_margin(margin))
    beside = judged.tested.values() if evaluation_set == TEST_SET else ()
    baselines = Baselines(store, [each.run for each in beside], measure, others)
    checks = baselines.checks(judged.tested)
    return Comparison(
        evaluation_set=evaluation_set,
        margin=margin,
        verdict=judged.verdict(*in_words(checks, judged.tested)),
        problems=(*problems, *_notes(known), *judged.untold, *baselines.problems),
        confounded=confounding.of_runs(known),
        runs=tuple(each.facts for each in known),
        differences=describe.differences(runs) if len(runs) > 1 else (),
        pairs=judged.pairs,
        refused=judged.refused,
        repeats=judged.cells,
        repeat_pairs=judged.repeat_pairs,
        pareto=pareto(
            {each.facts.run_id: [each.facts] for each in known}, same_texts(judged.tested)
        ),
        baselines=baselines.lines(),
        baseline_checks=checks,
        baselines_pending=baselines.are_pending,
    )


def check_margin(margin: object) -> float:
    """A margin of points, within which accuracies are practically equal.

    Raises:
        InvalidFieldsError: it is no number between 0.1 and 20.
    """
    low, high = MARGINS
    if isinstance(margin, (int, float)) and not isinstance(margin, bool) and low <= margin <= high:
        return float(margin)
    refuse("margin", f"margin must be between {low} and {high} points, got {shown(margin)}.")


def check_run_ids(store: Store, run_ids: Sequence[str]) -> list[str]:
    """The ids without repetitions, for those who want an error rather than a part of an answer.

    Raises:
        InvalidFieldsError: no list of two to eight different runs.
        NotFoundError: one of them does not exist.
    """
    wanted = _wanted(run_ids, 2)
    for run_id in wanted:
        store.get(run_id)
    return wanted


def _wanted(run_ids: Sequence[str], fewest: int) -> list[str]:
    wanted = each_once(run_ids)
    if fewest <= len(wanted) <= MOST_RUNS:
        return wanted
    came = shown(wanted) if len(wanted) < fewest else f"{len(wanted):,}"
    raise InvalidFieldsError(
        {"run_ids": f"run_ids must name {fewest} to {MOST_RUNS} different runs, got {came}."}
    )


def _notes(known: Sequence[Described]) -> list[str]:
    results = [each.run.result for each in known if each.run.result]
    processors = {result.environment.get("processor") for result in results}
    precisions = sorted({result.precision for result in results})
    return sentences("beside", known=known, num_processors=len(processors), precisions=precisions)


class _Judged:
    """Who is shown to be better than whom: in pairs and, where there are repeats, by those."""

    def __init__(self, runs: Sequence[Described], margin: float) -> None:
        self._num_runs = len(runs)
        self.tested = tested(runs)
        self._groups = pairs.comparable(self.tested.values())
        self.pairs = pairs.compare(self._groups, margin)
        self.refused = pairs.refused(self.tested.values())
        self.cells = tuple(cell for cell in repeats.cells(runs) if len(cell.run_ids) > 1)
        self.repeat_pairs, self.untold = repeats.repeat_pairs(self.cells, self.tested, margin)

    def verdict(self, *more: str) -> tuple[str, ...]:
        """What can be said, in sentences; ``more`` come before those about the methods."""
        return in_order(
            *self._about_pairs(),
            *repeats.verdict(self.cells, self.repeat_pairs),
            *more,
            *how(self.pairs, pairs.TESTS),
        )

    def _about_pairs(self) -> list[str]:
        told: list[str] = []
        for group in self._groups:
            ids = {each.run.run_id for each in group}
            told += pairs.verdict(group, [pair for pair in self.pairs if pair.first in ids])
        return told or sentences("no_verdict", runs=self._num_runs, tested=len(self.tested))
