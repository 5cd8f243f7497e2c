"""A group's page: what a sweep, repeats or the assignment showed as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from peft_demo.comparison import baselines, describe, pairs, repeats
from peft_demo.comparison.assignment import assignment
from peft_demo.comparison.baselines import Measure
from peft_demo.comparison.compare import MOST_RUNS, measure_in, same_texts
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import Axis, Cell, GroupFacts, RunFacts
from peft_demo.comparison.pareto import pareto
from peft_demo.comparison.words import counted, in_order, percent
from peft_demo.runs import GroupKind, Run, RunGroup, RunStatus
from peft_demo.storage import Store


def group_facts(
    store: Store,
    group_id: str,
    *,
    evidence: Evidence | None = None,
    measure: Measure | None = None,
    others: Callable[[], Iterable[Run]] | None = None,
) -> GroupFacts:
    """What the runs of a group show, its repeats taken together.

    Args:
        store: where the group is.
        group_id: its id.
        evidence: as for ``compare``.
        measure: as for ``compare``.
        others: as for ``compare``.

    Raises:
        NotFoundError: there is no such group.
    """
    group, runs = store.group(group_id)
    evidence = evidence or Evidence(store)
    swept = [field for field in group.axes if field not in describe.SEED_FIELDS]
    names = repeats.names(runs, swept)
    facts = {run.run_id: describe.describe(run, names[run.run_id], evidence) for run in runs}
    cells = repeats.cells(runs, facts, swept)
    tested = [run for run in runs if facts[run.run_id].quality is not None]
    together = same_texts(tested, evidence)
    ranked = sorted(
        (cell for cell in cells if cell.accuracy is not None and together & set(cell.run_ids)),
        key=lambda cell: -_accuracy(cell),
    )
    by_id = {run.run_id: run for run in runs}
    few = cells if len(cells) <= MOST_RUNS else ()
    repeat_pairs, untold = repeats.repeat_pairs(few, by_id, facts)
    measured = baselines.text_baselines(tested, measure or measure_in(store))
    checked = baselines.checks(tested, measured, evidence)
    redone = None
    if group.kind is GroupKind.ASSIGNMENT:
        redone = assignment(runs, facts)
    return GroupFacts(
        group=group.model_dump(mode="json"),
        assignment=redone,
        verdict=in_order(
            *(redone.words if redone else ()),
            *_verdict(cells, ranked, by_id, facts, evidence),
            *repeats.verdict(cells, repeat_pairs),
            *baselines.in_words(checked, facts),
        ),
        problems=(
            # That some are not finished yet, the verdict says.
            *(f.note for f in facts.values() if f.note and RunStatus(f.status).is_over),
            *untold,
            *measured.problems,
        ),
        runs=tuple(facts.values()),
        axes=tuple(_axis(group, field, runs) for field in swept),
        cells=cells,
        best=ranked[0].cell_id if ranked else None,
        repeat_pairs=repeat_pairs,
        pareto=pareto(
            {c.cell_id: [facts[run_id] for run_id in c.run_ids] for c in cells}, together
        ),
        baselines=baselines.lines(tested, measured, others() if others else store.runs()),
        baseline_checks=checked,
        baselines_pending=measured.is_pending,
    )


def _axis(group: RunGroup, field: str, runs: Sequence[Run]) -> Axis:
    values = group.axes[field]
    labels = {known.name: known.label for run in runs for known in run.config.fields}
    # As the cells write them: checked and, for modules, in the field's order.
    cells = dict.fromkeys(describe.settings(run).get(field, "–") for run in runs)
    is_number = all(isinstance(value, (int, float)) for value in values)
    return Axis(
        field=field, label=labels.get(field, field), values=tuple(cells), is_number=is_number
    )


def _verdict(
    cells: Sequence[Cell],
    ranked: Sequence[Cell],
    runs: Mapping[str, Run],
    facts: Mapping[str, RunFacts],
    evidence: Evidence,
) -> list[str]:
    finished = sum(cell.num_finished for cell in cells)
    sentences = []
    if finished < len(runs):
        sentences.append(f"{finished:,} of {counted(len(runs), 'run')} have a test result so far.")
    if not ranked:
        return sentences
    single = [cell for cell in ranked if cell.num_finished == 1]
    repeated = [cell for cell in ranked if cell.num_finished > 1]
    if len(cells) > 1 and len(ranked) > 1:
        sentences.append(_best(ranked))
    if len(repeated) == 1:
        sentences.append(repeats.spread(repeated[0]))
    if len(single) == len(ranked) > 1:
        tested = [runs[i] for cell in ranked for i in cell.run_ids if facts[i].quality is not None]
        sentences += _single_runs(tested, facts, evidence)
    return sentences


def _best(ranked: Sequence[Cell]) -> str:
    best = ranked[0]
    assert best.accuracy is not None
    return (
        f"The highest of {len(ranked):,} test accuracies is {percent(best.accuracy.value)}, by "
        f"{best.name}. As it was picked for being the highest, expect somewhat less on new texts."
    )


def _single_runs(
    tested: Sequence[Run], facts: Mapping[str, RunFacts], evidence: Evidence
) -> list[str]:
    """Whether runs without repeats can be told apart; of many, only how many pairs can."""
    groups = pairs.comparable(tested, evidence)
    if len(groups[0]) < 2:
        return []
    if len(tested) <= MOST_RUNS:
        found = [pairs.pair_facts(p, facts) for p in pairs.compare_groups(groups[:1], evidence)]
        told = pairs.verdict([facts[run.run_id] for run in groups[0]], found)
        return [*told, *pairs.how(len(found))]
    shown, total = evidence.shown_pairs(groups[0])
    if not shown:
        return [
            f"None of the {total:,} pairs is shown to differ (exact McNemar tests, Holm-corrected)."
        ]
    best = max(groups[0], key=lambda run: _quality(facts[run.run_id]))
    beaten = sum(best.run_id in pair for pair in shown)
    return [
        f"It is shown to be better than {beaten:,} of the {len(groups[0]) - 1:,} others (exact "
        f"McNemar tests, Holm-corrected for {total:,} pairs)."
    ]


def _quality(run: RunFacts) -> float:
    return run.quality.accuracy if run.quality else 0.0


def _accuracy(cell: Cell) -> float:
    return cell.accuracy.value if cell.accuracy else 0.0
