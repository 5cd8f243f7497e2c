"""How many connections are open at a time, and how long one may take to say what it asks for.

uvicorn has no bound on either, and who opens thousands of half requests would keep everybody out.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import uvicorn.config
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from peft_demo.ui.counted import REFUSED

MOST = 2_000
"""Open at a time; fewer where the system lets a process open few files."""

FILES = 4_096
"""Let be open, where the system allows it. Systems begin with 1,024 as a rule, which is few for a
Space, where all visitors come from one proxy's address."""

SECONDS = 20.0
"""How long a request's first lines may take to come, counted from the first byte."""


def bound() -> None:
    """Let the servers that this process starts from now on bound their connections.

    Gradio starts uvicorn with no say in how; this row of uvicorn's is what it takes by default.
    """
    _let_files_be_open()
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:Bounded"


def most() -> int:
    """How many may be open at a time; the rest of the files are for runs and their database."""
    try:
        import resource
    except ImportError:  # Windows counts otherwise
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft * 3 // 4)


def _let_files_be_open() -> None:
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Bounded(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection; of one address at most half of all are open."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See uvicorn's; closes what is too many."""
        super().connection_made(transport)
        address = self.client and self.client[0]
        same = sum(bool(other.client) and other.client[0] == address for other in self.connections)
        if len(self.connections) > most() or same > most() // 2:
            REFUSED.labels("connections").inc()
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """See uvicorn's."""
        super().data_received(data)
        if not self._asks_nothing():
            self._be_content()
        elif self._patience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """See uvicorn's."""
        self._be_content()
        super().connection_lost(exc)

    def _asks_nothing(self) -> bool:
        """Whether no request is being answered, of which the first lines have come."""
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._patience = self.loop.call_later(SECONDS, self._give_up)

    def _be_content(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        # One that became a web socket is none of uvicorn's connections here any more.
        if self._asks_nothing() and self in self.connections:
            REFUSED.labels("patience").inc()
            self.transport.abort()
