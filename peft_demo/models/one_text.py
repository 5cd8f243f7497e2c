"""What a family's blocks are told beside the hidden states, of one text of a batch by itself.

For frozen blocks that compute each text once. A text alone has no padding. Each function gets the
text's row and its number of tokens, and what a block gets beside the batch's hidden states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Told: TypeAlias = tuple[tuple[Any, ...], Mapping[str, Any]]
"""Arguments by place, and by name."""

OneText: TypeAlias = Callable[[int, int, tuple[Any, ...], Mapping[str, Any]], Told]


def no_mask(row: int, length: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Told:
    """Nothing, where the mask hides padding and that is all."""
    return (), {}


def position_bias(row: int, length: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Told:
    """MPNet's, which comes after the mask."""
    return (None, _cut(args[1], row, length)), {}


def relative_positions(
    row: int, length: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Told:
    """DeBERTa's; its mask must be there."""
    positions = kwargs["relative_pos"]
    told = {
        "relative_pos": positions if positions is None else positions[..., :length, :length],
        "rel_embeddings": kwargs["rel_embeddings"],
    }
    return (_cut(args[0], row, length),), told


def rotary_positions(
    row: int, length: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Told:
    """ModernBERT's; the mask of a block that reads a window says so."""
    return (), {
        "attention_mask": _cut(kwargs["attention_mask"], row, length),
        "position_embeddings": tuple(each[:, :length] for each in kwargs["position_embeddings"]),
    }


def _cut(values: Any, row: int, length: int) -> Any:
    """Of (texts or 1, heads or 1, tokens, tokens), those of one text; None stays None."""
    if values is None:
        return None
    place = row if len(values) > 1 else 0
    return values[place : place + 1, :, :length, :length]
