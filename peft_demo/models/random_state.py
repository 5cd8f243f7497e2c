"""The random generators that all threads of the process share, kept reproducible.

torch, numpy and Python each have one global generator. A training must get the same stream
whatever else the server does meanwhile, so it owns the generators while it runs, and lends them
between two steps to whoever needs them (building an adapter draws random numbers too). Trainings
that race hand them on to each other in turn, and so compute one at a time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class _Turnstile:
    """One owner at a time, in the order of their coming."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._owner: int | None = None
        self._line: list[_Ticket] = []

    def enter(self, *, briefly: bool = False, seconds: float | None = None) -> bool:
        """Wait for one's turn, at most so long; returns whether it came."""
        ticket = _Ticket(briefly)
        with self._condition:
            self._line.append(ticket)
            return self._await(ticket, seconds)

    def leave(self) -> None:
        with self._condition:
            self._owner = None
            self._condition.notify_all()

    def lend(self, *, to_all: bool) -> None:
        """Leave, and come back: after everybody in line, or after those who stay briefly."""
        ticket = _Ticket(False)
        with self._condition:
            brief = [other for other in self._line if other.briefly or to_all]
            # Whoever waits by now goes first, and whoever comes later waits for us.
            self._line = [*brief, ticket, *(other for other in self._line if other not in brief)]
            self._owner = None
            self._condition.notify_all()
            self._await(ticket)

    def held_here(self) -> bool:
        return self._owner == threading.get_ident()

    def has_waiting(self, *, to_all: bool) -> bool:
        return any(ticket.briefly or to_all for ticket in self._line)

    def _await(self, ticket: _Ticket, seconds: float | None = None) -> bool:
        has_come = self._condition.wait_for(
            lambda: self._owner is None and self._line[0] is ticket, seconds
        )
        self._line.remove(ticket)
        if has_come:
            self._owner = threading.get_ident()
        else:
            self._condition.notify_all()  # whoever is next in line now
        return has_come


class _Ticket:
    """A place in the line; equal to itself only."""

    def __init__(self, briefly: bool) -> None:
        self.briefly = briefly


_generators = _Turnstile()

_forking = threading.local()

FORK_SECONDS = 10.0
"""How long a fork waits for a training's next step."""


def _before_fork() -> None:
    # While torch draws, its generator is locked, and would stay locked in the forked process.
    _forking.owns = not _generators.held_here() and _generators.enter(
        briefly=True, seconds=FORK_SECONDS
    )


def _after_fork() -> None:
    if _forking.owns:
        _generators.leave()


# A fork leaves whoever owned them behind.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_generators.__init__,  # type: ignore[misc]
    )


@contextmanager
def own_generators(seed: int) -> Iterator[float]:
    """Own the generators, all seeded with ``seed``; they are put back at the end.

    Yields the seconds that it waited for them.
    """
    from peft_demo.libraries import transformers

    asked = time.perf_counter()
    _generators.enter()
    try:
        with kept():
            transformers.set_seed(seed)
            yield time.perf_counter() - asked
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
    _generators.enter(briefly=True)
    try:
        with kept():
            yield
    finally:
        _generators.leave()


def lend_generators(*, to_owners: bool = False) -> float:
    """Let waiting threads have the generators now; the owner calls it between steps.

    Those who borrow get them in any case, another training only with ``to_owners``: then the two
    take turns, and each still draws what it would draw alone. Returns the seconds it waited.
    """
    if not (_generators.held_here() and _generators.has_waiting(to_all=to_owners)):
        return 0.0
    left = time.perf_counter()
    with kept():
        _generators.lend(to_all=to_owners)
    return time.perf_counter() - left


@contextmanager
def away_from_generators(ours: torch.Generator) -> Iterator[None]:
    """Leave the generators to others and come back; the owner calls it between steps.

    ``ours`` goes on in the place of torch's generator meanwhile, and torch's goes on from where it
    has come to. Does nothing in a thread that does not own them.
    """
    import torch

    if not _generators.held_here():
        yield
        return
    ours.set_state(torch.get_rng_state())
    with kept():
        _generators.leave()
        try:
            yield
        finally:
            _generators.enter()
    torch.set_rng_state(ours.get_state())


@contextmanager
def kept() -> Iterator[None]:
    """Put the generators back at the end; for who owns them, see ``borrowed_generators``."""
    import random

    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        yield
    random.setstate(python)
    np.random.set_state(numpy)
