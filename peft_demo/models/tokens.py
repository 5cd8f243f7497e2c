"""Texts as a model sees them: their tokens, up to the cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from peft_demo.models.base import Base
from peft_demo.models.loading import load


class SeenText(NamedTuple):
    """What a model gets of a text."""

    tokens: tuple[str, ...]
    """As its vocabulary writes them, with those that open and close each text."""
    num_tokens: int
    """Of the whole text."""
    num_characters: int
    """Of the text, from its beginning, that are in these tokens."""


def seen(base: Base, texts: Sequence[str], max_length: int | None) -> list[SeenText]:
    """What a model gets of texts that are cut to ``max_length`` tokens, or not at all."""
    if not texts:
        return []
    cut, whole = base.encode(texts, max_length), base.encode(texts)
    found = []
    for text, ids, offsets, every in zip(
        texts, cut["input_ids"], cut["offset_mapping"], whole["input_ids"], strict=True
    ):
        is_cut = len(every) > len(ids)
        end = max((last for _, last in offsets), default=0) if is_cut else len(text)
        tokens = tuple(base.tokenizer.convert_ids_to_tokens(ids))
        found.append(SeenText(tokens, len(every), end))
    return found


@lru_cache(maxsize=16)
def lengths(base_id: str, texts: tuple[str, ...]) -> tuple[int, ...]:
    """How many tokens each text has, uncut.

    Raises:
        AssetError: the base cannot be loaded.
    """
    return tuple(map(len, load(base_id).encode(texts)["input_ids"])) if texts else ()
