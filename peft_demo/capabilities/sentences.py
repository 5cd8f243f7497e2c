"""Capabilities of labelled sentences: the rows of ``sentences.yaml`` with their slots filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, product, zip_longest
from pathlib import Path
from typing import Any

import yaml

from peft_demo.capabilities.capability import LABELS, Capability, Kind

NUM_TEXTS = 60
"""Of each capability, as many of each label that it has."""

_SLOT = re.compile(r"\{(\w+)\}")


@cache
def sentences() -> tuple[Capability, ...]:
    """Every row, in the order of the file."""
    path = Path(__file__).with_name("sentences.yaml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_capability(row, content["words"]) for row in content["capabilities"])


def _capability(row: Mapping[str, Any], words: Mapping[str, Sequence[str]]) -> Capability:
    given = [label for label in LABELS if label in row]
    texts, labels = [], []
    for label in given:
        chosen = islice(_filled(row[label], words), NUM_TEXTS // len(given))
        for text in chosen:
            texts.append(text)
            labels.append(LABELS.index(label))
    return Capability(
        row["id"], row["label"], row["about"], Kind.LABEL, tuple(texts), tuple(labels)
    )


def _filled(templates: Sequence[str], words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What templates make, one of each in turn, each in an order that only its texts decide."""
    made = [sorted(set(_of(template, words)), key=_place) for template in templates]
    for turn in zip_longest(*made):
        yield from (text for text in turn if text is not None)


def _of(template: str, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    slots = _SLOT.findall(template)
    for chosen in product(*(words[slot] for slot in slots)):
        text = _SLOT.sub("{}", template).format(*chosen)
        yield re.sub(r"\b([Aa])(?= [aeiou])", r"\1n", text)


def _place(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
