"""Rates: how many requests of a visitor, and of an address, are answered in a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo import settings
from peft_demo.ui.counted import REFUSED
from peft_demo.ui.identity import acting

BURST = 6.0
"""Seconds of requests that may come at once."""

READS = 10
"""So many times as often one may read: a page comes in 250 files."""

CLASS = 40
"""So many times as much may come from one address: a class behind one router, or all of a proxy's
visitors. It bounds those without a cookie, and those who throw theirs away."""

_KEPT = 10_000
"""Buckets that are remembered; who was not seen for longest begins with a full one."""


class Buckets:
    """Token buckets, by a clock that nobody can set: ``limits`` counts by the wall's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, key: object, a_second: float) -> bool:
        """Whether one more request may come, which is counted if so."""
        now, full = self._clock(), BURST * a_second
        left, at = self._left.pop(key, (full, now))
        left = min(full, left + (now - at) * a_second)
        may = left >= 1
        self._left[key] = (left - may, now)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)
        return may


class Rates:
    """Middleware: refuses what comes too often; programs on the machine itself may as they like."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._buckets = Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._may(scope["method"] in ("GET", "HEAD")):
            await self._app(scope, receive, send)
            return
        REFUSED.labels("rate").inc()
        sentence = (
            f"Too many requests: at most {settings.rate()} a second of each visitor are answered; "
            f"wait a moment and try again."
        )
        # Gradio's script shows the detail.
        answer = JSONResponse({"error": sentence, "detail": sentence}, 429, {"Retry-After": "1"})
        await answer(scope, receive, send)

    def _may(self, is_read: bool) -> bool:
        visitor, a_second = acting(), int(settings.rate()) * (READS if is_read else 1)
        if visitor.is_program_here:
            return True
        return self._buckets.take((visitor.address, is_read), CLASS * a_second) and (
            not visitor.owner or self._buckets.take((visitor.owner, is_read, ""), a_second)
        )
