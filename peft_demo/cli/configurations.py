"""The commands about configurations, and what is brought in or taken away as files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from peft_demo.cli.arguments import (
    AsJson,
    Changes,
    FromPreset,
    RunId,
    configuration,
    open_store,
)
from peft_demo.cli.output import answer, as_text, facts, print_json, tell_end
from peft_demo.cli.training import run_now
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import refuse
from peft_demo.runs import RunConfig, RunKind
from peft_demo.runs.schema import describe_methods

_LARGEST_FILE = 20_000_000
"""Bytes; a text that is too long is refused with its length."""

commands = typer.Typer()


@commands.command()
def count(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Count what a configuration would train and store, without training it."""
    from peft_demo.adapters.forecast import forecast

    known = forecast(configuration(preset, changes), open_store().runs()).plain()
    answer(as_json, known, facts(known))


@commands.command()
def code(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="script or notebook.")],
    preset: FromPreset = None,
    changes: Changes = None,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Of this run instead.")] = None,
) -> None:
    """Print a configuration as a script on plain transformers and peft, or as a notebook."""
    from peft_demo.export import code

    if run:
        found = open_store().get(run)
        print(code.export(found.config, kind, found.forward_pass))
    else:
        print(code.export(configuration(preset, changes), kind))


@commands.command("read-config")
def read_config(
    file: Annotated[
        str,
        typer.Argument(
            help="A script, a notebook, an adapter_config.json, what print showed of a "
            "configuration, or our JSON; - for standard input."
        ),
    ],
    choice: Annotated[
        int | None, typer.Option(metavar="N", help="Which of its configurations, from 1.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn somebody's peft configuration into ours, as JSON; nothing in it is executed.

    What is not honoured is said on standard error; with --json it is printed with the values.
    """
    from peft_demo.runs import reading

    imported = reading.read(_text_of(file), choice=choice)
    values = RunConfig(imported.values).flat()
    if as_json:
        print_json({"values": values, "notes": list(imported.notes)})
        return
    for note in imported.notes:
        typer.echo(note, err=True)
    print_json(values)


def _text_of(file: str) -> str:
    """What is in a text file, or comes on standard input for ``-``."""
    from peft_demo.runs.reading.files import decoded

    try:
        if file == "-":
            return decoded(sys.stdin.buffer.read(_LARGEST_FILE))
        with Path(file).open("rb") as opened:
            return decoded(opened.read(_LARGEST_FILE))
    except (OSError, UnicodeDecodeError):
        refuse("file", f"FILE must be a text file, got {file}.")


@commands.command("import-adapter")
def import_adapter(
    source: Annotated[Path, typer.Argument(help="A zip or folder with a peft adapter.")],
    name: Annotated[str, typer.Option(help="How to call it.")] = "",
    dataset: Annotated[str, typer.Option(help="What to test it on.")] = DEFAULT_DATASET,
    adapter: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Which of several, such as checkpoint-50; . is the top."),
    ] = None,
    base_model: Annotated[
        str | None, typer.Option(metavar="ID", help="What it was trained on, if it names a folder.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(metavar="TOKENS", help="Of each text, if its files say none.")
    ] = None,
    swap_labels: Annotated[
        bool, typer.Option("--swap-labels", help="If it has the two labels the other way round.")
    ] = False,
) -> None:
    """Test an adapter that was trained elsewhere, and put it among the runs."""
    from peft_demo.adapters import importing

    store = open_store()
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".import-") as scratch:
        files, config = importing.bring(
            source,
            Path(scratch),
            name=name,
            dataset=dataset,
            adapter=adapter,
            base_model=base_model,
            max_length=max_length,
            swap_labels=swap_labels,
        )
        for note in config.notes:
            typer.echo(note, err=True)
        run = run_now(store, config, RunKind.IMPORTED, files)
    tell_end(run, store, False)


@commands.command("swap-labels")
def swap_labels(run_id: RunId) -> None:
    """Test an imported adapter again, as a run of its own, with its two labels swapped."""
    from peft_demo.adapters import importing

    store = open_store()
    imported = store.get(run_id)
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".import-") as scratch:
        files, config = importing.swap(imported, store.folder_of(run_id), Path(scratch))
        run = run_now(store, config, RunKind.IMPORTED, files)
    tell_end(run, store, False)


@commands.command("export-base")
def export_base(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
) -> None:
    """Write the built-in base as a transformers folder, for plain PeftModel.from_pretrained."""
    from peft_demo import models

    models.export(folder, DATASETS[DEFAULT_DATASET].labels)
    typer.echo(f"Wrote {folder}.")


@commands.command()
def methods(as_json: AsJson = False) -> None:
    """List the methods with their fields, limits and defaults."""
    described = describe_methods()
    lines = []
    for method in described:
        lines.append(f"{method['id']:12} {method['label']} ({method['year']}): {method['summary']}")
        for field in method["fields"]:
            default = as_text(field["default"])
            lines.append(f"    {field['name']:24} {field['allowed']}; default {default}")
    answer(as_json, described, lines)
