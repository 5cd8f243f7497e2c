"""Everyone's runs, big for the projector, and all of them as a zip; both are a teacher's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from peft_demo.comparison.diagnosis import Finding, diagnose
from peft_demo.comparison.spread import Spread, spread
from peft_demo.errors import NotAllowedError
from peft_demo.export.archive import archive
from peft_demo.languages import gettext_noop, language
from peft_demo.runs import Run, RunStatus
from peft_demo.runs.nicknames import in_order
from peft_demo.ui import run_states
from peft_demo.ui.html import render
from peft_demo.ui.learn.figures import dot_plot
from peft_demo.ui.services import Services
from peft_demo.ui.visitors import is_at_the_machine

FOUND = {
    Finding.GUESSING: gettext_noop("still guessing"),
    Finding.DIVERGED: gettext_noop("diverged"),
    Finding.OVERFITS: gettext_noop("over-fits"),
    Finding.FALLING: gettext_noop("could learn on"),
    Finding.LEARNED: gettext_noop("learned"),
}
"""What a training's own numbers say of it, in two words."""


def routes(services: Services) -> list[Route]:
    """What serves ``class`` and ``class.zip``."""
    answers = {"/class": _board, "/class.zip": _archive}
    return [
        Route(path, partial(_by_a_teacher, services, answer)) for path, answer in answers.items()
    ]


def _by_a_teacher(
    services: Services, answer: Callable[[Services, Request], Response], request: Request
) -> Response:
    try:
        services.changes.require_teacher("see the class as a whole")
    except NotAllowedError as error:
        return PlainTextResponse(str(error), 403)
    return answer(services, request)


def _runs(services: Services) -> list[Run]:
    return [run for run in services.known_runs() if not run.is_reference]


def _board(services: Services, request: Request) -> Response:
    runs = _runs(services)
    found = spread(runs)
    html = render(
        "class_board",
        language=language(),
        # The class cannot go where the teacher's own browser does at the machine.
        address="" if is_at_the_machine(request) else str(request.base_url).removesuffix("/"),
        paused=services.changes.may()["paused"],
        people=_people(runs),
        counts={status: sum(run.status is status for run in runs) for status in RunStatus},
        called=run_states.CALLED,
        spread=found,
        plot=found and _plot(found),
    )
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def _archive(services: Services, _request: Request) -> Response:
    headers = {"Content-Disposition": 'attachment;filename="class.zip"'}
    made = archive(services.store, _runs(services))
    return StreamingResponse(made, media_type="application/zip", headers=headers)


def _plot(found: Spread) -> dict[str, Any]:
    return dot_plot(found.accuracies, found.expected)


def _people(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Of each who has runs, by name: the latest that has a test, and how far what runs is."""
    by_owner: dict[str, list[Run]] = {}
    for run in runs:
        by_owner.setdefault(run.owner, []).append(run)
    people = [_person(own) for own in by_owner.values()]
    return sorted(people, key=lambda person: in_order(person["name"]))


def _person(own: Sequence[Run]) -> dict[str, Any]:
    tested = next((run for run in own if run.result and not run.problem), None)
    running = next((run for run in own if run.status is RunStatus.RUNNING), None)
    found = tested and diagnose(tested)
    return {
        "name": own[0].owner_name,
        "run": tested,
        "is_learned": bool(tested and _beats_guessing(tested)),
        "found": FOUND[found.finding] if found else "",
        "running": running,
        "now": running and run_states.state(running),
        "waiting": sum(run.status is RunStatus.QUEUED for run in own),
        "last": own[0].status,
    }


def _beats_guessing(run: Run) -> bool:
    labels = len(run.config.labels)
    return bool(run.result and labels and run.result.test_interval[0] > 1 / labels)
