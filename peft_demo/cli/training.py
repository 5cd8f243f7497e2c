"""The commands that train."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peft_demo import settings
from peft_demo.cli.arguments import (
    AsJson,
    Changes,
    FromPreset,
    RunId,
    configuration,
    field_values,
    open_store,
    open_to_change,
)
from peft_demo.cli.lessons import LessonId
from peft_demo.cli.output import answer, print_json, tell_end
from peft_demo.errors import PeftDemoError
from peft_demo.formats import number, percent, score
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    KnownConfig,
    Run,
    RunKind,
    RunStatus,
    presets,
)
from peft_demo.storage import Store

if TYPE_CHECKING:
    from peft_demo.execution.recording import Listener
    from peft_demo.runs.sweeps import Plan

commands = typer.Typer()


@commands.command()
def train(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Train one run in the foreground, into the same store as the app."""
    config = configuration(preset, changes)
    store = open_store()
    _train_now(store, lambda: store.start(config, getpass.getuser()), as_json)


@commands.command()
def resume(run_id: RunId, as_json: AsJson = False) -> None:
    """Go on with a run that was stopped or interrupted, from its last checkpoint."""
    store = open_to_change()
    while store.is_late(run_id):  # until somebody renews its lease, or was silent for long enough
        time.sleep(1)
        store.interrupt_orphans()
    _train_now(store, lambda: store.resume_now(run_id), as_json)


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


@commands.command("train-lesson")
def train_lesson(
    lesson: LessonId,
    plan: Annotated[
        str | None, typer.Argument(help="Which of its plans; the first if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the runs of a lesson."""
    from peft_demo.lessons import lesson_plan

    _train_plan(lesson_plan(lesson, plan), as_json)


@commands.command("find-rate")
def find_rate(preset: FromPreset = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Find a learning rate by a short range test (Smith 2017)."""
    run = run_now(open_store(), configuration(preset, changes), RunKind.RANGE_TEST).in_full
    found = run.range_test
    if found is None:
        raise PeftDemoError(run.error or f"The range test was {run.status}.")
    rate = (
        "no rate" if found.suggestion is None else f"a learning rate of {number(found.suggestion)}"
    )
    unsure = "" if found.is_sure else f" (unsure: {found.reason})"
    line = f"{run.run_id} suggests {rate}{unsure}"
    answer(as_json, {"run_id": run.run_id, **found.model_dump()}, [line])


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


def _train_now(store: Store, begin: Callable[[], Run], as_json: bool) -> None:
    """Train one run in the foreground and tell of it."""

    def tell(run: Run, event: object) -> None:
        if isinstance(event, BeforeTraining):
            line = (
                f"before training  validation loss {score(event.eval_loss)}  "
                f"validation accuracy {percent(event.eval_accuracy)}"
            )
            answer(as_json, {"event": "before_training", **event.model_dump()}, [line])
        if isinstance(event, EpochMetrics):
            epochs = run.config.for_training().num_train_epochs
            line = (
                f"epoch {event.epoch}/{epochs}  "
                f"training loss {score(event.train_loss)}  "
                f"validation loss {score(event.eval_loss)}  "
                f"validation accuracy {percent(event.eval_accuracy)}"
            )
            answer(as_json, {"event": "epoch", **event.model_dump()}, [line])

    try:
        run = _do(store, begin(), tell)
    except PeftDemoError as error:
        if as_json:
            print_json({"event": "failed", "error": str(error)})
        raise
    tell_end(run, store, as_json)
    if run.status is not RunStatus.COMPLETED:
        raise typer.Exit(1)


def run_now(
    store: Store,
    config: KnownConfig,
    kind: RunKind = RunKind.TRAINING,
    files: Path | None = None,
) -> Run:
    """Do a new run in the foreground, past the queue; Ctrl-C cancels it."""
    return _do(store, store.start(config, getpass.getuser(), kind, files))


def _do(store: Store, run: Run, tell: Listener | None = None) -> Run:
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


@commands.command()
def watch(
    text: Annotated[list[str] | None, typer.Argument(help="Up to five reviews.")] = None,
    nothing: Annotated[bool, typer.Option("--nothing", help="Watch nothing any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every training that you start about these reviews, too; tells which are watched."""
    store, me = open_store(), getpass.getuser()
    watched = store.watch(me, text or []) if text or nothing else store.watched(me)
    answer(as_json, {"probes": list(watched)}, watched or ["Nothing is watched."])
