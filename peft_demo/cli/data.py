"""The commands about people's own texts."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson, field_values, open_store, source_of
from peft_demo.cli.output import answer, facts
from peft_demo.comparison import Looking, look
from peft_demo.comparison.words import between
from peft_demo.data import own
from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.formats import percent
from peft_demo.models import lengths

commands = typer.Typer()
data = typer.Typer(help="Keep texts of your own, to learn from and to test on.")
commands.add_typer(data, name="data")

DataId = Annotated[
    str, typer.Argument(metavar="DATA", help="A data set's id, such as own-0123456789ab.")
]

_MOST_TOLD = 20
"""Rows that were left out, as text; --json has all of them."""


@data.command()
def add(
    file: Annotated[
        Path | None, typer.Argument(help="CSV, TSV, JSON Lines, Parquet or lines of text.")
    ] = None,
    from_hub: Annotated[
        str, typer.Option("--hub", metavar="ID", help="Instead of FILE: a data set of the Hub.")
    ] = "",
    config: Annotated[str, typer.Option(help="Of the Hub's: which configuration.")] = "",
    split: Annotated[str, typer.Option(help="Of the Hub's: which split; train if left out.")] = "",
    test_split: Annotated[str, typer.Option(help="Of the Hub's: the split to test on.")] = "",
    revision: Annotated[str, typer.Option(help="Of the Hub's: a commit, tag or branch.")] = "",
    text_column: Annotated[str | None, typer.Option(help="The column of texts.")] = None,
    label_column: Annotated[str | None, typer.Option(help="The column of labels.")] = None,
    label_names: Annotated[
        list[str] | None,
        typer.Option("--label-name", metavar="LABEL=NAME", help="Name one; may be repeated."),
    ] = None,
    test: Annotated[Path | None, typer.Option(help="A file of texts to test on.")] = None,
    only_test: Annotated[
        bool, typer.Option("--only-test", help="Test on all of them, and train on none.")
    ] = False,
    name: Annotated[str, typer.Option(help="How to call it; as the file if left out.")] = "",
    unlisted: Annotated[
        bool, typer.Option("--unlisted", help="Not to be seen by others on the page.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read labelled texts from a file or the Hub, say what is in them, and keep them for runs."""
    names = field_values(label_names or [], "label-name")
    tested = source_of(test, "test") if test else None
    of_hub = {"config": config, "split": split, "test_split": test_split, "revision": revision}
    if from_hub:
        if file:
            refuse("hub", f"hub must be left out where a file is named, got {shown(from_hub)}.")
        source, split_off = own.read_from_hub(own.Asked(from_hub, **of_hub, is_trusted=True))
        if tested and split_off:
            refuse("test", f"test must be left out where test_split is named, got {shown(test)}.")
        tested = tested or split_off
    elif file is None:
        refuse("file", "file must be a file, or --hub name a data set of the Hub, got neither.")
    else:
        for name_, value in of_hub.items():
            if value:
                refuse(name_, f"{name_} must be left out of a file, got {shown(value)}.")
        source = source_of(file, "file")
    prepared = own.prepare(
        source,
        tested,
        text_column=text_column,
        label_column=label_column,
        label_names={label: str(value) for label, value in names.items()},
        name=name,
        only_test=only_test,
        **lengths.counting(),
    )
    kept = open_store().add_dataset(prepared, getpass.getuser(), is_listed=not unlisted)
    report = prepared.report.model_copy(update={"name": kept.name})
    told = report.model_dump(mode="json")
    refused = [{"row": r.row, "reason": r.reason, "file": r.file} for r in report.refused_rows]
    answer(as_json, {**told, "refused_rows": refused}, _lines(report))


@data.command("list")
def list_data(as_json: AsJson = False) -> None:
    """List the texts that were added, the newest first."""
    found = open_store().datasets()
    lines = [
        f"{one.dataset}  {one.rows:9,} texts  {one.name}  ({', '.join(one.labels)})"
        for one in found
    ]
    answer(as_json, [one.model_dump(mode="json") for one in found], lines)


@data.command()
def show(dataset: DataId, as_json: AsJson = False) -> None:
    """Show what was found in texts when they were added, and where their file is."""
    kept = open_store().dataset(dataset)
    report = own.report_of(dataset)
    path = own.texts_of(dataset)
    told = {**report.model_dump(mode="json"), **kept.model_dump(mode="json"), "file": str(path)}
    answer(as_json, told, [*_lines(report), *facts({"file": path})])


@data.command()
def remove(dataset: DataId) -> None:
    """Delete texts for good; runs that learned from them stay."""
    store = open_store()
    kept = [one for one in store.datasets() if one.dataset == dataset]
    for one in kept or [store.dataset(dataset)]:
        store.remove_dataset(dataset, one.owner)
    typer.echo(f"The texts of {dataset} are deleted; runs that learned from them stay.")


@data.command()
def texts(
    source: Annotated[str, typer.Argument(metavar="ID", help="A run's id, or a data set's.")],
    part: Annotated[
        str, typer.Option(help="training, validation, test, or a data set of a later test.")
    ] = "test",
    search: Annotated[str, typer.Option(help="Words that a text must have.")] = "",
    order: Annotated[str, typer.Option(help="given, mistakes, unsure, shortest, longest.")] = (
        "given"
    ),
    page: Annotated[int, typer.Option(help="Which twenty, from 1.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show the texts of a run or a data set as the model sees them, and the run's predictions."""
    asked = Looking(source=source, part=part, search=search, order=order, page=page)
    found = look(open_store(), asked)
    lines = [
        f"{found.name}, {found.part}: {found.num_found:,} of {found.num_texts:,} texts, "
        f"page {found.page:,} of {found.num_pages:,}",
        *(f"  {note}" for note in found.notes),
        *(
            f"  {one.name}: {percent(one.accuracy.value)} of {one.count:,} "
            f"(95 % interval {between(one.accuracy)})"
            for one in found.slices
        ),
    ]
    for text in found.texts:
        said = "" if text.said is None else f", said {text.said} {percent(text.sureness or 0)}"
        lines += [
            f"{text.index + 1:,}  truly {text.label}{said}; "
            f"{len(text.tokens):,} of {text.num_tokens:,} tokens",
            f"    {text.seen}{' ✂' if text.unseen else ''}{text.unseen}",
        ]
    answer(as_json, found.model_dump(mode="json"), lines)


@commands.command()
def evaluate(
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    dataset: Annotated[str, typer.Option("--data", metavar="DATA", help="A data set's id.")],
    as_json: AsJson = False,
) -> None:
    """Test finished runs on the test texts of another data set; compare has it as a set."""
    from peft_demo.inference import Predictor
    from peft_demo.inference import evaluate as evaluated

    store = open_store()
    predictor = Predictor(store)
    for run_id in run:
        found = evaluated(store, predictor, run_id, dataset)
        line = (
            f"{run_id}  {percent(found.accuracy)} "
            f"(95 % interval {percent(found.low)} to {percent(found.high)}) "
            f"of {found.num_texts:,} texts"
        )
        if found.num_trained_on:
            line += f"; it was trained on {found.num_trained_on:,} of them"
        told = [f"  {found.doubt}"] if found.doubt else []
        answer(as_json, found.model_dump(mode="json"), [line, *told])


def _lines(report: own.Report) -> list[str]:
    lengths_found = report.lengths
    lines = [
        f"{report.dataset}  {report.name}: {report.rows:,} texts, read as {report.kind}",
        *([f"  of the Hub: {report.origin.name}"] if report.origin else []),
        f"  texts are in {report.text_column}, labels in {report.label_column}",
        *(
            f"  {label}: {training:,} to train on, {test:,} to test"
            for label, (training, test) in report.balance.items()
        ),
        f"  a run draws at most {report.most_texts:,}, as many of each label",
    ]
    if lengths_found:
        lines.append(
            f"  tokens: median {lengths_found.median:,}, nine of ten at most "
            f"{lengths_found.most_of_ten:,}, longest {lengths_found.longest:,}; "
            + ", ".join(f"{most} cut {percent(cut)}" for most, cut in lengths_found.cut.items())
        )
    if report.num_near_duplicates:
        lines.append(
            f"  {report.num_near_duplicates:,} test texts are almost texts to train on, such as "
            f"{shown(report.near_duplicates[0].test)}"
        )
    lines += (f"  {note}" for note in report.notes)
    refused = report.refused_rows
    if refused:
        lines.append(f"  left out: {len(refused):,} rows")
    lines += [f"    {r.file} row {r.row}: {r.reason}" for r in refused[:_MOST_TOLD]]
    if len(refused) > _MOST_TOLD:
        lines.append(f"    … {len(refused) - _MOST_TOLD:,} more; --json has all of them")
    return lines
