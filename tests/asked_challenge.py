"""A challenge of few texts, so that a test need not wait for all of them."""

from functools import cache

import pytest

from peft_demo import capabilities
from peft_demo.capabilities import Capability, Pairs

FEW = 3


@cache
def few_capabilities() -> tuple[Capability, ...]:
    return tuple(
        Capability(
            each.id,
            each.label,
            each.about,
            each.kind,
            each.texts[:FEW],
            each.labels[:FEW],
            each.originals[:FEW],
        )
        for each in capabilities.every()
    )


@cache
def few_pairs() -> Pairs:
    pairs = capabilities.built_in()
    return Pairs(
        pairs.name,
        pairs.originals[:FEW],
        pairs.edits[:FEW],
        pairs.labels[:FEW],
        pairs.edited_labels[:FEW],
    )


@pytest.fixture
def few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, pairs = few_capabilities(), few_pairs()
    monkeypatch.setattr(capabilities, "every", lambda: rows)
    monkeypatch.setattr(capabilities, "built_in", lambda: pairs)
