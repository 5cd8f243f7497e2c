"""Steps: a long computation in a thread of its own, which tells how far it is and can be left."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

Tell = Callable[[int, int], None]
"""Gets how many steps are done, and how many there are."""


class _LeftError(Exception):
    """Nobody waits for it any more."""


class Steps(Generic[T]):
    """The steps of one computation, to be gone through once; who ends the loop before leaves it."""

    def __init__(self, compute: Callable[[Tell], T]) -> None:
        """``compute`` is called with what it tells its steps to; that raises once it is left."""
        self._compute = compute
        self._steps: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._is_left = False
        self._found: list[T] = []
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """How many steps are done, and how many there are, as they are told."""
        threading.Thread(target=self._work, name="steps", daemon=True).start()
        try:
            while step := self._steps.get():
                yield step
        finally:
            self._is_left = True

    @property
    def result(self) -> T:
        """What came of it, once the steps are over; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _work(self) -> None:
        try:
            self._found.append(self._compute(self._tell))
        except Exception as error:
            self._error = error
        finally:
            self._steps.put(None)

    def _tell(self, done: int, most: int) -> None:
        if self._is_left:
            raise _LeftError
        self._steps.put((done, most))
