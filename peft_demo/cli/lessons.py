"""The commands about lessons."""

from __future__ import annotations

from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson
from peft_demo.cli.output import answer

commands = typer.Typer()

LessonId = Annotated[str, typer.Argument(metavar="ID", help="A lesson's id, such as rank.")]


@commands.command("lessons")
def list_lessons(as_json: AsJson = False) -> None:
    """List the lessons, and say what is wrong in the file of any other."""
    from peft_demo import lessons

    for sentence in lessons.PROBLEMS:
        typer.echo(sentence, err=True)
    rows = lessons.listed()
    lines = (
        f"{row['id']:12} {row['minutes']:3} min  {row['title']}: {row['goal']}" for row in rows
    )
    answer(as_json, rows, lines)


@commands.command()
def worksheet(lesson: LessonId) -> None:
    """Print a lesson's worksheet and its teacher's notes, as an HTML page to print."""
    from peft_demo.lessons.worksheet import worksheet as as_page

    typer.echo(as_page(lesson))
