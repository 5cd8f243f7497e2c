"""The page's own scripts and styles: where they are served, and how Gradio's scripts call them.

The scripts are ES modules in a folder whose name holds a checksum of them all: a browser may keep a
file for days, and so it never mixes two versions. Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from peft_demo.languages import SOURCE, catalogue, language

ASSETS = Path(__file__).parent / "assets"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
STYLES = [
    *(ASSETS / "vendor").glob("*.css"),
    *(
        ASSETS / "styles" / f"{name}.css"
        for name in (
            "page",
            "runs",
            "you",
            "board",
            "review",
            "data",
            "method",
            "drawing",
            "to_scale",
            "disagreements",
            "mistakes",
            "map",
            "compare",
            "understanding",
            "runs_table",
            "learn",
            "print",
        )
    ),
]
"""In the order in which a later rule overrules an earlier one."""
FRAME = [ASSETS / "styles" / f"{name}.css" for name in ("first_paint", "bar", "form")]
"""What stands before any script is loaded. Gradio would add its styles later, with each rule once
more under its own container: that of a media query only there, and parted within ``:is(…, …)``."""

_TEXTS = "lib/catalogue.js"
"""Is English; of a page in another language the catalogue's stands in its place."""

_MODULES = sorted(ASSETS.rglob("*.js"))


def _checksum() -> str:
    digest = hashlib.sha256()
    for path in (*_MODULES, *catalogue.FOLDER.glob("*.po")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_FOLDER = f"modules/{_checksum()}"


def routes() -> list[BaseRoute]:
    """What serves the modules, those texts that they write in the current language."""
    # Where the system maps .js to something else, browsers refuse the modules.
    for ending in (".js", ".mjs"):
        mimetypes.add_type("text/javascript", ending)
    files = Mount(f"/{_FOLDER}", StaticFiles(directory=ASSETS))
    charts = Route(f"/{_FOLDER}/{PLOTLY.name}", _plotly)
    if language() == SOURCE:
        return [charts, files]
    return [charts, Route(f"/{_FOLDER}/{_TEXTS}", _texts), files]


def _plotly(_: Request) -> Response:
    return FileResponse(PLOTLY, media_type="text/javascript")


def _texts(_: Request) -> Response:
    return Response(catalogue.script(language()), media_type="text/javascript")


def head() -> str:
    """For the page's head: its frame, and all modules at once, so that none waits for another."""
    links = (
        f'<link rel="modulepreload" href="{_FOLDER}/{path.relative_to(ASSETS).as_posix()}">'
        for path in _MODULES
    )
    frame = "".join(path.read_text(encoding="utf-8") for path in FRAME)
    # Gradio writes its own texts, and what language the document is in, by what the browser speaks.
    spoken = f'Object.defineProperty(navigator, "language", {{ value: "{language()}" }})'
    return (
        f"<script>{spoken}</script>"
        + "".join(links)
        + f"<style>{frame}</style>"
        + f'<script defer src="{_FOLDER}/{PLOTLY.name}"></script>'
    )


def calling(call: str) -> str:
    """An expression for Gradio's scripts: the call of a function of main.js, once that is there."""
    main = f"import(new URL('{_FOLDER}/main.js', document.baseURI))"
    return f"{main}.then((app) => app.{call})"
