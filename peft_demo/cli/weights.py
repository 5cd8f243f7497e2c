"""The commands about what training changed in a network's weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson, open_store
from peft_demo.cli.output import answer, tell_end
from peft_demo.cli.training import run_now
from peft_demo.formats import fixed, part, percent, whole
from peft_demo.runs import Run, RunKind
from peft_demo.runs.combinations import COMBINATIONS, DENSITY
from peft_demo.runs.inside import Between, Inside

commands = typer.Typer()

_WAYS = ", ".join(COMBINATIONS)


@commands.command()
def inside(
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    as_json: AsJson = False,
) -> None:
    """Say what training changed inside finished runs, and how the changes of two lie together."""
    from peft_demo.inference import Insides, Predictor

    store = open_store()
    for found in Insides(store, Predictor(store)).asked(run):
        if isinstance(found, Inside):
            lines = _inside(found, store.get(found.run_id))
        else:
            lines = _between(found)
        answer(as_json, found.model_dump(mode="json"), lines)


@commands.command()
def strength(
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    text: Annotated[str, typer.Option(help="A review to ask at one strength.")] = "",
    at: Annotated[float, typer.Option(help="That strength, 0 to 2.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Let a run's update count from 0 to 2 times: its test accuracy, or what it says of a text."""
    from peft_demo.inference import Predictor, Strengths

    store = open_store()
    strengths = Strengths(store, Predictor(store))
    if text:
        for said in strengths.predict(text, run, at):
            line = f"{said.run_id}  {said.label} {percent(said.probabilities[said.label])}"
            answer(as_json, said.model_dump(mode="json"), [line])
        return
    for run_id in dict.fromkeys(run):
        curve = strengths.curve(run_id)
        lines = [f"{curve.run_id}: accuracy on {whole(curve.num_texts)} test texts"]
        lines += [
            f"  {point.strength:4}  {percent(point.accuracy)} ({percent(point.low)} to "
            f"{percent(point.high)})"
            for point in curve.points
        ]
        answer(as_json, curve.model_dump(mode="json"), lines)


@commands.command("map")
def feature_map(
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    as_json: AsJson = False,
) -> None:
    """Say where up to 300 test texts lie before and after a training: two principal components."""
    from peft_demo.inference import Maps, Predictor

    store = open_store()
    for found in Maps(store, Predictor(store)).asked(run):
        first, second = map(percent, found.explained)
        lines = [f"{found.run_id}: the axes hold {first} and {second} of the variance"]
        lines += [
            f"  {place.index:3}  {place.label} (says {place.said})  "
            + "  ->  ".join(
                ", ".join(fixed(value, 2) for value in at) for at in (place.before, place.after)
            )
            for place in found.texts
        ]
        answer(as_json, found.model_dump(mode="json"), lines)


@commands.command()
def mix(
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="Two of one base.")],
    by: Annotated[
        str,
        typer.Option(help=f"Save a mix as a run, by one of peft's ways: {_WAYS}."),
    ] = "",
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER", help="Of a run in that mix, 0 to 2; one for each."),
    ] = None,
    density: Annotated[
        str, typer.Option(metavar="SHARE", help="Of entries that ties, dare and pruning keep.")
    ] = str(DENSITY.default),
    name: Annotated[str, typer.Option(help="How to call that run.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say how accurate the mixes of two runs are on the line between them; --by saves one."""
    from peft_demo.inference import Mixes, Predictor, mixture

    store = open_store()
    if by:
        count = len({*run})
        weights: list[object] = [*weight] if weight else [1 / count] * count
        with tempfile.TemporaryDirectory(dir=store.folder, prefix=".import-") as scratch:
            asked = (run, weights, by, density, name)
            files, config = mixture(store, Predictor(store), Path(scratch), *asked)
            made = run_now(store, config, RunKind.MIXED, files)
        tell_end(made, store, as_json)
        return
    found = Mixes(store, Predictor(store)).between(run)
    lines = [
        f"{found.run_ids[0]} (0) to {found.run_ids[1]} (1): accuracy on "
        f"{whole(found.num_texts)} test texts of the first",
        *(
            f"  {point.at:5}  {percent(point.accuracy)} ({percent(point.low)} to "
            f"{percent(point.high)})"
            for point in found.points
        ),
    ]
    answer(as_json, found.model_dump(mode="json"), lines)


def _inside(found: Inside, run: Run) -> list[str]:
    from peft_demo.comparison.inside import inside_in_words

    return [
        found.run_id,
        *(f"  {line}" for line in inside_in_words(found, run)),
        *(
            f"  {change.name:50} {part(change.norm):>9}, effective rank "
            f"{fixed(change.effective_rank, 1)}, {change.directions} for 90 %"
            for change in found.modules
        ),
        *(
            f"  {moved.name:50} norm {fixed(moved.end, 3)}"
            + ("" if moved.distance is None else f", {fixed(moved.distance, 3)} from its start")
            for moved in found.moved
        ),
    ]


def _between(found: Between) -> list[str]:
    both = " and ".join(found.run_ids)
    return [
        f"{both}: overlap of what they write and read, and in brackets that of random directions",
        *(
            f"  {pair.name:50} {percent(pair.column_overlap)} ({percent(pair.column_chance)}), "
            f"{percent(pair.row_overlap)} ({percent(pair.row_chance)})"
            for pair in found.modules
        ),
    ]
