"""A store in which a class has worked: a finished sweep, and more runs than a table shows."""

import numpy as np
from compared_runs import finish
from seeded_runs import seed

from peft_demo import data
from peft_demo.runs import GroupKind, RunConfig
from peft_demo.runs.sweeps import Plan
from peft_demo.storage import Store

RANKS, SEEDS = (2, 8), (1, 2)
GROUPED = len(RANKS) * len(SEEDS)
SEEDED = 110
"""As many come after the sweep's."""


def stock(store: Store) -> None:
    """Fill an empty store, which no engine serves yet."""
    pool = data.load("imdb").test.take(range(1000))
    labels = np.array(pool.labels, dtype=np.int8)
    configs = [
        RunConfig({"r": rank, "seed": seed, "num_reviews": 200, "max_length": 16})
        for rank in RANKS
        for seed in SEEDS
    ]
    plan = Plan(GroupKind.SWEEP, "two <b>ranks</b>", configs, {"r": RANKS, "seed": SEEDS})
    store.submit_plan(plan, "tester")
    for number in range(GROUPED):
        positive = np.where(np.arange(1000) % 10 <= 1 + number, 0.2 + 0.6 * labels, 0.5)
        shares = np.stack([1 - positive, positive], axis=1).astype(np.float32)
        finish(store, store.claim(), shares, labels=labels, test_set=pool.fingerprint)
    seed(store, SEEDED)
