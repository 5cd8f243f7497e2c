"""Repeats: runs that share everything but their seed, and what several of them can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from peft_demo import statistics
from peft_demo.comparison.describe import cell_key, settings, told_apart, was_cut, with_epochs
from peft_demo.comparison.evidence import Described, Tested, tested
from peft_demo.comparison.facts import Cell, RepeatPair
from peft_demo.comparison.pareto import mean
from peft_demo.comparison.ranking import Ranked, corrected, how, ranking
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import Run
from peft_demo.runs.sweeps import short_name


def cells(runs: Iterable[Described], swept: Sequence[str] = ()) -> tuple[Cell, ...]:
    """The runs by configuration, in the order of their first runs.

    Args:
        runs: in the order in which they were queued.
        swept: the fields whose values tell the configurations apart.
    """
    members: dict[str, list[Described]] = {}
    for each in runs:
        # Where seeds are not known, nobody can say whether two runs are repeats of each other.
        is_alone = _seed(each) is None or was_cut(each.run)
        key = each.run.run_id if is_alone else cell_key(each.run.config)
        members.setdefault(key, []).append(each)
    return tuple(
        _cell(f"cell-{number}", group, swept)
        for number, group in enumerate(members.values(), start=1)
    )


def repeat_pairs(
    configurations: Iterable[Cell], runs: Mapping[str, Tested], margin: float = statistics.MARGIN
) -> tuple[tuple[RepeatPair, ...], list[str]]:
    """Every two configurations with at least two tested repeats each, Holm-corrected.

    Those whose difference is shown to lie within the margin, in points, are practically equal.

    Returns the pairs, and a sentence about each that could not be compared.
    """
    able = {cell.cell_id: cell for cell in configurations if cell.num_finished > 1}
    found, problems = [], []
    for pair in combinations(able.values(), 2):
        first, second = sorted(pair, key=lambda cell: -accuracy(cell))
        try:
            found.append(_pair(first, second, runs, margin))
        except ValueError:
            problems.append(
                f"{first.name} and {second.name} differ by exactly the same in every repeat: too "
                "few repeats to tell how far chance moves them."
            )
    return corrected(found, "repeats", able), problems


def verdict(configurations: Iterable[Cell], pairs: Sequence[RepeatPair]) -> list[str]:
    """What comparing configurations by their repeats says, in sentences."""
    able = [
        Ranked(cell.cell_id, cell.name, accuracy(cell), cell.num_adapter_parameters)
        for cell in configurations
        if cell.num_finished > 1
    ]
    told = ranking(able, pairs, _("On average of their seeds"), gettext_noop("configurations"))
    return [*told, *how(pairs, gettext_noop("t-tests over the seeds"))]


def names(runs: Sequence[Run], swept: Sequence[str]) -> dict[str, str] | None:
    """Short names of a group's runs: the swept values, and the seed where several share them.

    None where nothing is swept.
    """
    if not swept:
        return None
    labels = [(run, _label(run, swept)) for run in runs]
    return told_apart(labels, lambda run: f" · seed {run.config.get('seed')}")


def _cell(cell_id: str, members: Sequence[Described], swept: Sequence[str]) -> Cell:
    first = members[0].run
    found = [each.scores for each in tested(members).values()]
    accuracies = [each.accuracy for each in found]
    name = _label(first, swept) or _shared_name(members) or first.config.summary
    return Cell(
        cell_id=cell_id,
        name=with_epochs(first, name) if was_cut(first) else name,
        values={field: settings(first).get(field, "–") for field in swept},
        run_ids=tuple(each.run.run_id for each in members),
        num_finished=len(found),
        num_adapter_parameters=members[0].facts.num_adapter_parameters,
        accuracy=mean([each.interval for each in found]),
        log_loss=mean([each.log_loss for each in found]),
        lowest=min(accuracies, default=None),
        highest=max(accuracies, default=None),
    )


def _label(run: Run, swept: Sequence[str]) -> str:
    """The swept values in a few words: ``DoRA · r 4``."""
    values, own = run.config.flat(), settings(run)
    return " · ".join(
        f"{short_name(field)} {own[field]}"
        if isinstance(values.get(field), (int, float))
        else own[field]
        for field in swept
        if field in own
    )


def _shared_name(members: Sequence[Described]) -> str:
    """What all of them are called beside their seeds; empty if that differs."""
    for names in (
        {each.run.config.name for each in members},
        {each.facts.name.removesuffix(f" · seed {_seed(each)}") for each in members},
    ):
        if len(names) == 1:
            return names.pop()
    return ""


def _seed(each: Described) -> Any:
    """The run's seed; None if it is not known."""
    return each.run.config.get("seed")


def accuracy(cell: Cell) -> float:
    """Of a configuration that was tested."""
    assert cell.accuracy is not None
    return cell.accuracy.value


def _pair(first: Cell, second: Cell, runs: Mapping[str, Tested], margin: float) -> RepeatPair:
    """Two configurations, side by side where their repeats have the same seeds.

    Raises:
        ValueError: nothing is known about their spread.
    """
    repeats = [[runs[i] for i in cell.run_ids if i in runs] for cell in (first, second)]
    by_seed = [{_seed(each): each.scores.accuracy for each in some} for some in repeats]
    is_paired = by_seed[0].keys() == by_seed[1].keys() and len(by_seed[0]) > 1
    if is_paired:
        one, other = ([some[seed] for seed in sorted(some)] for some in by_seed)
    else:
        one, other = ([each.scores.accuracy for each in some] for some in repeats)
    difference, low, high, p = statistics.repeats_difference(one, other, is_paired)
    return RepeatPair(
        first=first.cell_id,
        second=second.cell_id,
        is_paired=is_paired,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_corrected=p,
        margin=margin,
        p_equivalence=statistics.repeats_equivalence(one, other, is_paired, margin / 100),
    )
