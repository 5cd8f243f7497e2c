"""DataSet: one row of DATASETS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from peft_demo import hub
from peft_demo.data.origin import Origin


class Labelled(NamedTuple):
    """Texts, and the number of each one's label."""

    texts: list[str]
    labels: list[int]
    revision: str = ""
    """The Hub's commit that they were read from, if they come from there each time."""


@dataclass(frozen=True)
class LoadingCode:
    """How exported code loads a data set or a base.

    It leaves a ``table`` with columns text and label, or a ``model`` and a ``tokenizer``.
    """

    explanation: str
    code: str
    """Begins with its imports, each on one line."""
    packages: tuple[str, ...] = ()
    """What must be installed for it, beside what all exported code needs."""
    at: Callable[[str], str] | None = None
    """The same code for a commit of the Hub; None where there is none, or it stands there."""

    def pinned(self, revision: str) -> LoadingCode:
        """It for the state that a run recorded: pinned where that is a commit of the Hub."""
        if self.at is None or not hub.COMMIT.fullmatch(revision):
            return self
        return replace(self, code=self.at(revision))


@dataclass(frozen=True)
class DataSet:
    """Texts with labels: what they are, where they come from, how they load, and their sizes.

    Raises:
        ValueError: it has fewer than 2 or more than 20 labels, two of one name, or no texts to
            train and test on.
    """

    id: str
    label: str
    """What the page calls it: ``IMDB reviews (built in)``."""
    source: str
    """Who collected it, and where it can be read about."""
    licence: str
    labels: tuple[str, ...]
    """Their names, in the order of their numbers."""
    task: str
    """What the Hub calls learning from it: ``sentiment-analysis``."""
    most_texts: int
    """How many a run may draw, once the test pool is set aside."""
    read: Callable[[], Labelled]
    """Loads all texts; raises AssetError where its files are missing, damaged or out of reach."""
    code: LoadingCode
    noun: str = "text"
    """What the page calls one text: ``review``."""
    test_pool: int = 5_000
    """Texts that no run ever trains on, as many of each label."""
    rows: int | None = None
    """How many texts there are in all, where that is known before they are read."""
    read_test: Callable[[], Labelled] | None = None
    """Loads the test pool, where somebody gave it; else it is split off. Raises as ``read``."""
    is_raw: bool = False
    """Whether exported code reads rows that nobody has checked: texts may be empty or too long."""
    origin: Origin | None = None
    """The commit on the Hub that its texts were read from, if they were added from there."""

    def __post_init__(self) -> None:
        if not 2 <= len(set(self.labels)) == len(self.labels) <= 20:
            raise ValueError(f"{self.id} must have 2 to 20 different labels, got {self.labels}")
        is_only_tested = self.most_texts == 0 and self.read_test is not None
        if (self.most_texts < 10 and not is_only_tested) or self.test_pool < 2:
            raise ValueError(f"{self.id} must have at least 10 texts to train on and 2 to test")

    @property
    def is_learned(self) -> bool:
        """Whether runs can learn from it; else it is for testing alone."""
        return self.most_texts > 0

    @property
    def name(self) -> str:
        """Its label without what stands in brackets: ``IMDB reviews``."""
        return re.sub(r" \([^()]*\)$", "", self.label)

    @property
    def numbered_labels(self) -> str:
        """Its labels in a sentence: ``0 negative, 1 positive``."""
        return ", ".join(f"{number} {label}" for number, label in enumerate(self.labels))

    @property
    def nouns(self) -> str:
        """What the page calls several texts: ``reviews``."""
        return f"{self.noun}s"
