"""A made-up data set of five labels, as a row that anybody might add."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from peft_demo.data import DATASETS, DataSet, LoadingCode
from peft_demo.data.dataset import Labelled

LABELS = ("animal", "dish", "planet", "sport", "tool")

CODE = textwrap.dedent(
    """\
    import pandas as pd

    WORDS = [
        ["cat", "dog", "horse", "rabbit", "cow"],
        ["soup", "pizza", "cake", "salad", "curry"],
        ["mars", "venus", "saturn", "jupiter", "neptune"],
        ["tennis", "football", "rowing", "hockey", "judo"],
        ["hammer", "saw", "drill", "wrench", "chisel"],
    ]
    PLACES = ["today", "here", "again", "at last", "once more"]
    table = pd.DataFrame(
        [
            {"text": f"we saw a {word} {place}, number {number}", "label": label}
            for label, words in enumerate(WORDS)
            for word in words
            for place in PLACES
            for number in range(6)
        ]
    )"""
)


def _read() -> Labelled:
    names: dict[str, Any] = {}
    exec(CODE, names)
    return Labelled(names["table"]["text"].tolist(), names["table"]["label"].tolist())


FIVE = DataSet(
    id="five",
    label="Five things (made up)",
    source="tests",
    licence="Apache-2.0",
    labels=LABELS,
    task="topic-classification",
    most_texts=400,
    read=_read,
    code=LoadingCode("They are made up here.", CODE),
    noun="sentence",
    test_pool=200,
)


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """The row, among the data sets for one test."""
    monkeypatch.setitem(DATASETS, FIVE.id, FIVE)
    return FIVE
