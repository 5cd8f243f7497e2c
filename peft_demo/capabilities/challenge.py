"""All texts of a challenge, once each, and those that have a label as evaluation sets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from peft_demo.capabilities.capability import Capability, Kind
from peft_demo.capabilities.pairs import Pairs
from peft_demo.data import LabelledTexts

CAPABILITIES, EDITED_PAIRS = "capabilities", "edited-pairs"
"""What the evaluation sets are called."""


def all_texts(rows: Iterable[Capability], *every: Pairs) -> LabelledTexts:
    """Every text once; the labels are of no account where a text is changed."""
    known: dict[str, int] = {}
    for each in rows:
        known |= dict(zip(each.texts, each.labels, strict=True))
        known |= dict.fromkeys(set(each.originals) - known.keys(), 0)
    for pairs in every:
        known |= dict(zip(pairs.texts, _alternating(pairs), strict=True))
    ordered = sorted(known)
    return LabelledTexts(tuple(ordered), tuple(known[text] for text in ordered))


def evaluation_sets(rows: Iterable[Capability], pairs: Pairs) -> dict[str, LabelledTexts]:
    """Labelled sentences, and both texts of each pair, by what the sets are called."""
    labelled = [each for each in rows if each.kind is Kind.LABEL]
    sentences = LabelledTexts(
        tuple(chain.from_iterable(each.texts for each in labelled)),
        tuple(chain.from_iterable(each.labels for each in labelled)),
    )
    return {CAPABILITIES: sentences, EDITED_PAIRS: LabelledTexts(pairs.texts, _alternating(pairs))}


def _alternating(pairs: Pairs) -> tuple[int, ...]:
    return tuple(chain.from_iterable(zip(pairs.labels, pairs.edited_labels, strict=True)))
