"""Challenges: what texts ask of runs, and what a teacher asks of a class."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from peft_demo.capabilities import COLUMNS, read_pairs
from peft_demo.cli.arguments import AsJson, field_values, open_store, source_of
from peft_demo.cli.output import answer
from peft_demo.comparison.understanding import Right, understood
from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.formats import percent

commands = typer.Typer()


@commands.command()
def challenge(
    challenge_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A class's challenge: its board is shown.")
    ] = "",
    run: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="ID", help="A run to ask what it understands; repeatable."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="PAIRS",
            help=f"With --run: edited pairs of your own, with columns {', '.join(COLUMNS)}.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="Set a class a new one of this title.")] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=MOST", help="Of a new one; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """With --run, ask runs what they understand; else list, set or show a class's challenges.

    Asked are negation, "but", irony, typos, added praise and more, and pairs of texts that few
    words turn. annotate --tag ID enters a run into a class's challenge.
    """
    if run:
        for name, value in (("ID", challenge_id), ("title", title), ("limit", limit)):
            if value:
                refuse(name, f"{name} must be left out with --run, got {shown(value)}.")
        return _ask(run, file, as_json)
    if file:
        refuse("run", f"run must name runs where a file of pairs is given, got {file.name} alone.")
    return _of_class(challenge_id, title, limit or [], as_json)


def _ask(run_ids: Sequence[str], file: Path | None, as_json: bool) -> None:
    from peft_demo.inference import Predictor, challenged

    pairs = read_pairs(source_of(file, "file")) if file else None
    store = open_store()
    predictor = Predictor(store)
    for run_id in run_ids:
        found = understood(challenged(store, predictor, run_id, pairs), pairs)
        lines = [run_id, *map(_line, found.rows.values())]
        if found.pairs.num_hidden:
            count = f"{found.pairs.num_hidden:,} of {found.pairs.pairs:,}"
            lines.append(f"  its max_length hides the edit of {count} pairs")
        if found.note:
            lines.append(f"  {found.note}")
        answer(as_json, found.model_dump(mode="json"), lines)


def _line(found: Right) -> str:
    low, high = map(percent, found.interval)
    share = f"{percent(found.accuracy)} (95 % interval {low} to {high})"
    return f"  {found.name:<20} {share} of {found.texts:,}"


def _of_class(challenge_id: str, title: str, limit: list[str], as_json: bool) -> None:
    from peft_demo.comparison.challenge import board

    store = open_store()
    if challenge_id:
        found = board(store, challenge_id)
        lines = [f"{e.place:3}  {e.run.name}  {e.owner}" for e in found.entries]
        lines += [f"  –  {one.run.name}: {' '.join(one.reasons)}" for one in found.left_out]
        return answer(as_json, found.model_dump(mode="json"), lines)
    if title or limit:
        limits = field_values(limit, "limit")
        made = [store.add_challenge(title, limits, getpass.getuser())]
    else:
        made = store.challenges()
    lines = [f"{each.challenge_id}  {each.title}  {each.limits}" for each in made]
    return answer(as_json, [each.model_dump(mode="json") for each in made], lines)
