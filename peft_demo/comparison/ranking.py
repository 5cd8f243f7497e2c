"""Who is shown to be better than whom, of runs or configurations that were compared in pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

from peft_demo import statistics
from peft_demo.comparison.facts import Pair
from peft_demo.comparison.words import listed, p_value, percent

AnyPair = TypeVar("AnyPair", bound=Pair)


class Ranked(NamedTuple):
    """A run or a configuration with its accuracy."""

    id: str
    name: str
    accuracy: float


def corrected(pairs: Sequence[AnyPair], in_words: Callable[[AnyPair], str]) -> tuple[AnyPair, ...]:
    """The pairs, their p-values corrected for all of them, and what each can tell."""
    p_values = statistics.holm([pair.p for pair in pairs])
    told = []
    for pair, p in zip(pairs, p_values, strict=True):
        tested = pair.model_copy(update={"p_corrected": p})
        told.append(tested.model_copy(update={"words": in_words(tested)}))
    return tuple(told)


def ranking(entries: Iterable[Ranked], pairs: Sequence[Pair], where: str, noun: str) -> list[str]:
    """Who is shown to be better than whom, and between whom no difference is shown."""
    if len(pairs) < 2:
        return [pair.words for pair in pairs]
    ranked = sorted(entries, key=lambda entry: -entry.accuracy)
    if not any(pair.is_shown for pair in pairs):
        span = f"{percent(ranked[-1].accuracy)} to {percent(ranked[0].accuracy)}"
        smallest = p_value(min(pair.p_corrected for pair in pairs))
        return [
            f"{where}, no difference between these {len(ranked)} {noun} is shown: {span}, "
            f"smallest {smallest}."
        ]
    names = {entry.id: entry.name for entry in ranked}
    sets = [listed([names[i] for i in ids]) for ids in alike(list(names), pairs)]
    if not sets:
        return [_best(ranked, pairs, where), "Every two of them are shown to differ."]
    return [
        _best(ranked, pairs, where),
        f"No difference is shown between {'; nor between '.join(sets)}.",
    ]


def how(pairs: Sequence[Pair], tests: str) -> list[str]:
    """By which tests several pairs were compared; a single one says so itself."""
    if len(pairs) < 2:
        return []
    return [f"({tests} at 5 %, Holm-corrected for {len(pairs)} pairs.)"]


def alike(ranked: Sequence[str], pairs: Sequence[Pair]) -> list[list[str]]:
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


def _best(ranked: Sequence[Ranked], pairs: Sequence[Pair], where: str) -> str:
    best = ranked[0]
    beaten = {pair.second for pair in pairs if pair.is_shown and pair.first == best.id}
    start = f"{where}, {best.name} ({percent(best.accuracy)})"
    if not beaten:
        return f"{start} did best, but is not shown to be better than any other here."
    if len(beaten) == len(ranked) - 1:
        return f"{start} is better than all the others."
    return f"{start} is better than {listed([e.name for e in ranked if e.id in beaten])}."
