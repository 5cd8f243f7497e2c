"""The command that serves the web app."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

commands = typer.Typer()


@commands.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="First port to try.")] = None,
) -> None:
    """Serve the web app."""
    # What imports make stays, and looking through it for garbage takes a third of their time.
    # Services begins again once the models are loaded.
    gc.disable()
    from peft_demo.ui.server import serve as serve_app

    serve_app(host, port)
