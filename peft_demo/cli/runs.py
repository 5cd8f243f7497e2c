"""The commands about runs that exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson, RunId, open_store, open_to_change
from peft_demo.cli.output import answer, facts, question
from peft_demo.comparison.describe import epochs_in_words, with_epochs
from peft_demo.errors import refuse
from peft_demo.export.csv import run_csv
from peft_demo.fields import shown
from peft_demo.formats import milliseconds, percent
from peft_demo.runs import Run, RunStatus
from peft_demo.statistics import MARGIN, TEST_SET
from peft_demo.storage import Store

commands = typer.Typer()


@commands.command()
def runs(
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
) -> None:
    """List all runs, newest first, the reference runs last."""
    store = open_store()
    found = [run.in_full for run in store.runs()]
    if as_csv:
        print(run_csv(found), end="")
        return
    lines = []
    for run in found:
        accuracy = percent(run.result.test_accuracy) if run.result else "–"
        name = with_epochs(run, run.config.name)
        lines.append(f"{run.run_id:34} {run.status:12} {accuracy:>7}  {name}")
        lines += [f"{'':34} {words}" for words in (run.problem, _left(store, run)) if words]
    answer(as_json, [json.loads(run.model_dump_json()) for run in found], lines)


@commands.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show everything about one run."""
    from peft_demo.comparison.diagnosis import diagnose

    store = open_store()
    run = store.get(run_id).in_full
    lines = [f"{run.run_id}  {run.config.name}  {run.status}"]
    found = diagnose(run, store.runs())
    words = found.words if found else None
    told = (run.error, run.problem, _left(store, run), words, *epochs_in_words(run))
    lines += [*(line for line in told if line), *question(run), *facts(run.config.told())]
    if result := run.result:
        rows = (
            "  ".join(f"{name} {value}" for name, value in row.items())
            for row in result.training_table
        )
        lines += ["", *(f"  {row}" for row in rows), ""]
        lines += facts(result.train_output)
        lines += facts(result.model_dump(exclude={"training_table", "train_output", "environment"}))
        lines += facts(result.environment)
        lines += facts({"folder": store.folder_of(run_id)})
    steps = [metrics.model_dump() for metrics in store.steps(run_id)]
    more = {
        "steps": steps,
        "folder": str(store.folder_of(run_id)),
        "diagnosis": found and found.model_dump(),
    }
    answer(as_json, {**json.loads(run.model_dump_json()), **more}, lines)


def _left(store: Store, run: Run) -> str:
    """What to do about a run whose program died; whoever works on the queue records it."""
    if run.status is not RunStatus.RUNNING or not store.has_died(run.run_id):
        return ""
    return f"The program that trained it ended before it was finished: resume {run.run_id} goes on."


@commands.command()
def compare(
    run_ids: Annotated[list[str], typer.Argument(metavar="ID ID...", help="2 to 8 runs.")],
    evaluation_set: Annotated[str, typer.Option(help="What to compare them on.")] = TEST_SET,
    margin: Annotated[float, typer.Option(help="Points that do not matter.")] = MARGIN,
    as_json: AsJson = False,
) -> None:
    """Compare runs on the same test texts: verdicts in words, then the numbers."""
    from peft_demo import comparison

    store = open_store()
    wanted = comparison.check_run_ids(store, run_ids)
    found = comparison.compare(store, wanted, evaluation_set=evaluation_set, margin=margin)
    refused = (pair.reason for pair in found.refused)
    confounded = (each.words for each in found.confounded)
    lines = [*found.verdict, *confounded, *found.problems, *refused, "", *comparison.table(found)]
    answer(as_json, found.model_dump(mode="json"), lines)


@commands.command()
def report(
    run_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="1 to 8 runs.")],
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    author: Annotated[str, typer.Option(help="Who hands it in.")] = "",
    notes: Annotated[str, typer.Option(help="What to say about the runs.")] = "",
    address: Annotated[str, typer.Option(help="Of the page, for links to it.")] = "",
) -> None:
    """Write runs as one HTML page to hand in: verdicts, charts, configurations, costs, notes."""
    from peft_demo.export.report import report

    text = report(open_store(), run_ids, author=author, notes=notes, address=address)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse("out", f"out must be a file that can be written, got {shown(str(out))}: {error}.")
    typer.echo(f"Wrote {out}.")


@commands.command()
def predict(
    text: Annotated[str, typer.Argument(help="The review.")],
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    before_training: Annotated[
        bool, typer.Option("--before-training", help="Ask what each began with instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask finished runs what they make of a review."""
    from peft_demo.inference import Predictor

    asked = Predictor(open_store()).predict(text, run, before_training=before_training)
    for prediction in asked:
        line = (
            f"{prediction.run_id}  {prediction.label} "
            f"{percent(prediction.probabilities[prediction.label])}  "
            f"{milliseconds(prediction.milliseconds)}  "
            f"read {prediction.tokens_read} of {prediction.tokens_total} tokens"
        )
        if prediction.doubt:
            line += f"\n  {prediction.doubt}"
        answer(as_json, prediction.model_dump(), [line])


@commands.command()
def cancel(
    run_id: RunId,
    keep: Annotated[
        bool, typer.Option("--keep", help="Test and save its last whole epoch.")
    ] = False,
) -> None:
    """Stop a running run within one step, or take a waiting one out of the queue."""
    if keep:
        open_to_change().request_keep(run_id)
        typer.echo(f"{run_id} will end with its last whole epoch.")
        return
    open_to_change().request_stop(run_id)
    typer.echo(f"{run_id} will stop.")


@commands.command()
def delete(run_id: RunId) -> None:
    """Remove a run that is over, with its files; within an hour it can be restored."""
    open_to_change().delete(run_id)
    typer.echo(f"{run_id} is deleted; restore {run_id} brings it back within an hour.")


@commands.command()
def restore(run_id: RunId) -> None:
    """Bring back a run that was deleted less than an hour ago."""
    open_store().restore(run_id)
    typer.echo(f"{run_id} is back.")


@commands.command()
def annotate(
    run_id: RunId,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Instead of those that it has; may be repeated."),
    ] = None,
    note: Annotated[str | None, typer.Option(help="What is worth remembering.")] = None,
    star: Annotated[bool | None, typer.Option("--star/--no-star", help="Its star.")] = None,
) -> None:
    """Rename a run, and write tags, a note or a star onto it; what is left out stays."""
    run = open_store().annotate(run_id, name=name, tags=tags or None, note=note, is_starred=star)
    star_text = "★ " if run.is_starred else ""
    typer.echo(f"{run.run_id}  {star_text}{run.config.name}  {', '.join(run.tags)}")
