"""The commands that train."""

from __future__ import annotations

import getpass
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from peft_demo import settings
from peft_demo.cli.arguments import (
    AsJson,
    Changes,
    FromPreset,
    configuration,
    field_values,
    open_store,
)
from peft_demo.cli.output import print_json, tell_end
from peft_demo.errors import PeftDemoError
from peft_demo.runs import EpochMetrics, Run, RunKind, RunStatus, presets
from peft_demo.storage import Store

if TYPE_CHECKING:
    from peft_demo.execution.recording import Listener
    from peft_demo.runs.sweeps import Plan

commands = typer.Typer()


@commands.command()
def train(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Train one run in the foreground, into the same store as the app."""
    config = configuration(preset, changes)

    def tell(_run: Run, event: object) -> None:
        if not isinstance(event, EpochMetrics):
            return
        if as_json:
            print_json({"event": "epoch", **event.model_dump()})
        else:
            typer.echo(
                f"epoch {event.epoch}/{config.num_train_epochs}  "
                f"training loss {event.train_loss:.4f}  validation loss {event.eval_loss:.4f}  "
                f"validation accuracy {event.eval_accuracy:.1%}"
            )

    store = open_store()
    try:
        run = run_now(store, store.start(config, getpass.getuser()), tell)
    except PeftDemoError as error:
        if as_json:
            print_json({"event": "failed", "error": str(error)})
        raise
    tell_end(run, store, as_json)
    if run.status is not RunStatus.COMPLETED:
        raise typer.Exit(1)


@commands.command()
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

    values = configuration(preset, changes).flat()
    swept = field_values(axes or [], "axis")
    _train_plan(sweeps.plan(values, swept, repeats=repeats, race=race), as_json)


@commands.command()
def assignment(
    tuned: Annotated[
        bool, typer.Option("--tuned", help="With learning rates and reviews that suffice.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the assignment's four configurations again, as a race."""
    from peft_demo.runs import sweeps

    _train_plan(sweeps.assignment(tuned=tuned), as_json)


@commands.command("find-rate")
def find_rate(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Find a learning rate by a short range test (Smith 2017)."""
    store = open_store()
    config = configuration(preset, changes)
    run = run_now(store, store.start(config, getpass.getuser(), RunKind.RANGE_TEST))
    found = run.range_test
    if found is None:
        raise PeftDemoError(run.error or f"The range test was {run.status}.")
    if as_json:
        print_json({"run_id": run.run_id, **found.model_dump()})
        return
    rate = "no rate" if found.suggestion is None else f"a learning rate of {found.suggestion:.2g}"
    unsure = "" if found.is_sure else f" (unsure: {found.reason})"
    typer.echo(f"{run.run_id} suggests {rate}{unsure}")


@commands.command()
def tune(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[METHOD]...", help="All of them if left out.")
    ] = None,
) -> None:
    """Find learning rates, into benchmarks/methods.json; goes on where it was stopped."""
    from peft_demo.training.tune import tune as tune_methods

    tune_methods(names or [], typer.echo)


@commands.command()
def reference(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[PRESET]...", help="All of them if left out.")
    ] = None,
) -> None:
    """Train the reference adapters that come with the program again, into adapters/."""
    from peft_demo.execution.train_references import train_references

    train_references(names or list(presets.REFERENCES), settings.ADAPTERS, typer.echo)


def run_now(store: Store, run: Run, tell: Listener | None = None) -> Run:
    """Do a run in the foreground, past the queue; Ctrl-C cancels it."""
    from peft_demo.execution import Engine

    with suppress(KeyboardInterrupt):
        Engine(store, listener=tell).run(run)
    return store.get(run.run_id)


def _train_plan(plan: Plan, as_json: bool) -> None:
    """Train a plan's runs; where the app works on the same store, it may take some of them."""
    from peft_demo.execution import Engine, preferred

    def tell(run: Run, _event: object) -> None:
        if run.status.is_over:
            tell_end(run, store, as_json)

    store = open_store()
    with closing(Engine(store, preferred, listener=tell)) as engine:
        group, queued = engine.submit_plan(plan, getpass.getuser())
        if not as_json:
            typer.echo(f"{group.group_id}: {group.name}, {len(queued)} runs")
        engine.run_group(group.group_id)
    ended = [store.get(run.run_id).status for run in queued]
    if any(status not in (RunStatus.COMPLETED, RunStatus.RUNNING) for status in ended):
        raise typer.Exit(1)
