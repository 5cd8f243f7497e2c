"""Runs in pairs on the same test texts: which may be compared, and what the tests say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from peft_demo import statistics
from peft_demo.comparison.evidence import Tested
from peft_demo.comparison.facts import PairFacts, RefusedPair
from peft_demo.comparison.ranking import Ranked, corrected, ranking
from peft_demo.comparison.words import p_value, percent, points
from peft_demo.statistics import ALPHA

TESTS = "Exact McNemar tests"


def comparable(runs: Iterable[Tested]) -> list[list[Tested]]:
    """Runs by what they must share to be compared in pairs; the largest group first."""
    groups: dict[tuple[str, ...], list[Tested]] = {}
    for each in runs:
        config = each.run.config
        shared = (config.dataset, config.base_model, each.fingerprint)
        groups.setdefault(shared, []).append(each)
    return sorted(groups.values(), key=len, reverse=True)


def refused(runs: Iterable[Tested]) -> tuple[RefusedPair, ...]:
    """The pairs of runs that must not be compared, each with the reason."""
    return tuple(
        RefusedPair(first=a.run.run_id, second=b.run.run_id, reason=reason)
        for a, b in combinations(runs, 2)
        if (reason := _why_not(a, b))
    )


def _why_not(first: Tested, second: Tested) -> str:
    one, other = first.run.config, second.run.config
    reasons = []
    if one.dataset != other.dataset:
        reasons.append(
            f"they learned from and were tested on different data sets ({one.dataset_label} and "
            f"{other.dataset_label})"
        )
    elif first.fingerprint != second.fingerprint:
        size, another = first.scores.num_reviews, second.scores.num_reviews
        count = f"{size:,} and {another:,} of them"
        if size == another:
            count = f"{size:,} each, but not the same"
        reasons.append(f"they were tested on different {first.facts.texts} ({count})")
    if one.base_model != other.base_model:
        reasons.append(
            f"they have different base models ({one.base_model_label} and "
            f"{other.base_model_label}), so a difference would not be the method's"
        )
    return f"Not compared: {'; '.join(reasons)}." if reasons else ""


def compare(groups: Sequence[Sequence[Tested]]) -> tuple[PairFacts, ...]:
    """The pairs within each group, the best first, corrected for all that stand on one page."""
    runs = {each.run.run_id: each for group in groups for each in group}
    found = []
    for group in groups:
        ranked = sorted(group, key=lambda each: -each.scores.accuracy)
        pairs = list(combinations(ranked, 2))
        found += [_pair(*pair, len(pairs)) for pair in pairs]
    return corrected(found, lambda pair: _in_words(pair, runs[pair.first], runs[pair.second]))


def shown_to_differ(runs: Sequence[Tested]) -> list[tuple[str, str]]:
    """Of many runs on the same texts the pairs whose difference is shown, by the tests alone."""
    right = np.array([each.predictions.correct for each in runs], dtype=np.float32)
    only = right @ (1 - right).T
    first, second = np.triu_indices(len(runs), 1)
    p_values = statistics.holm(statistics.mcnemar(only[first, second], only[second, first]))
    pairs = combinations([each.run.run_id for each in runs], 2)
    return [pair for pair, p in zip(pairs, p_values, strict=True) if p < ALPHA]


def verdict(group: Sequence[Tested], pairs: Sequence[PairFacts]) -> list[str]:
    """What the pairs of runs on the same texts say, in sentences; nothing for a single run."""
    where = f"On the same {group[0].scores.num_reviews:,} test {group[0].facts.texts}"
    ranked = [Ranked(run.run.run_id, run.facts.name, run.scores.accuracy) for run in group]
    return ranking(ranked, pairs, where, "runs")


def _pair(one: Tested, other: Tested, num_pairs: int) -> PairFacts:
    """Two of the runs on the same texts, of which there are so many pairs."""
    only_first, only_second = statistics.discordant(
        one.predictions.correct, other.predictions.correct
    )
    total = one.scores.num_reviews
    difference, low, high = statistics.paired_difference(only_first, only_second, total)
    p = float(statistics.mcnemar(only_first, only_second))
    return PairFacts(
        first=one.run.run_id,
        second=other.run.run_id,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_corrected=p,
        num_reviews=total,
        only_first=only_first,
        only_second=only_second,
        disagreements=only_first + only_second,
        # Enough texts for the first, strictest of Holm's steps are enough for each.
        reviews_needed=statistics.texts_needed(only_first, only_second, total, ALPHA / num_pairs),
    )


def _in_words(pair: PairFacts, one: Tested, other: Tested) -> str:
    """What a pair can tell, for a student to read aloud; ``one`` is the better run."""
    first, second, texts = one.facts.name, other.facts.name, one.facts.texts
    shares = [percent(run.scores.accuracy) for run in (one, other)]
    p = p_value(pair.p_corrected)
    if pair.p_corrected != pair.p:
        p = f"{p}, corrected for all pairs"
    where = f"on the same {pair.num_reviews:,} {texts}"
    disagreements = f"They disagree on {pair.disagreements:,}"
    if pair.is_shown:
        return (
            f"{first} is better than {second} by {points(pair.difference)} points (95 % interval "
            f"{points(pair.low)} to {points(pair.high)}; {p}): {shares[0]} and {shares[1]} "
            f"{where}. {disagreements}."
        )
    if pair.reviews_needed is not None:
        # Two digits that count: 3,362 is about 3,400.
        needed = float(f"{pair.reviews_needed:.2g}")
        return (
            f"{first} {shares[0]}, {second} {shares[1]} {where}. {disagreements}. No difference "
            f"shown ({p}). To show a difference of this size you would need about {needed:,.0f} "
            f"{texts}."
        )
    both = f"{first} and {second}: both {shares[0]} {where}."
    # Equal on these texts is not equal on all.
    possible = f"The true difference may still be up to {points(pair.high)} points either way."
    if pair.disagreements == 0:
        return f"{both} They answer every one alike, so no difference is shown. {possible}"
    return (
        f"{both} {disagreements}, and each is right on half of these. No difference shown ({p}). "
        f"{possible}"
    )
