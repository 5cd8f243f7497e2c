"""Data sets, each loaded once and kept."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from peft_demo.data.builtin import load_packaged
from peft_demo.data.hub import load_hub_imdb
from peft_demo.data.registry import HUB_IMDB, IMDB, ROTTEN_TOMATOES
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
            _pools[dataset] = split(*_LOADERS[dataset]())
        return _pools[dataset]


_LOADERS: dict[str, Callable[[], tuple[list[str], list[int]]]] = {
    IMDB: lambda: load_packaged(lambda source: source.startswith("imdb")),
    ROTTEN_TOMATOES: lambda: load_packaged(lambda source: source == "rotten_tomatoes"),
    HUB_IMDB: load_hub_imdb,
}
