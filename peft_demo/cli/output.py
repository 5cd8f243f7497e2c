"""What several commands print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import typer

from peft_demo.comparison.describe import epochs_in_words
from peft_demo.comparison.words import between
from peft_demo.formats import percent, seconds
from peft_demo.runs import Run
from peft_demo.storage import Store


def tell_end(run: Run, store: Store, as_json: bool) -> None:
    """Print how a run ended, with where its files are."""
    run, result = run.in_full, run.result
    if result is None:
        if as_json:
            print_json({"event": str(run.status), "run_id": run.run_id, "error": run.error})
        else:
            typer.echo(f"{run.run_id} {run.status}. {run.error or ''}", err=True)
        return
    told: dict[str, Any] = {
        "event": "completed",
        "run_id": run.run_id,
        "test_accuracy": result.test_accuracy,
        "test_interval": list(result.test_interval),
        "adapter_dir": str(store.folder_of(run.run_id)),
        "num_adapter_parameters": result.num_adapter_parameters,
        "num_head_parameters": result.num_head_parameters,
        **result.train_output,
        "kept_epoch": result.kept_epoch,
        "stopped_early": run.stopped_early and run.stopped_early.model_dump(),
        "best_epoch": run.best_epoch and run.best_epoch.model_dump(),
    }
    line = (
        f"{run.run_id} completed: test accuracy {percent(result.test_accuracy)} "
        f"(95 % interval {between(result.evaluation)}), total time {seconds(result.seconds)}, "
        f"saved in {told['adapter_dir']}"
    )
    answer(as_json, told, [line, *epochs_in_words(run), *question(run)])


def question(run: Run) -> list[str]:
    """What to ask of an import that is far below guessing."""
    if not run.seems_swapped:
        return []
    return [
        "That is far below guessing: are its labels swapped? "
        f"swap-labels {run.run_id} tests it the other way round."
    ]


def facts(values: Mapping[str, Any]) -> Iterator[str]:
    """Names with their values, a line each."""
    return (f"  {name:28} {as_text(value)}" for name, value in values.items())


def as_text(value: object) -> str:
    """Write a value as text; a list's elements with commas between them, a dash for none."""
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def answer(as_json: bool, value: object, lines: Iterable[str]) -> None:
    """Print an answer, as one line of JSON or as lines of text."""
    if as_json:
        print_json(value)
    else:
        for line in lines:
            typer.echo(line)


def print_json(value: object) -> None:
    """Print one line of JSON at once, so that a reader need not wait."""
    print(json.dumps(value, ensure_ascii=False), flush=True)
