"""Near-duplicates: test texts that are almost a text to train on, and so test what was memorised.

Jaccard similarity of the sets of three words in a row (Broder 1997), counted by scikit-learn:
MinHash would estimate it in the same time. Rows of words in very many texts are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

SIMILARITY = 0.7
"""From here on two texts are nearly the same: of twenty words two may differ."""

_IN_ONE_PRODUCT = 200
"""Test texts that are compared at once, which bounds memory."""

_COMMON = 500
"""Texts that a row of three words may stand in before it tells nothing."""

Near = tuple[int, int, float]
"""Places of a test text and of the training text that is nearest to it, and their similarity."""


def near_duplicates(test: Sequence[str], training: Sequence[str]) -> list[Near]:
    """Those of ``SIMILARITY`` or more, the most similar first."""
    from sklearn.feature_extraction.text import HashingVectorizer

    if not test or not training:
        return []
    vectorizer = HashingVectorizer(
        analyzer=_rows_of_words,
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=2**22,
        dtype=np.float32,
    )
    every = vectorizer.transform([*test, *training])
    present, counts = np.unique(every.indices, return_counts=True)
    every = every[:, present[counts <= _COMMON]]
    sizes = np.asarray(every.sum(axis=1)).ravel()
    tested, trained = every[: len(test)], every[len(test) :].T.tocsr()
    found: list[Near] = []
    for start in range(0, len(test), _IN_ONE_PRODUCT):
        shared = (tested[start : start + _IN_ONE_PRODUCT] @ trained).tocoo()
        rows, places = shared.row + start, shared.col
        similarity = shared.data / (sizes[rows] + sizes[len(test) + places] - shared.data)
        nearest: dict[int, Near] = {}
        for index in np.flatnonzero(similarity >= SIMILARITY):
            one = (int(rows[index]), int(places[index]), float(similarity[index]))
            if one[0] not in nearest or nearest[one[0]][2] < one[2]:
                nearest[one[0]] = one
        found += nearest.values()
    return sorted(found, key=lambda near: -near[2])


def _rows_of_words(text: str) -> list[str]:
    """Every three words in a row, without capitals and punctuation; all where there are fewer."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) < 3:
        return [" ".join(words)]
    return [" ".join(words[place : place + 3]) for place in range(len(words) - 2)]
