"""Which runs may be compared in pairs, and what the pairs say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from peft_demo import statistics
from peft_demo.comparison.describe import texts_of
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import PairFacts, RefusedPair, RepeatPair, RunFacts
from peft_demo.comparison.words import listed, p_value, percent
from peft_demo.runs import Run


def comparable(runs: Sequence[Run], evidence: Evidence) -> list[list[Run]]:
    """Tested runs, by what they must share to be compared in pairs; the largest group first."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        if (evaluation := evidence.evaluation(run)) is not None:
            shared = (run.config.dataset, run.config.base_model, evaluation.fingerprint)
            groups.setdefault(shared, []).append(run)
    return sorted(groups.values(), key=len, reverse=True)


def refused(runs: Sequence[Run], evidence: Evidence) -> tuple[RefusedPair, ...]:
    """The pairs of tested runs that must not be compared, each with the reason."""
    tested = [run for run in runs if evidence.evaluation(run) is not None]
    found = [(a, b, _why_not(a, b, evidence)) for a, b in combinations(tested, 2)]
    return tuple(
        RefusedPair(first=a.run_id, second=b.run_id, reason=reason)
        for a, b, reason in found
        if reason
    )


def _why_not(first: Run, second: Run, evidence: Evidence) -> str:
    one, other = evidence.evaluation(first), evidence.evaluation(second)
    assert one is not None
    assert other is not None
    reasons = []
    if first.config.dataset != second.config.dataset:
        reasons.append(
            f"they learned from and were tested on different data sets "
            f"({first.config.dataset_label} and {second.config.dataset_label})"
        )
    elif one.fingerprint != other.fingerprint:
        sizes = (one.num_texts, other.num_texts)
        count = (
            f"{sizes[0]:,} and {sizes[1]:,} of them"
            if sizes[0] != sizes[1]
            else f"{sizes[0]:,} each, but not the same"
        )
        reasons.append(f"they were tested on different {texts_of(first)} ({count})")
    if first.config.base_model != second.config.base_model:
        reasons.append(
            f"they have different base models ({first.config.base_model_label} and "
            f"{second.config.base_model_label}), so a difference would not be the method's"
        )
    return f"Not compared: {'; '.join(reasons)}." if reasons else ""


def compare_groups(groups: Sequence[Sequence[Run]], evidence: Evidence) -> list[statistics.Pair]:
    """The pairs within each group, corrected for all that stand on one page."""
    pairs = [pair for group in groups for pair in evidence.pairs(list(group))]
    corrected = statistics.holm([pair.p for pair in pairs])
    return [
        dataclasses.replace(pair, p_corrected=p) for pair, p in zip(pairs, corrected, strict=True)
    ]


def pair_facts(pair: statistics.Pair, runs: Mapping[str, RunFacts]) -> PairFacts:
    """A pair with its verdict in words."""
    names = {run_id: run.name for run_id, run in runs.items()}
    accuracies = {run_id: run.quality.accuracy for run_id, run in runs.items() if run.quality}
    return PairFacts(
        first=pair.first,
        second=pair.second,
        num_reviews=pair.num_texts,
        only_first=pair.only_first,
        only_second=pair.only_second,
        disagreements=pair.disagreements,
        difference=pair.difference,
        low=pair.low,
        high=pair.high,
        p=pair.p,
        p_corrected=pair.p_corrected,
        is_shown=pair.is_shown,
        reviews_needed=pair.texts_needed,
        words=statistics.pair_in_words(pair, names, accuracies, runs[pair.first].texts),
    )


def verdict(group: Sequence[RunFacts], pairs: Sequence[PairFacts]) -> list[str]:
    """What the pairs of runs on the same texts say, in sentences; nothing for a single run."""
    if len(pairs) < 2:
        return [pair.words for pair in pairs]
    where = f"On the same {pairs[0].num_reviews:,} test {group[0].texts}"
    entries = [Ranked(run.run_id, run.name, run.quality.accuracy) for run in group if run.quality]
    return ranking(entries, pairs, where)


@dataclass(frozen=True)
class Ranked:
    """A run or a configuration with its accuracy."""

    id: str
    name: str
    accuracy: float


def ranking(
    entries: Iterable[Ranked],
    pairs: Sequence[PairFacts | RepeatPair],
    where: str,
    noun: str = "runs",
) -> list[str]:
    """Who is shown to be better than whom, and between whom no difference is shown."""
    ranked = sorted(entries, key=lambda entry: -entry.accuracy)
    if not any(pair.is_shown for pair in pairs):
        span = f"{percent(ranked[-1].accuracy)} to {percent(ranked[0].accuracy)}"
        smallest = p_value(min(pair.p_corrected for pair in pairs))
        return [
            f"{where}, no difference between these {len(ranked)} {noun} is shown: {span}, "
            f"smallest {smallest}."
        ]
    names = {entry.id: entry.name for entry in ranked}
    sets = [listed([names[i] for i in ids]) for ids in alike([e.id for e in ranked], pairs)]
    if not sets:
        return [_best(ranked, pairs, where), "Every two of them are shown to differ."]
    return [
        _best(ranked, pairs, where),
        f"No difference is shown between {'; nor between '.join(sets)}.",
    ]


def how(count: int) -> list[str]:
    """By which tests several pairs were compared; a single one says so itself."""
    if count < 2:
        return []
    return [f"(Exact McNemar tests at 5 %, Holm-corrected for {count} pairs.)"]


def alike(ranked: Sequence[str], pairs: Sequence[PairFacts | RepeatPair]) -> list[list[str]]:
    """Sets within which no difference is shown; every such pair is in at least one."""
    same = {frozenset((pair.first, pair.second)) for pair in pairs if not pair.is_shown}
    sets: list[list[str]] = []
    for pair in combinations(ranked, 2):
        if frozenset(pair) not in same or any(set(pair) <= set(known) for known in sets):
            continue
        chosen = list(pair)
        for other in ranked:
            if other not in chosen and all(frozenset((other, c)) in same for c in chosen):
                chosen.append(other)
        sets.append([entry for entry in ranked if entry in chosen])
    return sets


def _best(ranked: Sequence[Ranked], pairs: Sequence[PairFacts | RepeatPair], where: str) -> str:
    best = ranked[0]
    beaten = {pair.second for pair in pairs if pair.is_shown and pair.first == best.id}
    start = f"{where}, {best.name} ({percent(best.accuracy)})"
    if not beaten:
        return f"{start} did best, but is not shown to be better than any other here."
    if len(beaten) == len(ranked) - 1:
        return f"{start} is better than all the others."
    return f"{start} is better than {listed([e.name for e in ranked if e.id in beaten])}."
