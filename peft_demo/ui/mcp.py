"""The endpoints as tools for assistants (MCP): those that read and train, none that deletes."""

from __future__ import annotations

import gradio as gr
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from peft_demo.ui.visitors import is_at_the_machine

VERBS = frozenset(
    {
        *("add", "cancel", "challenge", "compare", "count", "evaluate", "explain", "export"),
        *("find", "get", "import", "inside", "list", "map", "mix", "predict", "read", "report"),
        *("resume", "show", "strength", "submit"),
    }
)
"""How a tool's name begins; others delete, restore, write onto runs, or take a token."""

PATH = "/gradio_api/mcp"


def keep_tools(page: gr.Blocks) -> None:
    """Leave those tools that read and train; to be called once the page is launched."""
    if server := page.mcp_server_obj:
        for tool in [*server.tool_to_endpoint]:
            if tool.partition("_")[0] not in VERBS:
                del server.tool_to_endpoint[tool]


class NoLoopback:
    """Middleware: what a tool does is done by who called it, from where he called.

    Gradio asks its own server for what a tool wants, with the caller's headers, and would else seem
    to be a program on this machine, which may do everything.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PATH):
            request = Request(scope)
            if not is_at_the_machine(request):
                address = request.client.host if request.client else "unknown"
                header = (b"x-forwarded-for", address.encode())
                scope = {**scope, "headers": [*scope["headers"], header]}
        await self._app(scope, receive, send)
