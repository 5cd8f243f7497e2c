"""Runs in pairs on the same test texts: which may be compared, and what the tests say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from peft_demo import statistics
from peft_demo.comparison import lengths
from peft_demo.comparison.evidence import Tested
from peft_demo.comparison.facts import PairFacts, RefusedPair
from peft_demo.comparison.ranking import Ranked, corrected, ranking
from peft_demo.comparison.words import sentences
from peft_demo.formats import whole
from peft_demo.languages import _, gettext_noop
from peft_demo.statistics import ALPHA

TESTS = gettext_noop("Exact McNemar tests")


def comparable(runs: Iterable[Tested]) -> list[list[Tested]]:
    """Runs by what they must share to be compared in pairs; the largest group first."""
    groups: dict[tuple[str, ...], list[Tested]] = {}
    for each in runs:
        groups.setdefault(_shared(each), []).append(each)
    return sorted(groups.values(), key=len, reverse=True)


def refused(runs: Iterable[Tested]) -> tuple[RefusedPair, ...]:
    """The pairs of runs that must not be compared, each with the reason."""
    return tuple(
        RefusedPair(
            first=a.run.run_id,
            second=b.run.run_id,
            reason=" ".join(sentences("refused", first=a, second=b)),
        )
        for a, b in combinations(runs, 2)
        if _shared(a) != _shared(b)
    )


def _shared(each: Tested) -> tuple[str, ...]:
    return (each.run.config.dataset, each.run.config.base_model, each.fingerprint)


def compare(
    groups: Sequence[Sequence[Tested]], margin: float = statistics.MARGIN
) -> tuple[PairFacts, ...]:
    """The pairs within each group, the best first, corrected for all that stand on one page.

    Those whose difference is shown to lie within the margin, in points, are practically equal.
    """
    facts = {each.run.run_id: each.facts for group in groups for each in group}
    found = []
    for group in groups:
        ranked = sorted(group, key=lambda each: -each.scores.accuracy)
        pairs = list(combinations(ranked, 2))
        found += [_pair(*pair, len(pairs), margin) for pair in pairs]
    return corrected(found, "pair", facts)


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
    where = _("On the same %(count)s test %(texts)s") % {
        "count": whole(group[0].scores.num_reviews),
        "texts": _(group[0].facts.texts),
    }
    ranked = [
        Ranked(
            run.run.run_id, run.facts.name, run.scores.accuracy, run.facts.num_adapter_parameters
        )
        for run in group
    ]
    told = ranking(ranked, pairs, where, gettext_noop("runs"))
    return [*told, *lengths.told(group)] if told else []


def _pair(one: Tested, other: Tested, num_pairs: int, margin: float) -> PairFacts:
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
        margin=margin,
        p_equivalence=statistics.equivalence(only_first, only_second, total, margin / 100),
        num_reviews=total,
        max_lengths=lengths.apart((one, other)),
        only_first=only_first,
        only_second=only_second,
        disagreements=only_first + only_second,
        # Enough texts for the first, strictest of Holm's steps are enough for each.
        reviews_needed=statistics.texts_needed(only_first, only_second, total, ALPHA / num_pairs),
        reviews_needed_for_equivalence=statistics.texts_needed_for_equivalence(
            only_first, only_second, total, margin / 100, ALPHA / num_pairs
        ),
    )
