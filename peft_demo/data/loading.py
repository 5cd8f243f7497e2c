"""Data sets, each loaded once and kept."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from dataclasses import replace

from peft_demo.data.own.files import is_own
from peft_demo.data.registry import DATASETS
from peft_demo.data.split import Pools, split
from peft_demo.errors import AssetError
from peft_demo.fields import shown

_pools: dict[str, Pools] = {}

_MOST_OWN = 8
"""People's own data sets that stay in memory."""

_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
if hasattr(os, "register_at_fork"):
    # A fork leaves behind whoever holds one.
    os.register_at_fork(after_in_child=_loading.clear)


def load(dataset: str) -> Pools:
    """The data set of that id, loaded once and kept.

    Raises:
        AssetError: its files are missing, damaged or out of reach, or it is no longer in the table;
            says what to do.
    """
    if dataset not in DATASETS:
        raise AssetError(f"There is no data set {shown(dataset)} any more.")
    with _loading[dataset]:
        if dataset not in _pools:
            row = DATASETS[dataset]
            test = row.read_test()[:2] if row.read_test else None
            _let_go_of_own(dataset)
            texts, labels, revision = row.read()
            pools = split(texts, labels, len(row.labels), row.test_pool, test)
            _pools[dataset] = replace(pools, revision=revision)
        return _pools[dataset]


def forget(dataset: str) -> None:
    """Let go of a data set's texts in memory."""
    _pools.pop(dataset, None)


def _let_go_of_own(but: str) -> None:
    """People's own come and go: the oldest make room."""
    own = [dataset for dataset in list(_pools) if is_own(dataset) and dataset != but]
    for dataset in own[: max(0, len(own) + 1 - _MOST_OWN)]:
        forget(dataset)


def is_loaded(dataset: str) -> bool:
    """Whether the data set of that id is in memory."""
    return dataset in _pools
