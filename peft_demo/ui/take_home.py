"""A finished run to take home: as a zip, its numbers as one file, or into a Hub repository.

Pages of their own, which need no script: the token is typed into a form that leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from peft_demo.errors import InvalidFieldsError, NotFoundError, PeftDemoError
from peft_demo.export import archive
from peft_demo.export.push import push
from peft_demo.languages import gettext_noop, language
from peft_demo.runs import Run
from peft_demo.ui import accounts
from peft_demo.ui.faults import readable
from peft_demo.ui.html import render
from peft_demo.ui.services import Services
from peft_demo.ui.visitors import is_at_the_machine

UNSAFE = gettext_noop(
    "A token is taken at the machine itself or over https only: others on the network could read "
    "it. Download the zip, or use the command line there."
)


def routes(services: Services) -> list[Route]:
    """What serves ``take/run-000001`` and, of the same name, ``.zip`` and ``.json``."""
    return [
        Route("/take/{run_id}.zip", partial(_answered, services, _zip)),
        Route("/take/{run_id}.json", partial(_answered, services, _results)),
        Route("/take/{run_id}", partial(_answered, services, _form)),
        Route("/take/{run_id}", partial(_push, services), methods=["POST"]),
    ]


def _answered(
    services: Services, answer: Callable[[Services, Run, Request], Response], request: Request
) -> Response:
    try:
        return answer(services, _run(services, request), request)
    except PeftDemoError as error:
        status = 404 if isinstance(error, NotFoundError) else 409
        return PlainTextResponse(str(error), status)


def _run(services: Services, request: Request) -> Run:
    run = services.store.get(request.path_params["run_id"])
    archive.require_adapter(run)
    return run


def _zip(services: Services, run: Run, _request: Request) -> Response:
    return StreamingResponse(
        archive.run_archive(services.store, run),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment;filename="{run.run_id}.zip"'},
    )


def _results(services: Services, run: Run, _request: Request) -> Response:
    text = json.dumps(archive.results(services.store, run), indent=1, ensure_ascii=False)
    headers = {"Content-Disposition": f'attachment;filename="{run.run_id}.json"'}
    return Response(text, media_type="application/json", headers=headers)


def _form(
    _services: Services,
    run: Run,
    request: Request,
    problems: dict[str, str] | None = None,
    address: str = "",
    repository: str = "",
) -> Response:
    html = render(
        "take_home",
        language=language(),
        run=run,
        repository=repository,
        is_signed_in=bool(accounts.token(request.scope.get("session") or {})),
        unsafe="" if _is_safe(request) else UNSAFE,
        problems=problems or {},
        address=address,
    )
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(html, headers=headers)


async def _push(services: Services, request: Request) -> Response:
    try:
        run = await run_in_threadpool(_run, services, request)
    except PeftDemoError as error:
        return PlainTextResponse(str(error), 409)
    said = await request.form()
    repository = str(said.get("repository") or "")
    token = str(said.get("token") or "") or accounts.token(request.scope.get("session") or {})
    if not _is_safe(request):
        return _form(services, run, request, {"": UNSAFE}, repository=repository)
    try:
        address = await run_in_threadpool(
            push,
            services.store,
            run.run_id,
            repository,
            token,
            private="private" in said,
            replace="replace" in said,
        )
    except InvalidFieldsError as error:
        return _form(services, run, request, error.problems, repository=repository)
    except Exception as error:
        problems = {"": str(readable(error))}
        return _form(services, run, request, problems, repository=repository)
    return _form(services, run, request, address=address, repository=repository)


def _is_safe(request: Request) -> bool:
    """Whether nobody on the way reads what the form sends."""
    is_https = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    return is_https or bool(os.environ.get("SPACE_HOST")) or is_at_the_machine(request)
