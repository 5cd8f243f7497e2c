"""A group's page: what a sweep, repeats or a lesson's runs showed as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from peft_demo.comparison import confounding, describe, lengths, pairs, repeats
from peft_demo.comparison.baselines import Baselines, Measure, in_words
from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.comparison.evidence import Tested, collect, same_texts, tested
from peft_demo.comparison.facts import Axis, Cell, GroupFacts
from peft_demo.comparison.pareto import pareto
from peft_demo.comparison.ranking import how
from peft_demo.comparison.words import in_order, sentences
from peft_demo.runs import Run, RunGroup
from peft_demo.storage import Store


def group_facts(
    store: Store,
    group_id: str,
    *,
    measure: Measure | None = None,
    others: Iterable[Run] | None = None,
) -> GroupFacts:
    """What the runs of a group show, its repeats taken together; ``measure`` as for ``compare``.

    Raises:
        NotFoundError: there is no such group.
    """
    group, runs = store.group(group_id)
    swept = [field for field in group.axes if field != "seed"]
    known = collect(store, runs, names=repeats.names(runs, swept))
    able = tested(known)
    cells = repeats.cells(known, swept)
    together = same_texts(able)
    ranked = sorted(
        (cell for cell in cells if together & set(cell.run_ids)),
        key=lambda cell: -repeats.accuracy(cell),
    )
    few = cells if len(cells) <= MOST_RUNS else ()
    repeat_pairs, untold = repeats.repeat_pairs(few, able)
    baselines = Baselines(store, [each.run for each in able.values()], measure, others)
    checks = baselines.checks(able)
    facts = {each.facts.run_id: each.facts for each in known}
    return GroupFacts(
        group=group.model_dump(mode="json"),
        verdict=in_order(
            *_verdict(cells, ranked, able),
            *repeats.verdict(cells, repeat_pairs),
            *in_words(checks, able),
        ),
        problems=(
            # That some are not finished yet, the verdict says.
            *(e.facts.note for e in known if e.facts.note and e.run.status.is_over),
            *untold,
            *baselines.problems,
        ),
        confounded=confounding.of_runs(known),
        runs=tuple(facts.values()),
        axes=tuple(_axis(group, field, runs) for field in swept),
        cells=cells,
        best=ranked[0].cell_id if ranked else None,
        repeat_pairs=repeat_pairs,
        pareto=pareto({c.cell_id: [facts[i] for i in c.run_ids] for c in cells}, together),
        baselines=baselines.lines(),
        baseline_checks=checks,
        baselines_pending=baselines.are_pending,
    )


def _axis(group: RunGroup, field: str, runs: Sequence[Run]) -> Axis:
    # As the cells write them: checked and, for modules, in the field's order.
    values = dict.fromkeys(describe.settings(run).get(field, "–") for run in runs)
    return Axis(
        field=field,
        label=describe.labels_of(runs).get(field, field),
        values=tuple(values),
        is_number=all(isinstance(value, (int, float)) for value in group.axes[field]),
    )


def _verdict(
    cells: Sequence[Cell], ranked: Sequence[Cell], runs: Mapping[str, Tested]
) -> list[str]:
    repeated = [cell for cell in ranked if cell.num_finished > 1]
    told = sentences(
        "group",
        finished=len(runs),
        total=sum(len(cell.run_ids) for cell in cells),
        ranked=ranked,
        repeated=repeated,
    )
    if repeated:
        return told + lengths.told(runs.values())
    if len(ranked) < 2:
        return told
    return told + _single_runs([runs[i] for cell in ranked for i in cell.run_ids if i in runs])


def _single_runs(runs: Sequence[Tested]) -> list[str]:
    """Whether runs without repeats can be told apart; of many, only how many pairs can."""
    group = pairs.comparable(runs)[0]
    if len(group) < 2:
        return []
    if len(runs) <= MOST_RUNS:
        found = pairs.compare([group])
        return [*pairs.verdict(group, found), *how(found, pairs.TESTS)]
    shown = pairs.shown_to_differ(group)
    best = max(group, key=lambda each: each.scores.accuracy)
    told = sentences(
        "many",
        is_any_shown=bool(shown),
        beaten=sum(best.run.run_id in pair for pair in shown),
        others=len(group) - 1,
        total=len(group) * (len(group) - 1) // 2,
    )
    return [*told, *lengths.told(group)]
