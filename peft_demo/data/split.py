"""A data set, split for good into a test pool and a training pool."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from peft_demo.data.text import clean


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with the numbers of their labels."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Iterable[int]) -> LabelledTexts:
        """Those at ``indices``, in that order."""
        chosen = list(indices)
        return LabelledTexts(
            tuple(self.texts[i] for i in chosen), tuple(self.labels[i] for i in chosen)
        )

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether two runs were tested on the same texts."""
        digest = hashlib.sha256()
        for text, label in zip(self.texts, self.labels, strict=True):
            digest.update(f"{label}{text}\0".encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Pools:
    """A data set, split for good."""

    test: LabelledTexts
    training: LabelledTexts


def split(texts: Iterable[str], labels: Iterable[int], num_labels: int, test_pool: int) -> Pools:
    """Clean, drop duplicates, and set the test pool aside.

    The order is that of the texts' sha256, so that the split depends on nothing but the texts
    themselves. The test pool alternates labels: its first N texts are balanced for every N.

    Args:
        texts: all there are.
        labels: of each text, from 0 to ``num_labels`` - 1.
        num_labels: how many labels there are.
        test_pool: how many texts to set aside; fewer where a label has few.
    """
    unique = {clean(text): int(label) for text, label in zip(texts, labels, strict=True)}
    ordered = sorted(unique, key=lambda text: hashlib.sha256(text.encode()).digest())
    by_label = [[text for text in ordered if unique[text] == n] for n in range(num_labels)]
    share = min(test_pool // num_labels, *(len(texts) * 3 // 5 for texts in by_label))
    test = [
        text for turn in zip(*(texts[:share] for texts in by_label), strict=True) for text in turn
    ]
    held_out = set(test)
    training = [text for text in ordered if text not in held_out]
    return Pools(
        *(
            LabelledTexts(tuple(chosen), tuple(unique[text] for text in chosen))
            for chosen in (test, training)
        )
    )
