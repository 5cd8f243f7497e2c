"""The random generators that all threads of the process share, kept reproducible.

torch, numpy and Python each have one global generator. A training must get the same stream
whatever else the server does meanwhile, so it owns the generators while it runs, and lends them
between two steps to whoever needs them (building an adapter draws random numbers too).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Turnstile:
    """One owner at a time; a long owner can let the waiting ones through."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._owner: int | None = None
        self._waiting = 0

    def enter(self) -> None:
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: self._owner is None)
            self._waiting -= 1
            self._owner = threading.get_ident()

    def leave(self) -> None:
        with self._condition:
            self._owner = None
            self._condition.notify_all()

    def held_here(self) -> bool:
        return self._owner == threading.get_ident()

    def has_waiting(self) -> bool:
        return self._waiting > 0

    def wait_until_idle(self) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._owner is None and self._waiting == 0)


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
            _generators.leave()
            # Whoever waits goes first; a plain lock would come straight back to us.
            _generators.wait_until_idle()
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
