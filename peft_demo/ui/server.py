"""Serve the page: at once, while the models load behind it."""

from __future__ import annotations

import os
import socket
from functools import partial
from typing import Any

# Before gradio is imported, which asks its makers' server for news otherwise.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from peft_demo import settings

if settings.is_zero_gpu():
    import spaces  # noqa: F401  # before torch: it stands in for a GPU that is lent later

import gradio as gr
from starlette.middleware import Middleware

from peft_demo.errors import PeftDemoError
from peft_demo.languages import SOURCE, language
from peft_demo.ui import class_board, connections, hub_jobs, take_home, uploads
from peft_demo.ui.bodies import LARGEST_UPLOAD, Bodies
from peft_demo.ui.browser_code import STYLES, head, routes
from peft_demo.ui.class_page import ClassPage
from peft_demo.ui.closed import Closed
from peft_demo.ui.faults import NoServerErrors
from peft_demo.ui.first_paint import FirstPaint
from peft_demo.ui.gate import OwnPagesOnly
from peft_demo.ui.health import Health
from peft_demo.ui.in_languages import InLanguages
from peft_demo.ui.learn import worksheets
from peft_demo.ui.mcp import NoLoopback, keep_tools
from peft_demo.ui.page import build, placeholder
from peft_demo.ui.rates import Rates
from peft_demo.ui.services import Services
from peft_demo.ui.theme import THEME
from peft_demo.ui.visitors import Visitors
from peft_demo.ui.waiting import Listeners

PORT = 7860
PORTS_TRIED = 100

SESSIONS = 200
"""Visits that are remembered; of more the oldest are forgotten, and begin anew."""

THREADS = 96
"""Enough for a class that polls while most of it waits for answers (``ANSWERED_AT_ONCE``)."""


def serve(host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted.

    Args:
        host: address to listen at; by default 127.0.0.1, or GRADIO_SERVER_NAME, as Spaces sets it.
        port: the first port to try; by default 7860, or GRADIO_SERVER_PORT.

    Raises:
        PeftDemoError: no port is free.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    wanted = port or int(os.environ.get("GRADIO_SERVER_PORT") or PORT)
    uploads.keep_apart(settings.home())
    services = Services()
    page = launch(services, host, free_port(host, wanted))
    if page.server_port != wanted:
        print(f"Port {wanted} is taken; using {page.server_port}.")
    print(f"PEFT Demo is at http://{host}:{page.server_port}", flush=True)
    if services.store.problem:
        print(services.store.problem, flush=True)
    services.start()
    try:
        page.block_thread()
    finally:
        services.close()


def launch(services: Services, host: str, port: int) -> gr.Blocks:
    """Serve the page in the background."""
    connections.bound()
    page = build(services)
    page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        # Gradio keeps some 0.1 MB of each visit, and what is uploaded.
        state_session_capacity=SESSIONS,
        max_threads=THREADS,
        mcp_server=True,
        **options_of(services),
    )
    keep_tools(page)
    return page


def options_of(services: Services) -> dict[str, Any]:
    """How the English page is served, and who is let in to it and all others."""
    uploads.bound_progress()
    options = _options(services)
    options["app_kwargs"]["routes"] += Health(services).routes()
    options["app_kwargs"]["middleware"][:0] = [
        Middleware(OwnPagesOnly),
        Middleware(Closed),
        Middleware(NoServerErrors),
        Middleware(NoLoopback),
        Middleware(Visitors, signatures=services.signatures),
        Middleware(Rates),
        Middleware(Bodies),
        Middleware(Listeners),
        Middleware(ClassPage, services=services),
        Middleware(
            InLanguages, build=partial(_other, services), options=partial(_options, services)
        ),
    ]
    return options


def _other(services: Services) -> gr.Blocks:
    """The page once more, in the current language."""
    page = build(services)
    page.state_session_capacity, page.max_threads = SESSIONS, THREADS
    return page


def _options(services: Services) -> dict[str, Any]:
    """How the page is served, whichever its language."""
    paint = Middleware(FirstPaint, head=head(), body=placeholder(), language=language())
    return {
        "show_error": True,
        "theme": THEME,
        "css_paths": STYLES,
        "app_kwargs": {
            "middleware": [paint],
            "routes": [
                *routes(),
                worksheets.route(),
                *class_board.routes(services),
                *take_home.routes(services),
                *hub_jobs.routes(services),
            ],
        },
        "footer_links": ["api"] if language() == SOURCE else [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "max_file_size": LARGEST_UPLOAD,
    }


def free_port(host: str, first: int) -> int:
    """The first port from ``first`` on that nobody listens at.

    Raises:
        PeftDemoError: none of a hundred is free, or the address is not this machine's.
    """
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if not isinstance(error, socket.gaierror) and error.errno in (13, 98, 48, 10048):
                    continue
                raise PeftDemoError(
                    f"--host must be an address of this machine, got {host}."
                ) from error
            return port
    raise PeftDemoError(f"--port must be followed by a free port, got {first}: none is free.")
