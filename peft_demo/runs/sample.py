"""The texts of one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from peft_demo.data import LabelledTexts, Pools
from peft_demo.errors import refuse
from peft_demo.runs.config import RunConfig
from peft_demo.runs.known import KnownConfig


@dataclass(frozen=True)
class RunTexts:
    """What one run trains, validates and is tested on."""

    train: LabelledTexts
    validation: LabelledTexts
    test: LabelledTexts


def draw(pools: Pools, config: RunConfig) -> RunTexts:
    """The texts of one run: drawn by its seed, as many of each label, 4:1; tests are fixed.

    Raises:
        InvalidFieldsError: the data set has fewer texts than asked for.
    """
    generator = np.random.default_rng(config.seed_of("sample_seed"))
    labels = np.asarray(pools.training.labels)
    per_label = [
        generator.permutation(np.flatnonzero(labels == label))
        for label in range(len(config.labels))
    ]
    share = min(map(len, per_label))
    most = share * len(per_label)
    if config.num_reviews > most:
        refuse(
            "num_reviews",
            f"num_reviews must be at most {most:,} for this data set, got {config.num_reviews:,}.",
        )
    # Alternating labels before the cut, so that both parts are balanced to within one text.
    mixed = np.stack([indices[:share] for indices in per_label], axis=1).ravel()
    drawn = mixed[: config.num_reviews]
    train = generator.permutation(drawn[: config.num_train_reviews])
    return RunTexts(
        train=pools.training.take(train),
        validation=pools.training.take(drawn[config.num_train_reviews :]),
        test=tested_texts(pools, config),
    )


def tested_texts(pools: Pools, config: KnownConfig) -> LabelledTexts:
    """What any run is tested on: the first of the test pool."""
    number = len(pools.test) if config.num_test_reviews is None else config.num_test_reviews
    return pools.test.take(range(min(number, len(pools.test))))
