"""Up to eight runs beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from peft_demo.comparison import baselines, describe, text_baseline
from peft_demo.comparison.baselines import Measure
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import Comparison, RunFacts
from peft_demo.comparison.judged import Judged
from peft_demo.comparison.pareto import pareto
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.fields import shown
from peft_demo.runs import Run, RunKind
from peft_demo.statistics import TEST_SET
from peft_demo.storage import Store

MOST_RUNS = 8


def compare(
    store: Store,
    run_ids: Sequence[str],
    *,
    evaluation_set: str = TEST_SET,
    evidence: Evidence | None = None,
    measure: Measure | None = None,
    others: Callable[[], Iterable[Run]] | None = None,
) -> Comparison:
    """What the results of these runs can tell.

    Runs that are gone, unfinished or not comparable are told as problems, and what can be said
    of the rest is said.

    Args:
        store: where the runs are.
        run_ids: one to eight.
        evaluation_set: what they are compared on; text baselines are known for the test set alone.
        evidence: of the same store; given, it is kept between comparisons.
        measure: how to get text baselines; by default they are computed, which takes seconds.
        others: the store's runs, if somebody knows them already.

    Raises:
        InvalidFieldsError: no run is named, or more than eight; or the set cannot be one.
    """
    wanted = _wanted(run_ids, 1)
    evidence = (evidence or Evidence(store)).on(evaluation_set)
    runs, problems = _found(store, wanted)
    together = Judged(runs, evidence)
    facts, tested, cells = together.facts, together.tested, together.cells
    compared = tested if evidence.is_test else []
    measured = baselines.text_baselines(compared, measure or measure_in(store))
    checked = baselines.checks(compared, measured, evidence)
    return Comparison(
        evaluation_set=evaluation_set,
        verdict=together.verdict(*baselines.in_words(checked, facts)),
        problems=(*problems, *_notes(runs, facts), *together.untold, *measured.problems),
        runs=tuple(facts.values()),
        differences=describe.differences(runs) if len(runs) > 1 else (),
        pairs=together.pairs,
        refused=together.refused,
        repeats=cells,
        repeat_pairs=together.repeat_pairs,
        pareto=pareto(
            {run_id: [fact] for run_id, fact in facts.items()}, same_texts(tested, evidence)
        ),
        baselines=baselines.lines(compared, measured, others() if others else store.runs()),
        baseline_checks=checked,
        baselines_pending=measured.is_pending,
    )


def verdict(store: Store, run_ids: Iterable[str], evidence: Evidence) -> tuple[str, ...]:
    """What ``compare`` says of any number of runs, without baselines, and who cannot be compared.

    Runs that are gone or have no test result are left out; fewer than two have no verdict.
    """
    runs, _ = _found(store, dict.fromkeys(run_ids))
    together = Judged([run for run in runs if run.result is not None], evidence)
    reasons = tuple(dict.fromkeys(pair.reason for pair in together.refused))
    return together.verdict(*reasons) if together.pairs else reasons


def check_run_ids(store: Store, run_ids: Sequence[str]) -> list[str]:
    """The ids without repetitions, for those who want an error rather than a part of an answer.

    Raises:
        InvalidFieldsError: not two to eight different runs.
        NotFoundError: one of them does not exist.
    """
    wanted = _wanted(run_ids, 2)
    for run_id in wanted:
        store.get(run_id)
    return wanted


def same_texts(tested: Sequence[Run], evidence: Evidence) -> set[str]:
    """The runs that were tested on the most frequent texts, so that one axis can hold them."""
    found = {run.run_id: e.fingerprint for run in tested if (e := evidence.evaluation(run))}
    if not found:
        return set()
    ((most, _),) = Counter(found.values()).most_common(1)
    return {run_id for run_id, fingerprint in found.items() if fingerprint == most}


def measure_in(store: Store) -> Measure:
    """Computes text baselines, and keeps them beside the runs."""
    folder = None if store.problem else store.folder / "baselines"
    return lambda config: text_baseline.measure(config, folder)


def _wanted(run_ids: Sequence[str], fewest: int) -> list[str]:
    listed = [] if isinstance(run_ids, str) else run_ids
    wanted = list(dict.fromkeys(str(run_id) for run_id in listed))
    if fewest <= len(wanted) <= MOST_RUNS:
        return wanted
    came = shown(wanted) if len(wanted) < fewest else f"{len(wanted):,}"
    raise InvalidFieldsError(
        {"run_ids": f"run_ids must name {fewest} to {MOST_RUNS} different runs, got {came}."}
    )


def _found(store: Store, run_ids: Iterable[str]) -> tuple[list[Run], list[str]]:
    runs, problems = [], []
    for run_id in run_ids:
        try:
            runs.append(store.get(run_id))
        except NotFoundError:
            problems.append(f"{shown(run_id)} is not among the runs: it was deleted, or never was.")
    return runs, problems


def _notes(runs: Sequence[Run], facts: dict[str, RunFacts]) -> list[str]:
    notes = [fact.note for fact in facts.values() if fact.note]
    notes += [
        f"{facts[run.run_id].name} was trained elsewhere: nobody here knows whether it has seen "
        f"the test {facts[run.run_id].texts}."
        for run in runs
        if run.kind is RunKind.IMPORTED
    ]
    machines = {run.result.environment.get("processor") for run in runs if run.result}
    if len(machines) > 1:
        notes.append("The runs were trained on different processors: their times say little.")
    return notes
