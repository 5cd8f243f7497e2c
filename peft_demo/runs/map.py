"""Where a run's test texts lie among each other before and after its training."""

from __future__ import annotations

from peft_demo.runs.results import Record

MOST_TEXTS = 300
"""Test texts of a map: the first of them."""


class Place(Record):
    """One text, in the plane of the map."""

    index: int
    """Its place among the test texts, from 0."""
    label: str
    said: str
    """What the trained run says."""
    before: tuple[float, float]
    after: tuple[float, float]


class FeatureMap(Record):
    """The first token's features of test texts on two principal components.

    They are fitted on the features before and after the training together, so that both can be
    compared.
    """

    run_id: str
    explained: tuple[float, float]
    """Each component's share of the variance."""
    texts: tuple[Place, ...]
