"""Data sets, each loaded once and kept."""

from __future__ import annotations

import threading
from collections import defaultdict

from peft_demo.data.registry import DATASETS
from peft_demo.data.split import Pools, split

_pools: dict[str, Pools] = {}

_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def load(dataset: str) -> Pools:
    """The data set of that id, loaded once and kept.

    Raises:
        AssetError: its files are missing, damaged or out of reach; says what to do.
    """
    with _loading[dataset]:
        if dataset not in _pools:
            row = DATASETS[dataset]
            _pools[dataset] = split(*row.read(), len(row.labels), row.test_pool)
        return _pools[dataset]
