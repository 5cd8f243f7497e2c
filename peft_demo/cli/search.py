"""The command that searches."""

from __future__ import annotations

import getpass
from contextlib import closing
from typing import Annotated

import typer

from peft_demo.cli.arguments import (
    AsJson,
    Changes,
    FromPreset,
    configuration,
    field_values,
    open_store,
)
from peft_demo.cli.output import answer
from peft_demo.formats import about, at_most, percent, score, whole
from peft_demo.runs import Run, RunStatus
from peft_demo.runs.search import MINUTES, Search

commands = typer.Typer()


@commands.command()
def search(
    over: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD,FIELD,…", help="The fields to look through; may be repeated."),
    ] = None,
    minutes: Annotated[
        float, typer.Option(help="What all of it may take from the first training on.")
    ] = float(MINUTES.default or 10),
    among: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=V1,V2,…", help="The only values of a field; may be repeated."),
    ] = None,
    most_parameters: Annotated[
        str | None, typer.Option(metavar="N", help="Leave out what trains more in its adapter.")
    ] = None,
    preset: FromPreset = None,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Find the best configuration in some minutes, and confirm it on reviews it never looked at."""
    from peft_demo.comparison.search import search_facts
    from peft_demo.execution import Engine, preferred
    from peft_demo.execution.searching.planning import plan_search

    store = open_store()
    planned = plan_search(
        configuration(preset, changes).flat(),
        minutes=minutes,
        over=[name for listed in over or [] for name in listed.split(",")],
        among=field_values(among or [], "among"),
        most_parameters=most_parameters,
        runs=store.runs(),
    )

    def tell(run: Run, _event: object) -> None:
        if run.status.is_over:
            _tell_trial(run.in_full, as_json)

    with closing(Engine(store, preferred, listener=tell)) as engine:
        group, _trials = engine.submit_search(planned, getpass.getuser())
        expected = {"num_trials": planned.expected.num_trials, **planned.expected.model_dump()}
        answer(
            as_json,
            {"event": "search", "group_id": group.group_id, "expected": expected},
            [f"{group.group_id}: {group.name}", _planned(planned)],
        )
        try:
            engine.run_search(group.group_id)
        except (KeyboardInterrupt, SystemExit):
            engine.stop_search(group.group_id)
            raise
    found = search_facts(store, group.group_id)
    answer(as_json, {"event": "found", **found.model_dump(mode="json")}, found.verdict)
    if found.shown is None:
        raise typer.Exit(1)


def _planned(planned: Search) -> str:
    expected = planned.expected
    trials = at_most(expected.num_trials, expected.most_trials)
    return (
        f"About {trials} trials in {about(expected.search_seconds)}, then "
        f"{whole(expected.num_confirmed)} runs to confirm in {about(expected.confirm_seconds)}."
    )


def _tell_trial(run: Run, as_json: bool) -> None:
    last = run.epochs[-1] if run.epochs else None
    if last is None and not run.error:
        return
    told = {
        "event": "trained" if run.status is RunStatus.COMPLETED else "trial",
        "run_id": run.run_id,
        "name": run.config.name,
        "epochs": len(run.epochs),
        "eval_loss": last and last.eval_loss,
        "eval_accuracy": last and last.eval_accuracy,
        "test_accuracy": run.result and run.result.test_accuracy,
        "error": run.error,
    }
    line = f"{run.run_id} {run.config.name}: {run.error or run.status}"
    if last:
        line = (
            f"{run.run_id} {run.config.name}: epoch {last.epoch}, validation loss "
            f"{score(last.eval_loss)}, validation accuracy {percent(last.eval_accuracy)}"
        )
    if run.result:
        line += f", test accuracy {percent(run.result.test_accuracy)}"
    answer(as_json, told, [line])
