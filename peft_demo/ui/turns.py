"""Turns: visitors who compute do so piece by piece, one after another, while somebody waits."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from peft_demo.errors import PeftDemoError
from peft_demo.ui.counted import DROPPED
from peft_demo.ui.identity import acting

_LOOKS = 0.5
"""Seconds after which who waits for a turn looks whether its client still does."""

_waited_for: ContextVar[Callable[[], bool]] = ContextVar("waited_for", default=lambda: True)


class AbandonedError(PeftDemoError):
    """The client that asked has gone."""


@contextmanager
def waited_for(is_so: Callable[[], bool]) -> Iterator[None]:
    """What is done meanwhile, in this task and threads that it waits for, is for such a client."""
    before = _waited_for.set(is_so)
    try:
        yield
    finally:
        _waited_for.reset(before)


def somebody_waits() -> bool:
    """Whether the client that what is done here is for still waits."""
    return _waited_for.get()()


def require_somebody() -> None:
    """Go on only if somebody waits for it; raises ``AbandonedError``."""
    if not somebody_waits():
        DROPPED.inc()
        raise AbandonedError("Nobody waited for the answer any more.")


class Turns:
    """One piece of work at a time, of whose last piece is longest ago."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[int, str]] = []
        self._last: dict[str, int] = {}
        """The number of each one's last turn."""
        self._is_taken = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """A turn of who acts; raises ``AbandonedError`` once nobody waits for it."""
        who = acting().owner or acting().address
        with self._condition:
            mine = (next(self._numbers), who)
            self._waiting.append(mine)
            try:
                require_somebody()
                while self._is_taken or self._next() != mine:
                    self._condition.wait(_LOOKS)
                    require_somebody()
                self._is_taken = True
                self._last[who] = next(self._numbers)
            finally:
                self._waiting.remove(mine)
                self._condition.notify_all()
        try:
            yield
        finally:
            with self._condition:
                self._is_taken = False
                if not self._waiting:
                    self._last.clear()
                self._condition.notify_all()

    def _next(self) -> tuple[int, str]:
        return min(self._waiting, key=lambda each: (self._last.get(each[1], 0), each[0]))
