"""Base models, one frozen copy of each in memory."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from peft_demo.errors import AssetError
from peft_demo.models.base import Base
from peft_demo.models.random_state import borrowed_generators
from peft_demo.models.registry import BASES, BUILTIN_BASE, HUB_BASE

_loaded: dict[str, Base] = {}

_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
if hasattr(os, "register_at_fork"):
    # A fork leaves behind whoever holds one.
    os.register_at_fork(after_in_child=_loading.clear)


def load(base_id: str) -> Base:
    """The base model of that id, loaded once and kept.

    Raises:
        AssetError: its files are missing, damaged or out of reach; says what to do.
    """
    # A lock for each: nobody who has the built-in base waits for the Hub.
    with _loading[base_id]:
        if base_id not in _loaded:
            _loaded[base_id] = BASES[base_id].load()
        return _loaded[base_id]


def remember(base: Base) -> None:
    """Keep a base that has just been loaded."""
    _loaded[base.id] = base


def forget(base_id: str) -> None:
    """Let go of one that is no longer in the list."""
    _loaded.pop(base_id, None)


def default_base() -> str:
    """The Hub's base where its files are at hand without a download, else the built-in one."""
    return HUB_BASE if BASES[HUB_BASE].is_at_hand() else BUILTIN_BASE


def export(folder: Path, labels: Sequence[str]) -> None:
    """Write the built-in base as a transformers folder that ``AutoModel…from_pretrained`` reads.

    Its head is new, for ``labels``.

    Raises:
        AssetError: the base cannot be loaded or the folder cannot be written.
    """
    base = load(BUILTIN_BASE)
    with borrowed_generators():
        model = base.shared(labels)
    try:
        # transformers would only log that a file is in the way.
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        base.tokenizer.save_pretrained(folder)
    except OSError as error:
        raise AssetError(f"DIR must be a folder that can be written to, got {folder}.") from error
