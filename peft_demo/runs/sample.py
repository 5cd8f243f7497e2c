"""The reviews of one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from peft_demo.data import Pools, Reviews
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs.config import RunConfig


@dataclass(frozen=True)
class RunReviews:
    """What one run trains, validates and is tested on."""

    train: Reviews
    validation: Reviews
    test: Reviews


def draw(pools: Pools, config: RunConfig) -> RunReviews:
    """The reviews of one run: drawn by its seed, as many of each label, 4:1; tests are fixed.

    Raises:
        InvalidFieldsError: the data set has fewer reviews than asked for.
    """
    generator = np.random.default_rng(config.seed_of("sample_seed"))
    labels = np.asarray(pools.training.labels)
    per_label = [generator.permutation(np.flatnonzero(labels == label)) for label in (0, 1)]
    most = 2 * min(len(indices) for indices in per_label)
    if config.num_reviews > most:
        raise InvalidFieldsError(
            {
                "num_reviews": f"num_reviews must be at most {most:,} for this data set, "
                f"got {config.num_reviews:,}."
            }
        )
    # Alternating labels before the cut, so that both parts are balanced to within one review.
    mixed = np.stack([indices[: most // 2] for indices in per_label], axis=1).ravel()
    drawn = mixed[: config.num_reviews]
    train = generator.permutation(drawn[: config.num_train_reviews])
    return RunReviews(
        train=pools.training.take(train),
        validation=pools.training.take(drawn[config.num_train_reviews :]),
        test=pools.test.take(range(min(config.num_test_reviews, len(pools.test)))),
    )
