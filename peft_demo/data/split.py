"""A data set, split for good into a test pool and a training pool."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from peft_demo.data.text import clean

TEST_POOL = 5_000
"""Reviews of each data set that no run ever trains on, half of them positive."""


@dataclass(frozen=True)
class Reviews:
    """Texts with their labels: 0 is negative, 1 positive."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Iterable[int]) -> Reviews:
        """The reviews at ``indices``, in that order."""
        chosen = list(indices)
        return Reviews(tuple(self.texts[i] for i in chosen), tuple(self.labels[i] for i in chosen))

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether two runs were tested on the same reviews."""
        digest = hashlib.sha256()
        for text, label in zip(self.texts, self.labels, strict=True):
            digest.update(f"{label}{text}\0".encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Pools:
    """A data set, split for good."""

    test: Reviews
    training: Reviews


def split(texts: Iterable[str], labels: Iterable[int]) -> Pools:
    """Clean, drop duplicates, and set the test pool aside.

    The order is that of the texts' sha256, so that the split depends on nothing but the texts
    themselves. The test pool alternates labels: its first N reviews are balanced for every N.
    """
    unique = {clean(text): int(label) for text, label in zip(texts, labels, strict=True)}
    ordered = sorted(unique, key=lambda text: hashlib.sha256(text.encode()).digest())
    by_label = [[text for text in ordered if unique[text] == label] for label in (0, 1)]
    half = min(TEST_POOL // 2, *(len(texts) * 3 // 5 for texts in by_label))
    test = [
        text for pair in zip(*(texts[:half] for texts in by_label), strict=True) for text in pair
    ]
    held_out = set(test)
    training = [text for text in ordered if text not in held_out]
    return Pools(
        *(
            Reviews(tuple(chosen), tuple(unique[text] for text in chosen))
            for chosen in (test, training)
        )
    )
