"""The page in other languages than English, each at its code: ``/de/``.

Each is a page of its own, built at its first visit, on the same runs; its events answer in its
language. The gate stands before all of them. Who opens ``/`` is sent to the page that is
preferred; who opens a page by its code has chosen it, English by ``/en/`` too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peft_demo.languages import NAMES, SOURCE, speaking
from peft_demo.ui.preferred_language import preferred, remembering


class InLanguages:
    """Middleware: answers what is asked below a language's code with its page."""

    def __init__(self, app: ASGIApp, build: Callable[[], gr.Blocks], options: Any) -> None:
        """``build`` makes a page, ``options`` how it is served, both in the current language."""
        self._app = app
        self._build, self._options = build, options
        self._built: dict[str, asyncio.Task[FastAPI]] = {}
        self._open: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope.get("path", ""))
        code = path.split("/")[1] if path else ""
        if _is_document(scope) and path in ("/", f"/{code}/"):
            request = Request(scope)
            wanted = code or preferred(request)
            if wanted != (code or SOURCE) or code == SOURCE:
                await _sent_to(wanted, request)(scope, receive, send)
                return
            if code in NAMES:
                send = _choosing(code, request, send)
        if code not in NAMES or code == SOURCE:
            await self._app(scope, receive, send)
            return
        with speaking(code):
            page = await self._page(code)
            await page(scope, receive, send)

    async def _page(self, code: str) -> FastAPI:
        if code not in self._built:
            self._built[code] = asyncio.create_task(self._opened(code))
        # Who stops waiting does not stop it for others.
        return await asyncio.shield(self._built[code])

    async def _opened(self, code: str) -> FastAPI:
        site = await asyncio.to_thread(self._mounted, code)
        is_open = asyncio.Event()
        self._open.add(asyncio.create_task(self._keep_open(site, is_open)))
        await is_open.wait()
        return site

    async def _keep_open(self, site: FastAPI, is_open: asyncio.Event) -> None:
        """Gradio's queue and clean-up begin and end with this; the server's end cancels it."""
        async with site.router.lifespan_context(site):
            is_open.set()
            await asyncio.Event().wait()

    def _mounted(self, code: str) -> FastAPI:
        site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        return gr.mount_gradio_app(site, self._build(), f"/{code}", **self._options())


def _is_document(scope: Scope) -> bool:
    """Whether a browser asks for a page; programs get the English one."""
    accepted = Headers(scope=scope).get("accept", "") if scope["type"] == "http" else ""
    return "text/html" in accepted and scope["method"] == "GET"


def _sent_to(code: str, request: Request) -> RedirectResponse:
    """To a language's page, with what else the address says; English is then chosen."""
    path = "../" if code == SOURCE else f"{code}/"
    query = f"?{request.url.query}" if request.url.query else ""
    headers = {"vary": "Accept-Language, Cookie", "cache-control": "no-store"}
    if code == SOURCE:
        headers["set-cookie"] = remembering(code, request)
    return RedirectResponse(f"{path}{query}", headers=headers)


def _choosing(code: str, request: Request, send: Send) -> Send:
    """Keeps with the answer that its language was chosen."""

    async def with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = (b"set-cookie", remembering(code, request).encode())
            message = {**message, "headers": [*message["headers"], cookie]}
        await send(message)

    return with_cookie
