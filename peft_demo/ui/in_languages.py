"""The page in other languages than English, each at its code: ``/de/``.

Each is a page of its own, built at its first visit, on the same runs; its events answer in its
language. The gate stands before all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo.languages import NAMES, SOURCE, speaking


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
        code = str(scope.get("path", "")).split("/")[1:2] or [""]
        if code[0] not in NAMES or code[0] == SOURCE:
            await self._app(scope, receive, send)
            return
        with speaking(code[0]):
            page = await self._page(code[0])
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
