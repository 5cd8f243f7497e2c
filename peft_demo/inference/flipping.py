"""The fewest words whose deletion turns what an adapter says of a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from peft_demo import data, models
from peft_demo.inference.contributions import Shares
from peft_demo.inference.predictor import Predictor
from peft_demo.inference.words import Span, without, words
from peft_demo.runs import Run
from peft_demo.runs.results import Record

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_IN_PAIRS = 40
"""Words of which all pairs are tried: 780."""

MOST_TRIED = 200
"""Words that are looked at; of a longer text the first."""

MOST_DELETED = 20


class Flip(Record):
    """What turns a label, if anything was found."""

    run_id: str
    text: str
    """As it is read."""
    label: str
    """Of the whole text."""
    deleted: tuple[tuple[int, int], ...]
    """From where to where each deleted word stands, in characters; empty if nothing was found."""
    becomes: str
    """The label without them."""
    probability: float
    """Of that label."""
    is_fewest: bool
    """Whether no fewer words would do: all were tried. Else each was the best at its step."""


def flip(predictor: Predictor, run: Run, text: object) -> Flip:
    """Find it, by asking the run about edited texts.

    Raises:
        InvalidFieldsError: the text is empty or too long.
        AssetError: the adapter's files are missing or damaged.
    """
    cleaned = data.check_text(text)
    base = models.load(run.config.base_model)
    (offsets,) = base.encode([cleaned], run.config.max_length)["offset_mapping"]
    read_to = max(end for _, end in offsets)
    parts = [part for part in words(cleaned) if part.start < read_to][:MOST_TRIED]

    def shares(texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return predictor.shares(run.run_id, texts)

    deleted, found, is_fewest = fewest(cleaned, parts, shares)
    labels = run.config.labels
    return Flip(
        run_id=run.run_id,
        text=cleaned,
        label=labels[int(shares([cleaned])[0].argmax())],
        deleted=tuple(sorted(deleted)),
        becomes=labels[int(found.argmax())],
        probability=float(found.max()),
        is_fewest=is_fewest,
    )


def fewest(
    text: str, parts: Sequence[Span], shares: Shares
) -> tuple[list[Span], npt.NDArray[np.float64], bool]:
    """The parts to delete, the probabilities without them, and whether fewer would not do.

    Exact for one part, and for two where not too many pairs are to be tried; beyond that the part
    that moves the label most is deleted, step by step. Nothing where no such deletion turns it.
    """
    (before,) = shares([text])
    label = int(before.argmax())

    def tried(several: Sequence[Sequence[Span]]) -> tuple[int, npt.NDArray[np.float64]]:
        """The one that moves the label most, and the probabilities without it."""
        found = shares([text, *(without(text, some) for some in several)])[1:]
        best = int(found[:, label].argmin())
        return best, found[best]

    alone = [[part] for part in parts]
    if not alone:
        return [], before, True
    best, found = tried(alone)
    deleted = alone[best]
    if int(found.argmax()) != label:
        return deleted, found, True
    is_exact = len(parts) <= MOST_IN_PAIRS
    pairs = [[*pair] for pair in combinations(parts, 2)] if is_exact else []
    if pairs:
        best, found = tried(pairs)
        deleted = pairs[best]
        if int(found.argmax()) != label:
            return deleted, found, True
    while len(deleted) < min(MOST_DELETED, len(parts) - 1):
        longer = [[*deleted, part] for part in parts if part not in deleted]
        best, found = tried(longer)
        deleted = longer[best]
        if int(found.argmax()) != label:
            # One more than what was tried in vain.
            return deleted, found, len(deleted) == (3 if is_exact else 2)
    return [], before, False
