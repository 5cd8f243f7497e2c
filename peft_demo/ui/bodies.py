"""How large, deep and slow a request's body may be; it is looked at before anything reads it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peft_demo.storage.space import free_bytes
from peft_demo.ui.counted import REFUSED

LARGEST_JSON = 8_000_000
"""Bytes: twice the largest notebook that is read."""

LARGEST_UPLOAD = 210_000_000
"""Bytes of a file: the largest adapter in a zip that packs nothing."""

_AROUND = 10_000_000
"""Bytes of an upload beside that."""

LEFT_FREE = 500_000_000
"""Bytes of the disk that no upload takes: runs need them."""

DEEPEST = 50
"""Lists and mappings within each other."""

PATIENCE = 60.0
"""Seconds that a body may take to come …"""

SLOWEST = 20_000
"""… and one more for so many bytes of it: the slowest network that a class still works with."""

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class _TooLargeError(Exception):
    """More came than may."""


class _TooSlowError(Exception):
    """It did not come in time."""


class Bodies:
    """Middleware: refuses bodies that are too large, deep or slow, with 413, 400 and 408."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").lower().startswith("multipart/form-data")
        most = LARGEST_UPLOAD + _AROUND if is_upload else LARGEST_JSON
        counted = _counted(receive, most)
        has_begun = False

        async def pass_on(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            size = int(headers.get("content-length") or (most if is_upload else 0))
            if size > most:
                raise _TooLargeError
            if is_upload and size > free_bytes(Path(get_upload_folder())) - LEFT_FREE:
                sentence = "The server's disk has no room for more files now."
                return await _refuse(sentence, 507, scope, receive, send)
            if not is_upload:
                body = await _whole(counted)
                if is_deep(body):
                    sentence = f"The request must have at most {DEEPEST} levels."
                    return await _refuse(sentence, 400, scope, receive, send)
                if has_half_characters(body):
                    sentence = "The request must be text: it holds half a surrogate pair."
                    return await _refuse(sentence, 400, scope, receive, send)
                counted = _again(body, receive)
            await self._app(scope, counted, pass_on)
        except _TooLargeError:
            if has_begun:
                raise
            sentence = f"The request must have at most {most:,} bytes."
            await _refuse(sentence, 413, scope, receive, send)
        except _TooSlowError:
            if has_begun:
                raise
            allowed = f"{PATIENCE:.0f} s and a second for each {SLOWEST:,} bytes"
            sentence = f"The request must come within {allowed}."
            await _refuse(sentence, 408, scope, receive, send)


def is_deep(body: bytes) -> bool:
    """Whether lists and mappings of a JSON text lie more than ``DEEPEST`` within each other."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_TEXT.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def has_half_characters(body: bytes) -> bool:
    """Whether a JSON text escapes half a surrogate pair: no answer could repeat it in UTF-8."""
    if b"\\ud" not in body.lower():
        return False
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except ValueError:
        return False  # no JSON at all: that is said elsewhere
    return False


def _counted(receive: Receive, most: int) -> Receive:
    total, has_all, began = 0, False, asyncio.get_running_loop().time()

    async def take() -> Message:
        nonlocal total, has_all
        try:
            # What comes after the body is the client's end, for which nobody waits too long.
            in_time = None if has_all else began + PATIENCE + total / SLOWEST
            async with asyncio.timeout_at(in_time):
                message = await receive()
        except TimeoutError as error:
            raise _TooSlowError from error
        has_all = not message.get("more_body", False)
        total += len(message.get("body", b""))
        if total > most:
            raise _TooLargeError
        return message

    return take


async def _whole(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, once more; then whatever comes after it, such as the client's end."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def take() -> Message:
        return waiting.pop() if waiting else await receive()

    return take


async def _refuse(sentence: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    REFUSED.labels("body").inc()
    await JSONResponse({"error": sentence, "detail": sentence}, status)(scope, receive, send)
