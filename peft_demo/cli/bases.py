"""The commands about base models."""

from __future__ import annotations

from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson
from peft_demo.cli.output import answer, print_json
from peft_demo.models import BASES, told

commands = typer.Typer()


@commands.command("add-base")
def add_base(
    source: Annotated[
        str,
        typer.Argument(help="A model of the Hugging Face Hub (owner/name), or a folder with one."),
    ],
    name: Annotated[str, typer.Option(help="What to call a folder's; else as the folder.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let runs start from another encoder, once it has been proven to load."""
    from peft_demo.models import own

    row = own.add(source, name=name, may_be_folder=True)
    if as_json:
        print_json(told(row))
    else:
        typer.echo(f"{row.id} is a base model now: --set base_model={row.id}")


@commands.command("remove-base")
def remove_base(
    base_id: Annotated[str, typer.Argument(metavar="ID", help="As add-base named it.")],
) -> None:
    """Take an added base out of the list; its files and its runs stay."""
    from peft_demo.models import own

    own.remove(base_id)
    typer.echo(f"{base_id} is no base model any more.")


@commands.command("bases")
def bases(as_json: AsJson = False) -> None:
    """List the base models with their families and measures."""
    listed = [told(row) for row in BASES.values()]
    lines = [
        f"{row['id']:40} {row['family']}, {row['dim']} wide, {row['n_layers']} blocks"
        + (f" computed {row['times']} times" if row["times"] > 1 else "")
        for row in listed
    ]
    answer(as_json, listed, lines)
