"""The commands about configurations, and what is brought in or taken away as files."""

from __future__ import annotations

import os
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
        print(code.of_run(open_store().get(run), kind))
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
    source: Annotated[
        str,
        typer.Argument(
            help="A zip or folder with a peft adapter, or a repository of the Hugging Face Hub "
            "(somebody/name, perhaps @ and a revision, or a link)."
        ),
    ],
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
    is_on_hub = not Path(source).exists() and importing.looks_like_one(source)
    brought = importing.repository_in(source, token=None) if is_on_hub else Path(source)
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".import-") as scratch:
        files, config = importing.bring(
            brought,
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


@commands.command()
def push(
    run_id: RunId,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="Such as somebody/name.")],
    private: Annotated[bool, typer.Option("--private", help="Others may not see it.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="It may be there already; its files are replaced.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds the Hub's token; else HF_TOKEN does."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a finished run into a repository of the Hugging Face Hub, with its model card."""
    from peft_demo.export.push import push as push_run

    token = os.environ.get("HF_TOKEN", "") if token_file is None else _text_of(str(token_file))
    done = push_run(open_store(), run_id, repository, token, private=private, replace=replace)
    answer(as_json, {"url": done}, [done])


@commands.command("take-home")
def take_home(
    run_id: RunId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The zip to write.")],
) -> None:
    """Write a finished run as a zip: its adapter in peft's format, card, predictions, results."""
    from peft_demo.export import archive

    store = open_store()
    run = store.get(run_id)
    archive.require_adapter(run)
    try:
        with file.open("wb") as opened:
            for part in archive.run_archive(store, run):
                opened.write(part)
    except OSError as error:
        refuse("file", f"FILE must be one that can be written, got {file} ({error.strerror}).")
    typer.echo(f"Wrote {file}.")


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
