"""Gradio's own routes: those that this page and its clients use are open, all others closed."""

from __future__ import annotations

import re

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo.ui.counted import REFUSED
from peft_demo.ui.uploads import is_address

OPEN = frozenset(
    {
        *("api", "call", "cancel", "component_server", "file", "heartbeat", "info", "mcp"),
        *("openapi.json", "queue", "reset", "run", "startup-events", "theme.css", "upload"),
        *("upload_progress",),
    }
)
"""Others write a folder for each request (``deep_link``), look for changes of code as long as
somebody listens (``dev``), ask other servers (``proxy``), or edit the program (``vibe-edit``)."""

_ROUTE = re.compile(r"/gradio_api/+([^/=]*)[/=]?(.*)", re.DOTALL)


class Closed:
    """Middleware: says that there is nothing where this page needs nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and is_closed(str(scope["path"])):
            REFUSED.labels("route").inc()
            sentence = "There is nothing here."
            answer = JSONResponse({"error": sentence, "detail": sentence}, 404)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_closed(path: str) -> bool:
    """Whether a path is a route of Gradio's that is not used here.

    Of ``file`` that is an address: Gradio would fetch it, of any size and for anybody.
    """
    found = _ROUTE.search(path)
    if not found:
        return False
    name, rest = found.groups()
    return name not in OPEN or (name == "file" and is_address(rest))
