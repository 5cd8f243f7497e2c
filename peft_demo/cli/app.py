"""``python -m peft_demo …``, on the same store as the app."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from peft_demo import logs, memory, settings
from peft_demo.cli import (
    bases,
    challenges,
    configurations,
    data,
    doctor,
    lab,
    lessons,
    runs,
    search,
    training,
    weights,
)
from peft_demo.errors import InvalidFieldsError, NotFoundError, PeftDemoError
from peft_demo.models import hardware

app = typer.Typer(
    help="Train parameter-efficient fine-tuning methods on movie reviews and compare them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
MODULES = (
    training,
    search,
    configurations,
    bases,
    runs,
    challenges,
    lab,
    weights,
    data,
    lessons,
    doctor,
)
for module in MODULES:
    app.add_typer(module.commands)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="First port to try.")] = None,
) -> None:
    """Serve the web app."""
    # What imports make stays, and looking through it for garbage takes a third of their time.
    # Services begins again once the models are loaded.
    gc.disable()
    from peft_demo.ui.server import serve as serve_app

    if settings.log() == "auto" and not sys.stderr.isatty():
        logs.write_json()

    serve_app(host, port)


def end(signal_number: int, _frame: object) -> None:
    """End the program with the status that a shell gives for that signal."""
    sys.exit(128 + signal_number)


def main(before: Sequence[str] = ()) -> None:
    """Run the command line, with ``before`` ahead of its arguments.

    A user's mistake ends in one sentence and status 2, a failure in one and status 1.
    """
    # As Ctrl-C does, it lets what runs be recorded as it is; a kill would not.
    signal.signal(signal.SIGTERM, end)
    memory.share()
    hardware.share_cores()
    logs.start()
    try:
        settings.check()
        if settings.log() == "json":
            logs.write_json()
        app([*before, *sys.argv[1:]])
    except PeftDemoError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2 if isinstance(error, (InvalidFieldsError, NotFoundError)) else 1)
