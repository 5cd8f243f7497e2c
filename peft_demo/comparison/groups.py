"""A group's page: what a sweep, repeats or a lesson's runs showed as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from peft_demo.comparison import confounding, describe, lengths, pairs, repeats
from peft_demo.comparison.baselines import Baselines, Measure, in_words
from peft_demo.comparison.compare import MOST_RUNS, check_margin
from peft_demo.comparison.evidence import Tested, collect, same_texts, tested
from peft_demo.comparison.facts import Axis, Cell, GroupFacts, RepeatPair
from peft_demo.comparison.pareto import pareto
from peft_demo.comparison.ranking import how
from peft_demo.comparison.words import in_order, sentences
from peft_demo.runs import Run
from peft_demo.statistics import MARGIN
from peft_demo.storage import Store


def group_facts(
    store: Store,
    group_id: str,
    *,
    margin: float = MARGIN,
    measure: Measure | None = None,
    others: Iterable[Run] | None = None,
) -> GroupFacts:
    """What the runs of a group show, its repeats taken together; the rest as for ``compare``.

    Raises:
        NotFoundError: there is no such group.
        InvalidFieldsError: the margin is out of its limits.
    """
    check_margin(margin)
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
    repeat_pairs, untold = repeats.repeat_pairs(few, able, margin)
    baselines = Baselines(store, [each.run for each in able.values()], measure, others)
    checks = baselines.checks(able)
    judged = _judge(ranked, repeat_pairs, able, margin)
    facts = {each.facts.run_id: each.facts for each in known}
    return GroupFacts(
        group=group.model_dump(mode="json"),
        verdict=in_order(
            *_verdict(cells, ranked, able, judged),
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
        axes=tuple(_axis(field, runs) for field in swept),
        cells=cells,
        best=_best(ranked, judged),
        repeat_pairs=repeat_pairs,
        pareto=pareto({c.cell_id: [facts[i] for i in c.run_ids] for c in cells}, together),
        baselines=baselines.lines(),
        baseline_checks=checks,
        baselines_pending=baselines.are_pending,
    )


def _axis(field: str, runs: Sequence[Run]) -> Axis:
    # As the cells write them: checked and, for modules, in the field's order.
    values = {describe.settings(run).get(field, "–"): run.config.number(field) for run in runs}
    numbers = {value: is_ for value, is_ in values.items() if is_ is not None}
    return Axis(
        field=field,
        label=describe.labels_of(runs).get(field, field),
        values=tuple(values),
        numbers=numbers if len(numbers) == len(values) else {},
    )


@dataclass(frozen=True)
class _Judged:
    """Whether configurations can be told apart, in sentences."""

    words: list[str]
    shown: frozenset[frozenset[str]] = frozenset()
    """Pairs that are shown to differ, by the ids of runs or cells."""


def _verdict(
    cells: Sequence[Cell],
    ranked: Sequence[Cell],
    runs: Mapping[str, Tested],
    judged: _Judged,
) -> list[str]:
    """What the group shows: first that nothing is shown to differ, where that is so."""
    repeated = [cell for cell in ranked if cell.num_finished > 1]
    highest = sentences("group", ranked=ranked, repeated=repeated)
    total = sum(len(cell.run_ids) for cell in cells)
    progress = sentences("progress", finished=len(runs), total=total)
    told = [*highest, *judged.words] if judged.shown else [*judged.words, *highest]
    return [*progress, *told, *(lengths.told(runs.values()) if repeated else ())]


def _best(ranked: Sequence[Cell], judged: _Judged) -> str | None:
    """The configuration that is shown to be better than each other one; None on a tie."""
    if len(ranked) < 2:
        return None
    best, *others = ({cell.cell_id, *cell.run_ids} for cell in ranked)
    beats_all = all(any(pair & best and pair & other for pair in judged.shown) for other in others)
    return ranked[0].cell_id if beats_all else None


def _judge(
    ranked: Sequence[Cell],
    pairs: Sequence[RepeatPair],
    runs: Mapping[str, Tested],
    margin: float,
) -> _Judged:
    if any(cell.num_finished > 1 for cell in ranked):
        shown = frozenset(frozenset((p.first, p.second)) for p in pairs if p.is_shown)
        return _Judged(repeats.verdict(ranked, pairs), shown)
    return _single_runs([runs[i] for cell in ranked for i in cell.run_ids if i in runs], margin)


def _single_runs(runs: Sequence[Tested], margin: float) -> _Judged:
    """Whether runs without repeats can be told apart; of many, only how many pairs can."""
    group = pairs.comparable(runs)[0] if len(runs) > 1 else []
    if len(group) < 2:
        return _Judged([])
    if len(runs) <= MOST_RUNS:
        found = pairs.compare([group], margin)
        shown = frozenset(frozenset((pair.first, pair.second)) for pair in found if pair.is_shown)
        return _Judged([*pairs.verdict(group, found), *how(found, pairs.TESTS)], shown)
    shown = frozenset(map(frozenset, pairs.shown_to_differ(group)))
    best = max(group, key=lambda each: each.scores.accuracy)
    told = sentences(
        "many",
        is_any_shown=bool(shown),
        beaten=sum(best.run.run_id in pair for pair in shown),
        others=len(group) - 1,
        total=len(group) * (len(group) - 1) // 2,
    )
    return _Judged([*told, *lengths.told(group)], shown)
