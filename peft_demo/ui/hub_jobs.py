"""The page where who signed in agrees to what jobs on his account cost; it needs no script."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from peft_demo import settings
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.execution.executors.hub_account import Account, Price, price
from peft_demo.execution.executors.hub_jobs import JobsExecutor
from peft_demo.fields import Choice
from peft_demo.formats import dollars, whole
from peft_demo.languages import _, gettext_noop, language
from peft_demo.ui import accounts
from peft_demo.ui.html import render
from peft_demo.ui.identity import acting
from peft_demo.ui.services import Services

MINUTES = Choice(
    "minutes", "Minutes", "Of all jobs together.", "30", ("10", "30", "60", "120", "240")
)
"""What one may agree to."""

SCOPE = "jobs"
"""What a Space's metadata ask of who signs in, beside his name."""

OFF = gettext_noop("Hugging Face Jobs are not offered here: PEFT_DEMO_JOBS does not ask for them.")

NO_SPACE = gettext_noop(
    "Hugging Face Jobs are offered on a Space only: a job is computed in that Space's image, which "
    "has the same program and the same base models."
)

NO_SCOPE = gettext_noop(
    "Hugging Face Jobs are not offered here: the Space's metadata have to ask for hf_oauth, with "
    "jobs and contribute-repos among its scopes."
)

OTHER_PRICE = gettext_noop("The price has changed since you read it: please read it again.")

NOT_AGREED = gettext_noop("Nothing is billed unless you agree to it here.")


def why_not() -> str:
    """Why runs are not trained so here, in a sentence; empty where they may be."""
    if settings.jobs() == "off":
        return OFF
    if not settings.space():
        return NO_SPACE
    asked = os.environ.get("OAUTH_SCOPES", "").split()
    return "" if accounts.is_offered() and SCOPE in asked else NO_SCOPE


def routes(services: Services) -> list[Route]:
    """What serves ``jobs``."""
    return [
        Route("/jobs", partial(_form, services)),
        Route("/jobs", partial(_answer, services), methods=["POST"]),
    ]


def offer(services: Services) -> str:
    """What the page says of it where machines are shown; empty where it is not offered."""
    if why_not():
        return ""
    return sentence(services) or _("Your runs can be jobs on Hugging Face, on your own account.")


def sentence(services: Services) -> str:
    """What is billed for the runs that who acts starts now; empty if that is nothing."""
    agreement = services.agreements.holding().get(acting().owner)
    if agreement is None:
        return ""
    return _(
        "What you start is trained as a job on Hugging Face (%(flavor)s: %(machine)s), billed to "
        "%(account)s at %(hour)s an hour: %(most)s at most for the %(minutes)s minutes that you "
        "agreed to, of which %(left)s are left."
    ) % {
        **{"flavor": agreement.price.flavor, "machine": agreement.price.machine},
        "account": agreement.account.name,
        "hour": dollars(60 * agreement.price.dollars_a_minute),
        "most": dollars(agreement.dollars),
        **{"minutes": whole(agreement.minutes), "left": whole(agreement.left)},
    }


def _form(
    services: Services,
    request: Request,
    problems: Mapping[str, str] | None = None,
    minutes: str = MINUTES.default,
) -> Response:
    """The page; reads the price, which takes a request to the Hub."""
    account = accounts.account(request.scope.get("session") or {})
    holds = sentence(services)
    latest = services.agreements.of(acting().owner)
    found, faults = None, {**(problems or {})}
    if not why_not() and account and not holds:
        try:
            found = price(settings.jobs())
        except AssetError as error:
            faults[""] = str(error)
    html = render(
        "jobs",
        language=language(),
        why_not=why_not(),
        account=account,
        holds=holds,
        ended=latest.why_not if latest and not holds else "",
        price=found,
        problems=faults,
        choices=MINUTES.choices,
        minutes=minutes,
    )
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


async def _answer(services: Services, request: Request) -> Response:
    said = await request.form()
    told = {name: str(value) for name, value in said.items()}
    return await run_in_threadpool(_decide, services, request, told)


def _decide(services: Services, request: Request, said: Mapping[str, str]) -> Response:
    """Begin or end it, as the form says."""
    owner, session = acting().owner, request.scope.get("session") or {}
    token, account = accounts.token(session), accounts.account(session)
    if why_not() or not (token and acting().is_account):
        return _form(services, request)
    if said.get("end"):
        services.agreements.end(owner)
        return _form(services, request)
    if owner in services.agreements.holding():  # it was sent twice
        return _form(services, request)
    minutes = said.get("minutes", "")
    try:
        asked = price(settings.jobs())
    except AssetError as error:
        return _form(services, request, {"": str(error)}, minutes)
    if faults := _faults(said, asked):
        return _form(services, request, faults, minutes)
    billed = Account(account, token, accounts.until(session))
    services.agreements.add(owner, JobsExecutor(billed, asked, int(minutes)))
    return _form(services, request)


def _faults(said: Mapping[str, str], asked: Price) -> dict[str, str]:
    """What is not agreed to, by the form's fields."""
    faults: dict[str, str] = {}
    try:
        MINUTES.check(said.get("minutes", ""))
    except InvalidFieldsError as error:
        faults |= error.problems
    if said.get("dollars_a_minute") != str(asked.dollars_a_minute):
        faults[""] = OTHER_PRICE
    if "agreed" not in said:
        faults["agreed"] = NOT_AGREED
    return faults
