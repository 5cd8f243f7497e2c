"""The command line: ``python -m peft_demo …``, on the same store as the app."""

from __future__ import annotations

import gc
import getpass
import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from peft_demo import settings
from peft_demo.errors import InvalidFieldsError, NotFoundError, PeftDemoError, StoreError
from peft_demo.export.csv import run_csv
from peft_demo.fields import shown
from peft_demo.models import hardware
from peft_demo.runs import EpochMetrics, Run, RunConfig, RunKind, RunStatus, presets
from peft_demo.runs.schema import describe_methods
from peft_demo.storage import Store

if TYPE_CHECKING:
    from peft_demo.runs.sweeps import Plan

app = typer.Typer(
    help="Train parameter-efficient fine-tuning methods on movie reviews and compare them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
FromPreset = Annotated[str | None, typer.Option("--preset", help="Start from this preset.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set one field; may be repeated."),
]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id, such as run-000001.")]


def main(before: Sequence[str] = ()) -> None:
    """Run the command line, with ``before`` ahead of its arguments.

    A user's mistake ends in one sentence and status 2, a failure in one and status 1.
    """
    hardware.share_cores()
    _silence_expected_warnings()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        # A wrong value would come out in the middle of a training.
        settings.forward()
        settings.repeats()
        settings.precision()
        app([*before, *sys.argv[1:]])
    except (InvalidFieldsError, NotFoundError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except PeftDemoError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)


@app.command()
def train(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Train one run in the foreground, into the same store as the app."""
    config = _config(preset, changes)

    def tell(epoch: EpochMetrics) -> None:
        if as_json:
            _print_json({"event": "epoch", **epoch.model_dump()})
        else:
            typer.echo(
                f"epoch {epoch.epoch}/{config.num_train_epochs}  "
                f"training loss {epoch.train_loss:.4f}  validation loss {epoch.eval_loss:.4f}  "
                f"validation accuracy {epoch.eval_accuracy:.1%}"
            )

    store = _store()
    try:
        run = _execute(store, config, tell)
    except PeftDemoError as error:
        if as_json:
            _print_json({"event": "failed", "error": str(error)})
        raise
    _tell_end(run, store, as_json)
    if run.status is not RunStatus.COMPLETED:
        raise typer.Exit(1)


@app.command()
def sweep(
    preset: FromPreset = None,
    changes: Changes = None,
    axes: Annotated[
        list[str] | None,
        typer.Option("--axis", metavar="FIELD=V1,V2,…", help="Sweep a field; may be repeated."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Seeds for each combination.")] = 1,
    race: Annotated[bool, typer.Option("--race", help="Train them in turns.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train every combination of some fields' values, each with as many seeds, as one group."""
    from peft_demo.runs import sweeps

    values = _config(preset, changes).flat()
    swept = _settings(axes or [], "axis")
    _train_plan(sweeps.plan(values, swept, repeats=repeats, race=race), as_json)


@app.command()
def assignment(
    tuned: Annotated[
        bool, typer.Option("--tuned", help="With learning rates and reviews that suffice.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the assignment's four configurations again, as a race."""
    from peft_demo.runs import sweeps

    _train_plan(sweeps.assignment(tuned=tuned), as_json)


@app.command()
def count(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Count what a configuration would train and store, without training it."""
    from peft_demo.adapters.forecast import forecast

    known = forecast(_config(preset, changes), _store().runs()).plain()
    if as_json:
        _print_json(known)
        return
    for name, value in known.items():
        typer.echo(f"{name:24} {_plain(value)}")


@app.command("find-rate")
def find_rate(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Find a learning rate by a short range test (Smith 2017)."""
    store = _store()
    run = _execute(store, _config(preset, changes), None, RunKind.RANGE_TEST)
    found = run.range_test
    if found is None:
        raise PeftDemoError(run.error or f"The range test was {run.status}.")
    if as_json:
        _print_json({"run_id": run.run_id, **found.model_dump()})
        return
    rate = "no rate" if found.suggestion is None else f"a learning rate of {found.suggestion:.2g}"
    unsure = "" if found.is_sure else f" (unsure: {found.reason})"
    typer.echo(f"{run.run_id} suggests {rate}{unsure}")


@app.command()
def code(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="script or notebook.")],
    preset: FromPreset = None,
    changes: Changes = None,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Of this run instead.")] = None,
) -> None:
    """Print a configuration as a script on plain transformers and peft, or as a notebook."""
    from peft_demo.export import code

    if run:
        found = _store().get(run)
        print(code.export(found.config, kind, found.forward_pass))
    else:
        print(code.export(_config(preset, changes), kind))


@app.command("read-config")
def read_config(
    file: Annotated[Path, typer.Argument(help="A peft call, adapter_config.json or our JSON.")],
) -> None:
    """Turn somebody's peft configuration into ours, as JSON; nothing in it is executed."""
    from peft_demo.runs import reading

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFieldsError({"file": f"FILE must be a text file, got {file}."}) from error
    imported = reading.read(text)
    for note in imported.notes:
        typer.echo(note, err=True)
    _print_json(RunConfig(imported.values).flat())


@app.command("import-adapter")
def import_adapter(
    source: Annotated[Path, typer.Argument(help="A zip or folder with a peft adapter.")],
    name: Annotated[str, typer.Option(help="How to call it.")] = "",
) -> None:
    """Test an adapter that was trained elsewhere, and put it among the runs."""
    from peft_demo import execution
    from peft_demo.adapters import importing

    store = _store()
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".import-") as scratch:
        files = importing.unpack(source, Path(scratch))
        config = importing.describe(files, name or source.stem)
        run = store.start(config, getpass.getuser(), RunKind.IMPORTED, files)
    _tell_end(execution.execute(store, run), store, False)


@app.command()
def predict(
    text: Annotated[str, typer.Argument(help="The review.")],
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    as_json: AsJson = False,
) -> None:
    """Ask finished runs what they make of a review."""
    from peft_demo.inference import Predictor

    for prediction in Predictor(_store()).predict(text, run):
        if as_json:
            _print_json(prediction.model_dump())
        else:
            share = prediction.probabilities[prediction.label]
            typer.echo(
                f"{prediction.run_id}  {prediction.label} {share:.1%}  "
                f"{prediction.milliseconds:.0f} ms  "
                f"read {prediction.tokens_read} of {prediction.tokens_total} tokens"
            )


@app.command()
def runs(
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
) -> None:
    """List all runs, newest first, the reference runs last."""
    found = _store().runs()
    if as_csv:
        print(run_csv(found), end="")
        return
    if as_json:
        _print_json([json.loads(run.model_dump_json()) for run in found])
        return
    for run in found:
        accuracy = f"{run.result.test_accuracy:.1%}" if run.result else "–"
        typer.echo(f"{run.run_id:34} {run.status:12} {accuracy:>6}  {run.config.name}")


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show everything about one run."""
    store = _store()
    run = store.get(run_id)
    if as_json:
        steps = [metrics.model_dump() for metrics in store.steps(run_id)]
        more = {"steps": steps, "folder": str(store.folder_of(run_id))}
        _print_json({**json.loads(run.model_dump_json()), **more})
        return
    typer.echo(f"{run.run_id}  {run.config.name}  {run.status}")
    if run.error:
        typer.echo(run.error)
    for name, value in run.config.flat().items():
        typer.echo(f"  {name:28} {_plain(value)}")
    if run.result:
        typer.echo("")
        for row in run.result.training_table:
            typer.echo("  " + "  ".join(f"{name} {value}" for name, value in row.items()))
        typer.echo("")
        facts = run.result.model_dump(exclude={"training_table", "train_output", "environment"})
        for name, value in {**run.result.train_output, **facts, **run.result.environment}.items():
            typer.echo(f"  {name:28} {_plain(value)}")


@app.command()
def compare(
    run_ids: Annotated[list[str], typer.Argument(metavar="ID ID...", help="2 to 8 runs.")],
    as_json: AsJson = False,
) -> None:
    """Compare runs on the same test reviews: verdicts in words, then the numbers."""
    from peft_demo import comparison

    store = _store()
    facts = comparison.compare(store, comparison.check_run_ids(store, run_ids))
    if as_json:
        _print_json(facts.model_dump(mode="json"))
        return
    for sentence in (*facts.verdict, *facts.problems, *(pair.reason for pair in facts.refused)):
        typer.echo(sentence)
    typer.echo("")
    for line in comparison.table(facts):
        typer.echo(line)


@app.command()
def methods(as_json: AsJson = False) -> None:
    """List the methods with their fields, limits and defaults."""
    described = describe_methods()
    if as_json:
        _print_json(described)
        return
    for method in described:
        typer.echo(f"{method['id']:12} {method['label']} ({method['year']}): {method['summary']}")
        for field in method["fields"]:
            typer.echo(
                f"    {field['name']:24} {field['allowed']}; default {_plain(field['default'])}"
            )


@app.command()
def cancel(run_id: RunId) -> None:
    """Stop a running run within one step, or take a waiting one out of the queue."""
    _store().request_stop(run_id)
    typer.echo(f"{run_id} will stop.")


@app.command()
def delete(run_id: RunId) -> None:
    """Remove a run that is over, with its files; within an hour it can be restored."""
    _store().delete(run_id)
    typer.echo(f"{run_id} is deleted; restore {run_id} brings it back within an hour.")


@app.command()
def restore(run_id: RunId) -> None:
    """Bring back a run that was deleted less than an hour ago."""
    _store().restore(run_id)
    typer.echo(f"{run_id} is back.")


@app.command()
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
    run = _store().annotate(run_id, name=name, tags=tags or None, note=note, is_starred=star)
    star_text = "★ " if run.is_starred else ""
    typer.echo(f"{run.run_id}  {star_text}{run.config.name}  {', '.join(run.tags)}")


@app.command("export-base")
def export_base(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
) -> None:
    """Write the built-in base as a transformers folder, for plain PeftModel.from_pretrained."""
    from peft_demo import models

    models.export(folder)
    typer.echo(f"Wrote {folder}.")


@app.command()
def reference(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[PRESET]...", help="All of them if left out.")
    ] = None,
) -> None:
    """Train the reference adapters that come with the program again, into adapters/."""
    from peft_demo.execution.train_references import train_references

    train_references(names or list(presets.REFERENCES), settings.ADAPTERS, typer.echo)


@app.command()
def tune(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[METHOD]...", help="All of them if left out.")
    ] = None,
) -> None:
    """Find learning rates, into benchmarks/methods.json; goes on where it was stopped."""
    from peft_demo.training.tune import tune as tune_methods

    tune_methods(names or [], typer.echo)


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

    serve_app(host, port)


def _silence_expected_warnings() -> None:
    # For the whole process, because catch_warnings is not made for threads.
    for expected in (
        ".*is_gradient_checkpointing.*",  # peft asks transformers in last year's words
        ".*target_modules.*",  # head only has none, on purpose
        ".*Could not find a config file.*",  # the built-in base has no folder to look in
    ):
        warnings.filterwarnings("ignore", message=expected)


def _store() -> Store:
    store = Store(settings.home(), settings.ADAPTERS)
    # A training that was killed is told as interrupted even where no server runs.
    with suppress(StoreError):
        store.interrupt_orphans()
    return store


def _config(preset: str | None, changes: list[str] | None) -> RunConfig:
    values = _settings(changes or [])
    return presets.preset(preset).config(**values) if preset else RunConfig(values)


def _execute(store: Store, config: RunConfig, tell: Any, kind: RunKind = RunKind.TRAINING) -> Run:
    from peft_demo.execution import execute

    run = store.start(config, getpass.getuser(), kind)
    try:
        return execute(store, run, listener=tell)
    except KeyboardInterrupt:
        return store.get(run.run_id)


def _train_plan(plan: Plan, as_json: bool) -> None:
    """Train a plan's runs; where the app works on the same store, it may take some of them."""
    from peft_demo.execution import companions, execute, together

    store = _store()
    group, queued = store.submit_group(
        plan.configs,
        getpass.getuser(),
        plan.kind,
        plan.name,
        axes=plan.axes,
        is_race=plan.is_race,
    )
    if not as_json:
        typer.echo(f"{group.group_id}: {group.name}, {len(queued)} runs")
    while run := store.claim(group.group_id):
        together(
            lambda claimed, member: _tell_end(
                execute(store, claimed, member=member), store, as_json
            ),
            companions(store, run),
        )
    ended = [store.get(run.run_id).status for run in queued]
    if any(status not in (RunStatus.COMPLETED, RunStatus.RUNNING) for status in ended):
        raise typer.Exit(1)


def _tell_end(run: Run, store: Store, as_json: bool) -> None:
    result = run.result
    if result is None:
        if as_json:
            _print_json({"event": str(run.status), "run_id": run.run_id, "error": run.error})
        else:
            typer.echo(f"{run.run_id} {run.status}. {run.error or ''}", err=True)
        return
    facts: dict[str, Any] = {
        "run_id": run.run_id,
        "test_accuracy": result.test_accuracy,
        "test_interval": list(result.test_interval),
        "adapter_dir": str(store.folder_of(run.run_id)),
        "num_adapter_parameters": result.num_adapter_parameters,
        "num_head_parameters": result.num_head_parameters,
    }
    if as_json:
        _print_json({"event": "completed", **facts, **result.train_output})
        return
    low, high = result.test_interval
    typer.echo(
        f"{run.run_id} completed: test accuracy {result.test_accuracy:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}), saved in {facts['adapter_dir']}"
    )


def _settings(changes: list[str], option: str = "set") -> dict[str, object]:
    values: dict[str, object] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InvalidFieldsError(
                {option: f"--{option} must be FIELD=VALUE, got {shown(change)}."}
            )
        values[name.strip()] = value
    return values


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)
