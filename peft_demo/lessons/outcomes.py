"""What a plan's runs show, and whether a prediction holds, by the facts of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from peft_demo import statistics
from peft_demo.comparison import describe, pairs, repeats
from peft_demo.comparison.baselines import Baselines, Measure, in_words
from peft_demo.comparison.evidence import Described, collect, tested
from peft_demo.comparison.facts import Pair, RunFacts
from peft_demo.comparison.ranking import how
from peft_demo.comparison.words import between, counted
from peft_demo.formats import percent, points
from peft_demo.lessons.schema import About, Means
from peft_demo.runs import Run
from peft_demo.runs.results import Record
from peft_demo.statistics import Interval
from peft_demo.storage import Store

MOST_APART = 3
"""Settings that a run is called by, in place of its name."""


class Bar(Record):
    """A value with its 95 % interval, as a row of a chart."""

    name: str
    accuracy: Interval
    run_id: str | None = None
    """None of a mean or a baseline."""


class Outcome(Record):
    """What the runs show."""

    words: tuple[str, ...]
    bars: tuple[Bar, ...]
    costs: tuple[RunFacts, ...] = ()
    is_pending: bool = False
    """Whether baselines are still being computed."""
    winner: tuple[str, ...] = ()
    """The runs of the configuration that is shown to be better than every other."""
    value: Interval | None = None
    """What a prediction of a number is measured by: an accuracy, or a spread in shares of 1."""
    beats: bool | None = None


def outcome(store: Store, runs: Sequence[Run], about: About, measure: Measure) -> Outcome:
    """What finished runs show; those without a result are left out.

    Args:
        store: where they are.
        runs: of a plan, in its order.
        about: which of the comparisons.
        measure: gets text baselines; see ``Baselines``.
    """
    tried = [run for run in runs if run.result]
    known = [each for each in collect(store, tried, names=_names(tried)) if each.facts.quality]
    bars = tuple(_bar(each) for each in known)
    if not known:
        return Outcome(words=("No run has a test result.",), bars=())
    return _OF[about](store, known, bars, measure)


def holds(means: Means, found: Outcome, runs: Mapping[str, Run]) -> bool | None:
    """Whether a prediction holds; None if the runs cannot say.

    Args:
        means: what the prediction claims.
        found: what the runs show.
        runs: those of the plan, by id.
    """
    if means.none:
        return not found.winner
    if means.best is not None:
        return bool(found.winner) and all(_has(runs[i], means.best) for i in found.winner)
    if means.between is not None:
        low, high = means.between
        return None if found.value is None else low <= 100 * found.value.value <= high
    return None if found.beats is None else found.beats is means.beats


def _apart(runs: Sequence[Run]) -> list[str]:
    """The settings that tell the runs apart beside the seed, where these are few."""
    fields = {field.name for run in runs for field in run.config.fields} - {"seed", "name"}
    found = [row.field for row in describe.differences(runs) if row.field in fields]
    return found if len(found) <= MOST_APART else []


def _names(runs: Sequence[Run]) -> dict[str, str] | None:
    """What the runs are called beside each other."""
    if swept := _apart(runs):
        return repeats.names(runs, swept)
    seeds = {run.run_id: f"seed {run.config.get('seed')}" for run in runs}
    is_seed = len({describe.cell_key(run.config) for run in runs}) == 1 < len(runs)
    return seeds if is_seed else None


def _has(run: Run, values: Mapping[str, object]) -> bool:
    flat = run.config.flat()
    return all(str(flat.get(name)) == str(value) for name, value in values.items())


def _bar(each: Described) -> Bar:
    of = each.facts.quality
    assert of is not None
    value = Interval(value=of.accuracy, low=of.low, high=of.high)
    return Bar(name=each.facts.name, accuracy=value, run_id=each.run.run_id)


class _Judged:
    """Configurations in pairs: by their repeats where all have some, else by the test texts."""

    def __init__(self, known: Sequence[Described]) -> None:
        able = tested(known)
        swept = _apart([each.run for each in known])
        self.cells = [cell for cell in repeats.cells(known, swept) if cell.num_finished]
        self.have_repeats = all(cell.num_finished > 1 for cell in self.cells)
        if self.have_repeats:
            by_repeats, problems = repeats.repeat_pairs(self.cells, able)
            self.pairs: list[Pair] = [*by_repeats]
            self.words = [*repeats.verdict(self.cells, by_repeats), *problems]
        else:
            groups = pairs.comparable(able.values())
            by_texts = pairs.compare(groups)
            self.pairs = [*by_texts]
            self.words = [*pairs.verdict(groups[0], by_texts), *how(by_texts, pairs.TESTS)]

    @property
    def winner(self) -> tuple[str, ...]:
        """The runs of the configuration that is shown to be better than every other."""
        for cell in self.cells:
            mine = {cell.cell_id, *cell.run_ids}
            beaten = sum(pair.is_shown and pair.first in mine for pair in self.pairs)
            if 0 < beaten == len(self.cells) - 1:
                return cell.run_ids
        return ()

    @property
    def means(self) -> tuple[Bar, ...]:
        """The configurations' means, where they have repeats."""
        return tuple(
            Bar(name=f"{cell.name}, mean of {cell.num_finished}", accuracy=cell.accuracy)
            for cell in self.cells
            if self.have_repeats and cell.accuracy is not None
        )


def _difference(_: Store, known: Sequence[Described], bars: tuple[Bar, ...], __: object) -> Outcome:
    judged = _Judged(known)
    words = tuple(judged.words) or ("There is nothing to compare with.",)
    return Outcome(words=words, bars=judged.means or bars, winner=judged.winner)


def _accuracy(_: Store, known: Sequence[Described], bars: tuple[Bar, ...], __: object) -> Outcome:
    words = tuple(
        f"{bar.name}: {percent(bar.accuracy.value)} right, 95 % interval {between(bar.accuracy)}."
        for bar in bars
    )
    return Outcome(words=words, bars=bars, value=_mean(bars))


def _mean(bars: Sequence[Bar]) -> Interval:
    values = [bar.accuracy.value for bar in bars]
    return statistics.mean_interval(values) if len(values) > 1 else bars[0].accuracy


def _spread(_: Store, known: Sequence[Described], bars: tuple[Bar, ...], __: object) -> Outcome:
    values = [bar.accuracy.value for bar in bars]
    low, high = min(values), max(values)
    words = [
        f"{counted(len(values), 'run')}: from {percent(low)} to {percent(high)}, "
        f"{points(high - low)} points apart."
    ]
    if len(values) < 2:
        return Outcome(words=tuple(words), bars=bars)
    mean = _mean(bars)
    words.append(
        f"Their mean is {percent(mean.value)}; its 95 % interval, with the seeds as the source of "
        f"chance, is {between(mean)}."
    )
    apart = Interval(value=high - low, low=high - low, high=high - low)
    return Outcome(words=tuple(words), bars=(*bars, Bar(name="Mean", accuracy=mean)), value=apart)


def _baselines(
    store: Store, known: Sequence[Described], bars: tuple[Bar, ...], measure: Measure
) -> Outcome:
    able = tested(known)
    lines = Baselines(store, [each.run for each in able.values()], measure)
    checks = lines.checks(able)
    more = (
        Bar(name=line.name, accuracy=Interval(value=line.accuracy, low=line.low, high=line.high))
        for line in lines.lines()
    )
    # Before all are measured, nothing is said of some.
    is_whole = bool(checks) and not lines.are_pending
    words = () if lines.are_pending else (*in_words(checks, able), *lines.problems)
    return Outcome(
        words=words or ("Counting words is still being measured.",),
        bars=(*bars, *more),
        is_pending=lines.are_pending,
        beats=all(check.verdict == "beats" for check in checks) if is_whole else None,
    )


def _cost(store: Store, known: Sequence[Described], bars: tuple[Bar, ...], _: object) -> Outcome:
    found = _difference(store, known, bars, _)
    return found.model_copy(update={"costs": tuple(each.facts for each in known)})


_OF: Mapping[About, Callable[[Store, Sequence[Described], tuple[Bar, ...], Measure], Outcome]] = {
    "difference": _difference,
    "accuracy": _accuracy,
    "spread": _spread,
    "baselines": _baselines,
    "cost": _cost,
}
