"""Who is shown to be better than whom, of runs or configurations that were compared in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

from peft_demo import statistics
from peft_demo.comparison.facts import Pair
from peft_demo.comparison.words import sentences
from peft_demo.languages import _

AnyPair = TypeVar("AnyPair", bound=Pair)


class Ranked(NamedTuple):
    """A run or a configuration with its accuracy."""

    id: str
    name: str
    accuracy: float
    num_adapter_parameters: int | None = None


def corrected(
    pairs: Sequence[AnyPair], template: str, members: Mapping[str, object]
) -> tuple[AnyPair, ...]:
    """The pairs, their p-values corrected for all of them, and what each of them can tell."""
    told = []
    differ = statistics.holm([pair.p for pair in pairs])
    equal = statistics.holm([pair.p_equivalence for pair in pairs])
    for pair, p, p_equivalence in zip(pairs, differ, equal, strict=True):
        tested = pair.model_copy(update={"p_corrected": p, "p_equivalence": p_equivalence})
        first, second = members[pair.first], members[pair.second]
        words = sentences(template, pair=tested, first=first, second=second)
        told.append(tested.model_copy(update={"words": " ".join(words)}))
    return tuple(told)


def ranking(entries: Iterable[Ranked], pairs: Sequence[Pair], where: str, noun: str) -> list[str]:
    """Who is shown to be better than whom, who is practically equal, and what to choose then."""
    if not pairs:
        return []
    ranked = sorted(entries, key=lambda entry: -entry.accuracy)
    if len(pairs) == 1:
        return [pairs[0].words, *_chosen(ranked, pairs)]
    names = {entry.id: entry.name for entry in ranked}
    beaten = {pair.second for pair in pairs if pair.is_shown and pair.first == ranked[0].id}
    told = sentences(
        "ranking",
        where=where,
        noun=noun,
        ranked=ranked,
        is_any_shown=any(pair.is_shown for pair in pairs),
        smallest=min(pair.p_corrected for pair in pairs),
        beaten=[name for i, name in names.items() if i in beaten],
        alike=[[names[i] for i in ids] for ids in alike(list(names), pairs)],
        margin=pairs[0].margin,
        equivalent=[[names[i] for i in ids] for ids in equivalent(list(names), pairs)],
    )
    return [*told, *_chosen(ranked, pairs)]


def _chosen(ranked: Sequence[Ranked], pairs: Sequence[Pair]) -> list[str]:
    """The sentence that chooses: what is practically equal to the best, and smaller."""
    best, *others = ranked
    equal = {pair.second for pair in pairs if pair.is_equivalent and pair.first == best.id}
    able = [
        (each.num_adapter_parameters, each)
        for each in others
        if each.id in equal and each.num_adapter_parameters is not None
    ]
    size, smallest = min(able, default=(0, best), key=lambda one: one[0])
    if not best.num_adapter_parameters or smallest is best or size >= best.num_adapter_parameters:
        return []
    return sentences(
        "chosen",
        best=best,
        smallest=smallest,
        share=size / best.num_adapter_parameters,
        margin=pairs[0].margin,
    )


def how(pairs: Sequence[Pair], tests: str) -> list[str]:
    """By which tests several pairs were compared; a single one says so itself."""
    if len(pairs) < 2:
        return []
    return sentences("how", tests=_(tests), total=len(pairs))


def alike(ranked: Sequence[str], pairs: Sequence[Pair]) -> list[list[str]]:
    """Sets within which no difference is shown; every such pair is in at least one."""
    return _cliques(ranked, [pair for pair in pairs if not pair.is_shown])


def equivalent(ranked: Sequence[str], pairs: Sequence[Pair]) -> list[list[str]]:
    """Sets within which every two are practically equal; every such pair is in at least one."""
    return _cliques(ranked, [pair for pair in pairs if pair.is_equivalent])


def _cliques(ranked: Sequence[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """Sets of which every two are among the pairs; each pair is in at least one."""
    same = {frozenset((pair.first, pair.second)) for pair in pairs}
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
