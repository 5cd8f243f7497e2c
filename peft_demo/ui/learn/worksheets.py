"""Worksheets at addresses of their own, where a browser shows and prints them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from peft_demo.errors import NotFoundError
from peft_demo.lessons.worksheet import worksheet


def route() -> Route:
    """What serves them, such as ``worksheets/rank``."""
    return Route("/worksheets/{lesson}", _answer)


def _answer(request: Request) -> Response:
    try:
        return HTMLResponse(worksheet(request.path_params["lesson"]))
    except NotFoundError as error:
        return PlainTextResponse(str(error), 404)
