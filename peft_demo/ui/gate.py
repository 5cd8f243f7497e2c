"""Who is let in: own pages, under own names; no other site acts or reads by a visitor's browser."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peft_demo import settings
from peft_demo.fields import shown
from peft_demo.ui.counted import REFUSED

_READS = frozenset({"GET", "HEAD", "OPTIONS"})

_BODIES = ("application/json", "multipart/form-data")
"""What own pages and clients send; another site's form can send plain text without asking."""

_OF_OWN_PAGES = ("same-origin", "none")
"""``Sec-Fetch-Site`` of a page's own requests, and of those that a person types."""


class OwnPagesOnly:
    """Middleware: refuses a request by a foreign name (DNS rebinding), or from a foreign page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            problem = refusal(scope["method"], Headers(scope=scope))
            if problem:
                REFUSED.labels("site").inc()
                await JSONResponse({"error": problem}, 403)(scope, receive, send)
                return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _headers().items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _headers() -> dict[str, str]:
    """What each answer says to browsers: no other site may show it in a frame, but a Space's."""
    told = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    if not os.environ.get("SPACE_HOST"):
        told["X-Frame-Options"] = "SAMEORIGIN"
        told["Content-Security-Policy"] = "frame-ancestors 'self'"
    return told


def refusal(method: str, headers: Mapping[str, str]) -> str:
    """Why a request is not answered, in a sentence; empty if it is.

    Args:
        method: of HTTP.
        headers: by names in any case (``starlette.datastructures.Headers``).
    """
    host = headers.get("host", "")
    if not is_own_name(_name(host)):
        return (
            f"Host must be an address of this server or a name in {settings.hosts.variable}, "
            f"got {shown(host)}."
        )
    origin = headers.get("origin")
    if origin is not None and not _is_own_page(origin, host):
        return f"Origin must be this server itself ({host}), got {shown(origin)}."
    if method in _READS:
        return ""
    site = headers.get("sec-fetch-site", "none")
    if site not in _OF_OWN_PAGES:
        return f"Sec-Fetch-Site must be {' or '.join(_OF_OWN_PAGES)}, got {shown(site)}."
    kind = headers.get("content-type", _BODIES[0]).partition(";")[0].strip().lower()
    if kind not in _BODIES:
        return f"Content-Type must be {' or '.join(_BODIES)}, got {shown(kind)}."
    return ""


def _is_own_page(origin: str, host: str) -> bool:
    """Whether a page is ours; a proxy before us may call us otherwise than people do."""
    netloc = origin.rpartition("//")[2].lower()
    return netloc == host.lower() or _name(netloc) in settings.hosts()


def is_own_name(name: str) -> bool:
    """Whether a server here may be called so.

    An address in numbers always may: a name that is rebound to one stays that name.
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # A Space with a name of its own has two.
        space = (host.strip() for host in os.environ.get("SPACE_HOST", "").lower().split(","))
        own = {"localhost", socket.gethostname().lower(), *space, *settings.hosts()}
        return bool(name) and (name in own or name.endswith(".localhost"))
    return True


def _name(host: str) -> str:
    """A Host header without its port, in lower case; empty if it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""
