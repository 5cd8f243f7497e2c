"""Together: texts that wait for one adapter at the same moment go through it in one pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_TEXTS = 16
"""That go through at once; see ``adapters.EVALUATION_BATCH``."""

MOST_TOKENS = 1_024
"""Of a pass, padding included, unless one text has more."""

LITTLE = 32
"""Tokens to which any shorter text is padded: their pass costs about what that of one costs."""

Compute = Callable[[list[list[int]]], "npt.NDArray[Any]"]
"""Logits, of shape (texts, labels), of token ids."""


class Found(NamedTuple):
    """What a pass says of a text."""

    logits: npt.NDArray[Any]
    """Of shape (labels,)."""
    milliseconds: float
    """A pass of several texts is shared out among them."""


class _Waiting:
    """A text that waits for its turn."""

    def __init__(self, token_ids: list[int]) -> None:
        self.token_ids = token_ids
        self.context = copy_context()
        """Of the thread that waits, which knows for whom it does."""
        self.found: Found | None = None
        self.is_done = threading.Event()
        """Set once the pass that it was taken into has ended; without ``found`` if that failed."""


class Together:
    """Whose turn it is takes others along that wait for the same and are about as long."""

    def __init__(
        self,
        turn: Callable[[], AbstractContextManager[None]],
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """See ``Predictor``; ``is_wanted`` is asked in the context of who waits."""
        self._turn, self._is_wanted = turn, is_wanted
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, list[_Waiting]] = {}

    def alone(self, token_ids: list[int], compute: Compute) -> Found:
        """What ``compute`` says of a text in a turn of its own; raises what it raises."""
        with self._turn():
            return _passed([token_ids], compute)[0]

    def ask(self, key: Hashable, token_ids: list[int], compute: Compute) -> Found:
        """The same, of a text that may share its pass with others of the same key.

        Where a pass of several fails, each is computed alone, so that a fault is its own text's.
        """
        mine = _Waiting(token_ids)
        with self._lock:
            self._waiting.setdefault(key, []).append(mine)
        try:
            with self._turn():
                if batch := self._taken(key, mine):
                    _compute(batch, compute)
                mine.is_done.wait()  # at once where turns are one at a time
                return mine.found or _passed([token_ids], compute)[0]
        finally:
            with self._lock:
                self._remove(key, [mine])

    def num_waiting(self) -> int:
        """Texts that are in no pass yet."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def _taken(self, key: Hashable, mine: _Waiting) -> list[_Waiting]:
        """Mine and those that go with it, nearest by length, then oldest; none if mine has gone."""
        with self._lock:
            waiting = self._waiting.get(key, [])
            if mine not in waiting:
                return []
            batch, length = [mine], len(mine.token_ids)
            others = [each for each in waiting if each is not mine]
            for each in sorted(others, key=lambda one: abs(len(one.token_ids) - length)):
                if _fits([*batch, each]) and each.context.run(self._is_wanted):
                    batch.append(each)
            self._remove(key, batch)
        return batch

    def _remove(self, key: Hashable, gone: list[_Waiting]) -> None:
        left = [each for each in self._waiting.get(key, ()) if each not in gone]
        if left:
            self._waiting[key] = left
        else:
            self._waiting.pop(key, None)


def _fits(batch: list[_Waiting]) -> bool:
    """Whether texts may go through together: few, and with little padding."""
    lengths = [len(each.token_ids) for each in batch]
    longest, shortest = max(lengths), min(lengths)
    return (
        len(batch) <= MOST_TEXTS
        and longest * len(batch) <= MOST_TOKENS
        and longest <= max(LITTLE, 2 * shortest)
    )


def _compute(batch: list[_Waiting], compute: Compute) -> None:
    """Compute a batch; one of several that fails is left undone."""
    try:
        found = _passed([each.token_ids for each in batch], compute)
        for each, one in zip(batch, found, strict=True):
            each.found = one
    except Exception:
        if len(batch) == 1:
            raise
    finally:
        for each in batch:
            each.is_done.set()


def _passed(token_ids: list[list[int]], compute: Compute) -> list[Found]:
    started = time.perf_counter()
    logits = compute(token_ids)
    milliseconds = 1000 * (time.perf_counter() - started) / len(token_ids)
    return [Found(each, milliseconds) for each in logits]
