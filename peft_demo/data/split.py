"""A data set, split for good into a test pool and a training pool."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

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
    revision: str = ""
    """The Hub's commit that they were read from; nothing of what cannot change."""


def split(
    texts: Iterable[str],
    labels: Iterable[int],
    num_labels: int,
    test_pool: int,
    test: tuple[Iterable[str], Iterable[int]] | None = None,
) -> Pools:
    """Clean, drop duplicates, and set the test pool aside.

    The order is that of the texts' sha256, so that the split depends on nothing but the texts
    themselves. The test pool alternates labels: its first N texts are balanced for every N.

    Args:
        texts: all there are.
        labels: of each text, from 0 to ``num_labels`` - 1.
        num_labels: how many labels there are.
        test_pool: how many texts to set aside; fewer where a label has few.
        test: the test pool, if somebody gives it: all of it, alternating as long as labels last.
    """
    unique = {clean(text): int(label) for text, label in zip(texts, labels, strict=True)}
    if test is not None:
        given = {clean(text): int(label) for text, label in zip(*test, strict=True)}
        training = [text for text in _ordered(unique) if text not in given]
        tested = _alternating(_by_label(given, num_labels))
        return Pools(_labelled(tested, given), _labelled(training, unique))
    by_label = _by_label(unique, num_labels)
    share = min(test_pool // num_labels, *(len(texts) * 3 // 5 for texts in by_label))
    tested = _alternating([texts[:share] for texts in by_label])
    held_out = set(tested)
    training = [text for text in _ordered(unique) if text not in held_out]
    return Pools(_labelled(tested, unique), _labelled(training, unique))


def _ordered(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())


def _by_label(label_of: Mapping[str, int], num_labels: int) -> list[list[str]]:
    ordered = _ordered(label_of)
    return [[text for text in ordered if label_of[text] == n] for n in range(num_labels)]


def _alternating(by_label: Iterable[list[str]]) -> list[str]:
    """One of each label in turn, in the end of those that have more."""
    turns = zip_longest(*by_label)
    return [text for turn in turns for text in turn if text is not None]


def _labelled(texts: Iterable[str], label_of: Mapping[str, int]) -> LabelledTexts:
    chosen = tuple(texts)
    return LabelledTexts(chosen, tuple(label_of[text] for text in chosen))
