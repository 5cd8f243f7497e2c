"""Shared: what several threads ask for at the same time is computed once, for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Computations that go on, by what they compute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._going: dict[Hashable, Future[T]] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What ``compute`` gives, to this thread or to the one that computes the same already.

        Raises what ``compute`` raises; those who wait for another's that fails compute their own.
        """
        while True:
            with self._lock:
                others = self._going.get(key)
                if others is None:
                    mine = self._going[key] = Future()
                    break
            if others.exception() is None:
                return others.result()
        try:
            found = compute()
        except BaseException as error:
            self._end(key)
            mine.set_exception(error)
            raise
        self._end(key)
        mine.set_result(found)
        return found

    def _end(self, key: Hashable) -> None:
        with self._lock:
            del self._going[key]
