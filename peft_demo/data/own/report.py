"""Report: what is to be known of somebody's texts before a run learns from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from peft_demo.data.origin import Origin
from peft_demo.data.own.nearness import near_duplicates
from peft_demo.data.split import Pools

_MOST_COUNTED = 10_000
"""Texts whose tokens are counted; of more, as many at even distances."""

_MOST_NEAR = 20

Counting = Callable[[Sequence[str]], Sequence[int]]
"""Counts the tokens of each text."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class RefusedRow(_Record):
    """A row that was left out."""

    row: int
    """As a spreadsheet or an editor counts, from 1, header and empty rows included."""
    reason: str
    file: str = "training"
    """``training`` or ``test``, where there are two files."""


class Example(_Record):
    """A text as it was read."""

    row: int
    text: str
    label: str


class NearDuplicate(_Record):
    """A test text that is almost one to train on."""

    test: str
    training: str
    similarity: float
    """Share of their rows of three words that are in both."""


class Lengths(_Record):
    """Tokens of the texts, with those that open and close each."""

    tokenizer: str
    """Whose tokens."""
    median: int
    most_of_ten: int
    """Nine of ten texts have no more."""
    longest: int
    cut: dict[int, float]
    """By ``max_length`` the share of texts that would lose their end."""


class Report(_Record):
    """What was read, what was left out and why, and what a run should know."""

    dataset: str
    name: str
    labels: tuple[str, ...]
    text_column: str
    label_column: str
    columns: tuple[str, ...]
    kind: str
    rows: int
    """Texts that were kept, of both files."""
    refused_rows: tuple[RefusedRow, ...]
    notes: tuple[str, ...]
    balance: dict[str, tuple[int, int]]
    """By label how many texts there are to train on, and to test."""
    most_texts: int
    """How many a run may draw, as many of each label."""
    test_texts: int
    has_own_test: bool
    """Whether the test texts were given, and not split off."""
    examples: tuple[Example, ...]
    """The first rows."""
    near_duplicates: tuple[NearDuplicate, ...]
    """The most similar ones."""
    num_near_duplicates: int
    lengths: Lengths | None = None
    origin: Origin | None = None
    """Where on the Hub they come from, if they do."""


def near_in(pools: Pools) -> tuple[tuple[NearDuplicate, ...], int]:
    """Test texts that are almost texts to train on: the most similar, and how many there are."""
    found = near_duplicates(pools.test.texts, pools.training.texts)
    told = (
        NearDuplicate(
            test=_excerpt(pools.test.texts[tested]),
            training=_excerpt(pools.training.texts[trained]),
            similarity=round(similarity, 3),
        )
        for tested, trained, similarity in found[:_MOST_NEAR]
    )
    return tuple(told), len(found)


def lengths_of(
    texts: Sequence[str], count: Counting, tokenizer: str, cuts: Sequence[int]
) -> Lengths:
    """How long texts are, in a tokenizer's tokens.

    Args:
        texts: that are to be learned or tested on.
        count: counts their tokens.
        tokenizer: whose they are.
        cuts: values of ``max_length``, up to the largest that it may have; what they would cut is
            told, and what the texts' own median, ninth tenth and longest would, up to the first
            that cuts nothing.
    """
    step = -(-len(texts) // _MOST_COUNTED)
    counted = np.asarray(count(texts[::step]))
    median = int(np.percentile(counted, 50, method="higher"))
    most_of_ten = int(np.percentile(counted, 90, method="higher"))
    longest = int(counted.max())
    told = [most for most in cuts if most <= longest] + [median, most_of_ten, longest]
    return Lengths(
        tokenizer=tokenizer,
        median=median,
        most_of_ten=most_of_ten,
        longest=longest,
        cut={
            most: float(np.mean(counted > most))
            for most in sorted({*told})
            if min(cuts) <= most <= max(cuts)
        },
    )


def balance_of(pools: Pools, labels: Sequence[str]) -> dict[str, tuple[int, int]]:
    """By label how many texts there are to train on, and to test."""
    parts = (pools.training.labels, pools.test.labels)
    training, test = (np.bincount(part, minlength=len(labels)).tolist() for part in parts)
    return {label: (training[n], test[n]) for n, label in enumerate(labels)}


def _excerpt(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
