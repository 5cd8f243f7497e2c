"""What a browser shows before Gradio's scripts have drawn the page: its bar, and that it comes.

Gradio's own document is blank until then, and what ``launch(head=…)`` takes is added by a script.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LANGUAGE, _HEAD, _BODY = b'lang="en"', b"</head>", b"<gradio-app"


class FirstPaint:
    """Middleware: names a document's language, ends its head, and begins its body with a text."""

    def __init__(self, app: ASGIApp, head: str, body: str, language: str) -> None:
        self._app = app
        self._head, self._body = head.encode(), body.encode()
        self._language = f'lang="{language}"'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only documents with Gradio's element are changed."""
        start: Message | None = None
        document = b""

        async def pass_on(message: Message) -> None:
            nonlocal start, document
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
                return
            if start is None:
                return await send(message)
            document += message.get("body", b"")
            if message.get("more_body"):
                return
            if _BODY in document:
                document = document.replace(_LANGUAGE, self._language, 1)
                document = document.replace(_HEAD, self._head + _HEAD, 1)
                document = document.replace(_BODY, self._body + _BODY, 1)
            await send(_with_length(start, len(document)))
            await send({"type": "http.response.body", "body": document})

        is_page = scope["type"] == "http" and scope["method"] == "GET"
        await self._app(scope, receive, pass_on if is_page else send)


def _is_html(start: Message) -> bool:
    kind = dict(start["headers"]).get(b"content-type", b"")
    return bool(kind.startswith(b"text/html"))


def _with_length(start: Message, length: int) -> Message:
    kept = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    return {**start, "headers": [*kept, (b"content-length", str(length).encode())]}
