"""Repeats: runs that share everything but their seed, and what several of them can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from peft_demo import statistics
from peft_demo.comparison.describe import SEED_FIELDS, cell_key, settings, unique_names
from peft_demo.comparison.facts import Cell, Estimate, RepeatPair, RunFacts
from peft_demo.comparison.pairs import Ranked, ranking
from peft_demo.comparison.pareto import mean
from peft_demo.comparison.words import counted, p_value, percent, points
from peft_demo.runs import Run


def cells(
    runs: Sequence[Run], facts: Mapping[str, RunFacts], swept: Sequence[str] = ()
) -> tuple[Cell, ...]:
    """The runs by configuration, in the order of their first runs.

    Args:
        runs: in the order in which they were queued.
        facts: of each of them.
        swept: the fields whose values tell the configurations apart.
    """
    members: dict[str, list[Run]] = {}
    for run in runs:
        members.setdefault(cell_key(run.config), []).append(run)
    return tuple(_cell(index, group, facts, swept) for index, group in enumerate(members.values()))


def repeat_pairs(
    chosen: Sequence[Cell], runs: Mapping[str, Run], facts: Mapping[str, RunFacts]
) -> tuple[tuple[RepeatPair, ...], list[str]]:
    """Every two configurations with at least two tested repeats each, Holm-corrected.

    Returns the pairs, and a sentence about each that could not be compared.
    """
    able = [cell for cell in chosen if cell.num_finished > 1]
    found, problems = [], []
    for one, other in combinations(able, 2):
        first, second = _better_first(one, other)
        values, is_paired = _matched(first, second, runs, facts)
        try:
            tested = statistics.repeats_difference(*values, is_paired)
        except ValueError:
            problems.append(
                f"{first.name} and {second.name} differ by exactly the same in every repeat: too "
                "few repeats to tell how far chance moves them."
            )
            continue
        found.append((first, second, is_paired, *tested))
    corrected = statistics.holm([p for *_, p in found])
    told = tuple(
        RepeatPair(
            first=first.cell_id,
            second=second.cell_id,
            is_paired=is_paired,
            difference=difference,
            low=low,
            high=high,
            p=p,
            p_corrected=p_corrected,
            is_shown=p_corrected < 0.05,
            words=_in_words(first, second, is_paired, difference, low, high, p_corrected),
        )
        for (first, second, is_paired, difference, low, high, p), p_corrected in zip(
            found, corrected, strict=True
        )
    )
    return told, problems


def verdict(chosen: Sequence[Cell], pairs: Sequence[RepeatPair]) -> list[str]:
    """What comparing configurations by their repeats says, in sentences."""
    if len(pairs) < 2:
        return [pair.words for pair in pairs]
    able = [
        Ranked(cell.cell_id, cell.name, cell.accuracy.value)
        for cell in chosen
        if cell.accuracy is not None and cell.num_finished > 1
    ]
    how = f"(t-tests over the seeds at 5 %, Holm-corrected for {len(pairs)} pairs.)"
    return [*ranking(able, pairs, "On average of their seeds", "configurations"), how]


def names(runs: Sequence[Run], swept: Sequence[str]) -> dict[str, str]:
    """Short names of a group's runs: the swept values, and the seed where several share them."""
    if not swept:
        return unique_names(runs)
    labels = {run.run_id: _label(run, swept) for run in runs}
    counts = Counter(labels.values())
    return {
        run.run_id: labels[run.run_id]
        if counts[labels[run.run_id]] == 1
        else f"{labels[run.run_id]} · seed {run.config.seed}"
        for run in runs
    }


def spread(cell: Cell) -> str:
    """What repeating a configuration showed, in a sentence."""
    assert cell.accuracy is not None
    assert cell.lowest is not None
    assert cell.highest is not None
    return (
        f"{cell.name}: {percent(cell.accuracy.value)} on average of "
        f"{counted(cell.num_finished, 'seed')} (95 % t-interval {_interval(cell.accuracy)}); "
        f"the seed alone moves it from {percent(cell.lowest)} to {percent(cell.highest)}."
    )


def _cell(
    index: int, runs: Sequence[Run], facts: Mapping[str, RunFacts], swept: Sequence[str]
) -> Cell:
    tested = [q for run in runs if (q := facts[run.run_id].quality) is not None]
    accuracies = [q.accuracy for q in tested]
    single = [Estimate(value=q.accuracy, low=q.low, high=q.high) for q in tested]
    return Cell(
        cell_id=f"cell-{index + 1}",
        name=_label(runs[0], swept) or _shared_name(runs),
        values={field: settings(runs[0]).get(field, "–") for field in swept},
        run_ids=tuple(run.run_id for run in runs),
        num_finished=len(tested),
        accuracy=mean(single),
        log_loss=mean([q.log_loss for q in tested]),
        lowest=min(accuracies, default=None),
        highest=max(accuracies, default=None),
    )


def _label(run: Run, swept: Sequence[str]) -> str:
    """The swept values in a few words: ``DoRA · r 4``."""
    values, own = run.config.flat(), settings(run)
    return " · ".join(
        f"{field.removeprefix('lora_')} {own[field]}"
        if isinstance(values[field], (int, float))
        else own[field]
        for field in swept
        if field in own
    )


def _shared_name(runs: Sequence[Run]) -> str:
    names = {run.config.name for run in runs}
    return names.pop() if len(names) == 1 else runs[0].config.summary


def _better_first(one: Cell, other: Cell) -> tuple[Cell, Cell]:
    assert one.accuracy is not None
    assert other.accuracy is not None
    return (one, other) if one.accuracy.value >= other.accuracy.value else (other, one)


def _matched(
    first: Cell, second: Cell, runs: Mapping[str, Run], facts: Mapping[str, RunFacts]
) -> tuple[tuple[list[float], list[float]], bool]:
    """The accuracies of both, side by side where they have the same seeds."""
    by_seed = [
        {
            tuple(getattr(runs[run_id].config, name) for name in sorted(SEED_FIELDS)): q.accuracy
            for run_id in cell.run_ids
            if (q := facts[run_id].quality) is not None
        }
        for cell in (first, second)
    ]
    is_paired = by_seed[0].keys() == by_seed[1].keys() and len(by_seed[0]) > 1
    if is_paired:
        order = sorted(by_seed[0])
        return ([by_seed[0][s] for s in order], [by_seed[1][s] for s in order]), True
    accuracies = [
        [q.accuracy for run_id in cell.run_ids if (q := facts[run_id].quality) is not None]
        for cell in (first, second)
    ]
    return (accuracies[0], accuracies[1]), False


def _in_words(
    first: Cell, second: Cell, is_paired: bool, difference: float, low: float, high: float, p: float
) -> str:
    assert first.accuracy is not None
    assert second.accuracy is not None
    seeds = (
        f"over the same {counted(first.num_finished, 'seed')}"
        if is_paired
        else f"over {first.num_finished} and {second.num_finished} seeds"
    )
    start = (
        f"{first.name} {percent(first.accuracy.value)}, {second.name} "
        f"{percent(second.accuracy.value)} on average {seeds}. "
    )
    span = f"95 % interval {points(low)} to {points(high)}; {p_value(p)}"
    if p < 0.05:
        return f"{start}{first.name} is better by {points(difference)} points ({span})."
    return f"{start}No difference shown ({span})."


def _interval(estimate: Estimate) -> str:
    assert estimate.low is not None
    assert estimate.high is not None
    return f"{percent(estimate.low)} to {percent(estimate.high)}"
