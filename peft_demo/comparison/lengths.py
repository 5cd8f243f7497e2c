"""Runs that read their texts at different lengths: what has to be said beside a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peft_demo.comparison.evidence import Tested
from peft_demo.comparison.words import sentences


def told(runs: Iterable[Tested]) -> list[str]:
    """One sentence that names the lengths; nothing where all runs read alike."""
    names: dict[int, list[str]] = {}
    for each in runs:
        if each.facts.max_length is not None:
            names.setdefault(each.facts.max_length, []).append(each.facts.name)
    return sentences("lengths", names=sorted(names.items())) if len(names) > 1 else []


def apart(pair: Sequence[Tested]) -> tuple[int, int] | None:
    """The lengths of two runs, where they differ."""
    first, second = (each.facts.max_length for each in pair)
    if first is None or second is None or first == second:
        return None
    return first, second
