"""Visitors: each gets an id from the server, in a signed cookie that no script can read."""

from __future__ import annotations

import ipaddress
import logging
import os
import uuid
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peft_demo.logs import about
from peft_demo.ui.accounts import account
from peft_demo.ui.counted import REFUSED
from peft_demo.ui.identity import ACCOUNT, Visitor, acting_as, machines_owner
from peft_demo.ui.signing import Signatures

logger = logging.getLogger(__name__)

SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie; each visit begins it anew."""

_VISITOR = "peft_demo.visitor"


class Visitors:
    """Middleware: says of each request who sent it.

    By a token (``Authorization: Bearer``), by the account of who signed in on a Space, or by the
    cookie, which comes with the first page. Programs on the machine itself are its owner's.
    """

    def __init__(self, app: ASGIApp, signatures: Signatures) -> None:
        self._app, self._signatures = app, signatures
        self._cookie = f"peft_demo_{signatures.name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        owner, is_local = self._owner(request), is_at_the_machine(request)
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if not owner and is_page:
            owner = uuid.uuid4().hex
        elif not owner and is_local:
            owner = machines_owner().owner
        address = request.client.host if request.client else ""
        visitor = scope[_VISITOR] = Visitor(owner, address, is_local)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = (b"set-cookie", self._written(owner, request).encode())
                message = {**message, "headers": [*message["headers"], cookie]}
            await send(message)

        with acting_as(visitor):
            # Who signs out is who he was before.
            is_kept = is_page and not visitor.is_account
            await self._app(scope, receive, with_cookie if is_kept else send)

    def _owner(self, request: Request) -> str:
        """Who the request says and proves to be, or an empty text."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and (owner := self._signatures.read(token, "token")):
            return owner
        if name := account(request.scope.get("session") or {}):
            return f"{ACCOUNT}{name}"
        signed = request.cookies.get(self._cookie, "")
        owner = self._signatures.read(signed, "cookie")
        if signed and not owner:
            REFUSED.labels("cookie").inc()
            told = about("forgery", address=request.client.host if request.client else "")
            logger.warning("Refused a forged cookie from %s", request.client, extra=told)
        return owner

    def _written(self, owner: str, request: Request) -> str:
        signed = self._signatures.sign(owner, "cookie")
        scope = cookie_scope(request)
        return f"{self._cookie}={signed}; Max-Age={SECONDS}; Path=/; HttpOnly; {scope}"


def cookie_scope(request: Request) -> str:
    """Where a cookie of ours is sent, as its attributes say it."""
    # A Space is shown within a page of huggingface.co, where Lax cookies are not sent.
    if os.environ.get("SPACE_HOST"):
        return "SameSite=None; Secure; Partitioned"
    return f"SameSite=Lax{'; Secure' if request.url.scheme == 'https' else ''}"


def visitor_of(request: Any) -> Visitor:
    """Who sent what Gradio's queue works on now, in a task of its own."""
    first = request[0] if isinstance(request, list) and request else request
    inner = getattr(first, "request", None)
    return Visitor() if inner is None else sent_by(inner.scope)


def sent_by(scope: Scope) -> Visitor:
    """Who sent a request that came past ``Visitors``."""
    visitor: Visitor = scope.get(_VISITOR, Visitor())
    return visitor


def is_at_the_machine(request: Request) -> bool:
    """Whether a request comes from the machine itself, and not through a proxy on it."""
    if os.environ.get("SPACE_HOST") or request.client is None:
        return False
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")):
        return False
    names = [request.headers.get("host", "")]
    if origin := request.headers.get("origin"):
        names.append(origin.rpartition("//")[2])  # a proxy that says nothing does not change it
    return _is_loopback(request.client.host) and all(map(_is_here, names))


def _is_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
