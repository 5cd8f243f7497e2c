"""The random generators that all threads of the process share, kept reproducible.

torch, numpy and Python each have one global generator. A training must get the same stream
whatever else the server does meanwhile, so it owns the generators while it runs, and lends them
between two steps to whoever needs them (building an adapter draws random numbers too).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class _Turnstile:
    """One owner at a time, in the order of their coming."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._owner: int | None = None
        self._waiting: deque[object] = deque()

    def enter(self) -> None:
        ticket = object()
        with self._condition:
            self._waiting.append(ticket)
            self._condition.wait_for(lambda: self._owner is None and self._waiting[0] is ticket)
            self._waiting.popleft()
            self._owner = threading.get_ident()

    def leave(self) -> None:
        with self._condition:
            self._owner = None
            self._condition.notify_all()

    def held_here(self) -> bool:
        return self._owner == threading.get_ident()

    def has_waiting(self) -> bool:
        return bool(self._waiting)


_generators = _Turnstile()


@contextmanager
def own_generators(seed: int) -> Iterator[None]:
    """Own the generators, all seeded with ``seed``; they are put back at the end."""
    import transformers

    _generators.enter()
    try:
        with _kept():
            transformers.set_seed(seed)
            yield
    finally:
        _generators.leave()


@contextmanager
def borrowed_generators() -> Iterator[None]:
    """Draw random numbers without changing what any other thread will draw.

    Waits while a training computes a step. Does nothing in the thread that owns the generators.
    """
    if _generators.held_here():
        yield
        return
    _generators.enter()
    try:
        with _kept():
            yield
    finally:
        _generators.leave()


def lend_generators() -> None:
    """Let waiting threads borrow the generators now; the owner calls it between steps."""
    if _generators.held_here() and _generators.has_waiting():
        with _kept():
            # Whoever waits by now goes first, and whoever comes later waits for us.
            _generators.leave()
            _generators.enter()


@contextmanager
def _kept() -> Iterator[None]:
    import random

    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        yield
    random.setstate(python)
    np.random.set_state(numpy)
