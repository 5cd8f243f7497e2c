"""The page as a class opens it: some of it hidden or fixed, as a teacher's link says."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo.languages import NAMES
from peft_demo.ui.changes import Changes
from peft_demo.ui.learn import controls
from peft_demo.ui.services import Services

_LISTS = ("hide", "fix")


class ClassPage:
    """Middleware: sends who opens the page to the class's link; teachers see all of it.

    What the address says already stays. It leads; what guards is ``class_form``.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if _opens_the_page(scope) and not self._services.changes.teachers.is_one():
            classroom = await asyncio.to_thread(self._services.store.classroom)
            wanted = merged(str(scope.get("query_string", b""), "latin-1"), classroom.page)
            if wanted:
                await RedirectResponse(f"?{wanted}", 307)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def set_page(changes: Changes, link: str) -> None:
    """Let the class open what a link of *Links for a class* shows; all of it where that is empty.

    Raises:
        PeftDemoError: the link names what does not exist, or who acts is no teacher.
    """
    query = urlsplit(link.strip()).query or link.strip().removeprefix("?")
    pairs = dict(parse_qsl(query))
    named = (pairs.pop(key, "") for key in _LISTS)
    hidden, fixed = ([name for name in names.split(",") if name] for names in named)
    lesson = pairs.pop("lesson", "")
    changes.decide(page=controls.link(lesson, hidden, fixed, urlencode(pairs)))


def merged(query: str, page: str) -> str:
    """The address's own query with the class's; empty if that adds nothing."""
    own = parse_qsl(query, keep_blank_values=True)
    said = {name for name, _ in own if not name.startswith("__")}
    more = [(name, value) for name, value in parse_qsl(page) if name not in said]
    if said:  # another lesson or configuration is not to be muddled with the class's
        more = [(name, value) for name, value in more if name in _LISTS]
    return urlencode([*own, *more], safe=",/") if more else ""


def _opens_the_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"].strip("/") not in ("", *NAMES):
        return False
    request = Request(scope)
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
