"""Which language a visitor reads: the one that was chosen, else what the browser asks for."""

from __future__ import annotations

from babel import negotiate_locale
from starlette.requests import Request

from peft_demo.languages import NAMES, SOURCE
from peft_demo.ui.visitors import cookie_scope

COOKIE = "peft_demo_language"

_SECONDS = 365 * 24 * 3600


def preferred(request: Request) -> str:
    """Its code, one of ``NAMES``."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in NAMES:
        return chosen
    asked = _asked(request.headers.get("accept-language", ""))
    return negotiate_locale(asked, list(NAMES), sep="-") or SOURCE


def remembering(code: str, request: Request) -> str:
    """The header's value that keeps a language as chosen."""
    return f"{COOKIE}={code}; Max-Age={_SECONDS}; Path=/; HttpOnly; {cookie_scope(request)}"


def _asked(header: str) -> list[str]:
    """The languages of an ``Accept-Language`` header, the most wanted first."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            continue
    return sorted((name for name in weights if weights[name] > 0), key=lambda name: -weights[name])
