"""How many tokens texts have for the built-in base, which is at hand for whoever adds texts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from peft_demo.models.loading import load
from peft_demo.models.registry import BUILTIN_BASE, shape_of

SHORTEST = 8
"""Tokens that a run must at least read of a text."""

USUAL = 50
"""Tokens that a run reads which says nothing else."""

_AT_ONCE = 200
"""Texts between which others may use the tokenizer."""


def counting() -> dict[str, Any]:
    """What ``data.own.prepare`` needs to tell lengths."""

    def count(texts: Sequence[str]) -> list[int]:
        base = load(BUILTIN_BASE)
        parts = (texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE))
        return [len(ids) for part in parts for ids in base.encode(part)["input_ids"]]

    longest = shape_of(BUILTIN_BASE).max_position_embeddings
    doubled = itertools.takewhile(
        lambda most: most < longest, (2 * SHORTEST << n for n in itertools.count())
    )
    cuts = sorted({SHORTEST, USUAL, *doubled, longest})
    return {"count": count, "tokenizer": BUILTIN_BASE, "cuts": cuts}
