"""Runs in pairs on the same test texts: which may be compared, and what the tests say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from peft_demo import statistics
from peft_demo.comparison.evidence import Tested
from peft_demo.comparison.facts import PairFacts, RefusedPair
from peft_demo.comparison.ranking import Ranked, corrected, ranking
from peft_demo.comparison.words import p_value, percent, points
from peft_demo.statistics import ALPHA, Predictions

MOST_KEPT = 250
"""Sets of runs whose pairs stay in memory."""


def comparable(runs: Iterable[Tested]) -> list[list[Tested]]:
    """Runs by what they must share to be compared in pairs; the largest group first."""
    groups: dict[tuple[str, ...], list[Tested]] = {}
    for each in runs:
        config = each.run.config
        shared = (config.dataset, config.base_model, each.evaluation.fingerprint)
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
    elif first.evaluation.fingerprint != second.evaluation.fingerprint:
        sizes = (first.evaluation.num_texts, second.evaluation.num_texts)
        count = (
            f"{sizes[0]:,} and {sizes[1]:,} of them"
            if sizes[0] != sizes[1]
            else f"{sizes[0]:,} each, but not the same"
        )
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
    found = [pair for group in groups for pair in _compared(*_kept_by(group))]
    return tuple(
        pair.model_copy(update={"words": in_words(pair, runs[pair.first], runs[pair.second])})
        for pair in corrected(found)
    )


def shown_to_differ(runs: Sequence[Tested]) -> list[tuple[str, str]]:
    """Of many runs on the same texts the pairs whose difference is shown, by the tests alone."""
    return _different(*_kept_by(runs))


def verdict(group: Sequence[Tested], pairs: Sequence[PairFacts]) -> list[str]:
    """What the pairs of runs on the same texts say, in sentences; nothing for a single run."""
    if len(pairs) < 2:
        return [pair.words for pair in pairs]
    where = f"On the same {pairs[0].num_reviews:,} test {group[0].facts.texts}"
    ranked = [Ranked(run.run.run_id, run.facts.name, run.scores.accuracy) for run in group]
    return ranking(ranked, pairs, where, "runs")


def how(count: int) -> list[str]:
    """By which tests several pairs were compared; a single one says so itself."""
    if count < 2:
        return []
    return [f"(Exact McNemar tests at 5 %, Holm-corrected for {count} pairs.)"]


_Ids: TypeAlias = tuple[str, ...]
_Predictions: TypeAlias = tuple[Predictions, ...]


def _kept_by(runs: Iterable[Tested]) -> tuple[_Ids, _Predictions]:
    """What decides the tests of runs: their predictions never change."""
    return tuple(each.run.run_id for each in runs), tuple(each.predictions for each in runs)


@lru_cache(MOST_KEPT)
def _compared(ids: _Ids, predictions: _Predictions) -> list[PairFacts]:
    right = {run_id: each.correct for run_id, each in zip(ids, predictions, strict=True)}
    pairs = list(combinations(sorted(ids, key=lambda run_id: -right[run_id].sum()), 2))
    return [_pair(a, b, right[a], right[b], len(pairs)) for a, b in pairs]


@lru_cache(MOST_KEPT)
def _different(ids: _Ids, predictions: _Predictions) -> list[tuple[str, str]]:
    tests = [statistics.mcnemar(a.correct, b.correct) for a, b in combinations(predictions, 2)]
    pairs = zip(combinations(ids, 2), statistics.holm(tests), strict=True)
    return [pair for pair, p in pairs if p < ALPHA]


def _pair(
    first: str, second: str, one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], pairs: int
) -> PairFacts:
    """Two of the runs that make so many pairs; ``one`` and ``other`` say what each got right."""
    only_first, only_second = int(np.sum(one & ~other)), int(np.sum(other & ~one))
    difference, low, high = statistics.paired_difference(only_first, only_second, len(one))
    p = statistics.mcnemar(one, other)
    return PairFacts(
        first=first,
        second=second,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_corrected=p,
        num_reviews=len(one),
        only_first=only_first,
        only_second=only_second,
        disagreements=only_first + only_second,
        # Enough texts for the first, strictest of Holm's steps are enough for each.
        reviews_needed=statistics.texts_needed(only_first, only_second, len(one), ALPHA / pairs),
    )


def in_words(pair: PairFacts, one: Tested, other: Tested) -> str:
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
