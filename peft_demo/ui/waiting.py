"""Gradio's queue of calls, where visitors take turns and what nobody waits for is dropped."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from fastapi import HTTPException
from gradio.queueing import Event, Queue
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo.ui.counted import REFUSED
from peft_demo.ui.visitors import sent_by

MOST_CALLS = 16
"""Of one visitor that wait or are answered; a page has a few."""

MOST_AT_ONCE = 2
"""Of one visitor that one function answers at a time."""

ANSWERED_AT_ONCE = 24
"""Predictions of all visitors: those that wait for their turn may go through together."""

MOST_WAITING = 500
"""Of all visitors: a class with its pages."""

PATIENCE = 10.0
"""Seconds in which a client has to begin to listen to its answer."""

MOST_STREAMS = 32
"""Answers that stay open, of one visitor; a page has two."""

CLASS_STREAMS = 640
"""The same of an address, which may be a class's; a process may have some 1,000 files open."""

_MOST_SESSIONS = 2_000
"""Whose answers lie ready; as many as Gradio keeps messages of."""

_listen: Counter[str] = Counter()
"""How many clients listen to what a session's calls answer, or one call."""

_open: Counter[str] = Counter()
"""How many answers are open to a visitor or to an address."""


class Listeners:
    """Middleware: knows who listens; Gradio learns of a client's end, not that none ever came.

    Answers that stay open as long as their client likes have a bound.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        session = _listened_to(scope)
        if not session:
            await self._app(scope, receive, send)
            return
        bounds = _bounds(scope)
        if any(_open[who] >= most for who, most in bounds.items()):
            REFUSED.labels("streams").inc()
            sentence = f"At most {MOST_STREAMS} answers are open to you at a time: close a page."
            answer = JSONResponse({"error": sentence, "detail": sentence}, 429)
            await answer(scope, receive, send)
            return
        counted = [(_listen, session), *((_open, who) for who in bounds)]
        for counter, key in counted:
            counter[key] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            for counter, key in counted:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]


class FairQueue(Queue):
    """Gradio's takes calls in the order in which they came, however many are one visitor's."""

    @classmethod
    def in_place_of(cls, queue: Queue) -> FairQueue:
        """The same settings, with a bound."""
        return cls(
            live_updates=queue.live_updates,
            concurrency_count=queue.max_thread_count,
            update_intervals=queue.update_intervals,
            max_size=MOST_WAITING,
            blocks=queue.blocks,
            default_concurrency_limit=queue.default_concurrency_limit,
        )

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """See Queue; refuses one call too many of a visitor with 429."""
        who, is_free = _who(request), sent_by(request.scope).is_program_here
        mine = [event for event in self._open() if _who(event.request) == who]
        if len(mine) >= MOST_CALLS and not is_free:
            REFUSED.labels("waiting").inc()
            raise HTTPException(
                429,
                f"At most {MOST_CALLS} of your requests are answered at a time: wait for one.",
            )
        while len(self.pending_event_ids_session) > _MOST_SESSIONS:
            self.pending_event_ids_session.pop(next(iter(self.pending_event_ids_session)))
        return await super().push(body, request, username)

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next call: of who has the fewest answered now, the oldest."""
        answered = Counter((event.concurrency_id, _who(event.request)) for event in self._active())
        able = [
            ((answered[event.concurrency_id, _who(event.request)], event.enqueue_time), event)
            for queue in self.event_queue_per_concurrency_id.values()
            if queue.concurrency_limit is None
            or queue.current_concurrency < queue.concurrency_limit
            for event in queue.queue
        ]
        able = [found for found in able if found[0][0] < MOST_AT_ONCE]
        if not able:
            return None
        event = min(able, key=lambda found: found[0])[1]
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        return [event], False, event.concurrency_id

    def is_waited_for(self, event_id: str) -> bool:
        """Whether somebody still listens; true of what did not come through the queue."""
        event = self.event_ids_to_events.get(event_id)
        if event is None:
            return True
        if time.monotonic() - event.enqueue_time > PATIENCE:
            event.alive = event.alive and bool(_listen[event.session_hash] or _listen[event._id])
        return event.alive

    def compute_analytics_summary(self, records: Any) -> Any:
        """Nothing: Gradio makes a table of the last 10,000 calls after each, which nobody reads."""
        return self.cached_event_analytics_summary

    def _active(self) -> list[Event]:
        return [event for job in self.active_jobs if job for event in job]

    def _open(self) -> list[Event]:
        waiting = self.event_queue_per_concurrency_id.values()
        return [*self._active(), *(event for queue in waiting for event in queue.queue)]


def _bounds(scope: Scope) -> dict[str, int]:
    """How many answers may be open to who asks, and to where he asks from."""
    visitor = sent_by(scope)
    if visitor.is_program_here:
        return {}
    own = {f"owner {visitor.owner}": MOST_STREAMS} if visitor.owner else {}
    return {**own, f"address {visitor.address}": CLASS_STREAMS}


def _listened_to(scope: Scope) -> str:
    """The session or call whose answers a request is for, or an empty text."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return ""
    parts = ["", "", *str(scope["path"]).split("/")][-3:]
    if parts[1:] == ["queue", "data"]:
        return QueryParams(scope["query_string"]).get("session_hash", "")
    if parts[1] == "heartbeat":
        return f"heartbeat {parts[2]}"
    return parts[2] if parts[0] in ("call", "v2") else ""


def _who(request: Any) -> str:
    visitor = sent_by(request.scope)
    return visitor.owner or visitor.address
