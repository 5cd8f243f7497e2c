"""Runs as a CSV file for a spreadsheet: a row for each run, units in the header."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from peft_demo.runs import Run

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a text that begins like this for a formula, and would execute it."""


def run_csv(runs: Sequence[Run]) -> str:
    """The runs as CSV (RFC 4180), in their order.

    Shares are between 0 and 1, times in UTC. A column is empty where a run has no such value.
    """
    rows = [_row(run) for run in runs]
    # Methods have fields of their own: the columns are those that any of the runs has.
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return written(columns, ([row.get(column) for column in columns] for row in rows))


def written(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV that no spreadsheet executes."""
    text = io.StringIO()
    # Unquoted, a semicolon would part a text into cells where Excel is European.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([_cell(column) for column in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _row(run: Run) -> dict[str, Any]:
    config = run.config.told()
    result = run.result
    last, best = run.epochs[-1] if run.epochs else None, run.best_epoch
    units = {field.name: field.unit for field in run.config.fields}
    before = run.before_training
    return {
        "run_id": run.run_id,
        "name": config.pop("name"),
        "kind": str(run.kind),
        "state": str(run.status),
        "error": run.error,
        "problem": run.problem,
        "owner": run.owner_name,
        "created_at (UTC)": _time(run.created_at),
        "finished_at (UTC)": _time(run.finished_at),
        "tags": ", ".join(run.tags),
        "note": run.note,
        "is_starred": run.is_starred,
        "group_id": run.group_id,
        "test_accuracy (share)": result and result.test_accuracy,
        "test_accuracy_low (share, 95 % Wilson)": result and result.test_interval[0],
        "test_accuracy_high (share, 95 % Wilson)": result and result.test_interval[1],
        "test_loss (nats)": result and result.test_loss,
        "before_training_eval_accuracy (share)": before and before.eval_accuracy,
        "before_training_eval_loss (nats)": before and before.eval_loss,
        "epochs_done": len(run.epochs),
        "eval_accuracy (share)": last and last.eval_accuracy,
        "eval_loss (nats)": last and last.eval_loss,
        "stopped_early": run.stopped_early and run.stopped_early.why,
        "kept_epoch": result and result.kept_epoch,
        "best_epoch (chosen on validation reviews)": best and best.epoch,
        "best_epoch_eval_accuracy (share)": best and best.eval_accuracy,
        "best_epoch_eval_loss (nats)": best and best.eval_loss,
        "num_adapter_parameters": result and result.num_adapter_parameters,
        "num_head_parameters": result and result.num_head_parameters,
        "file_size (bytes)": result and result.file_bytes,
        "training_time (seconds)": result and result.training_seconds,
        "total_time (seconds)": result and result.seconds,
        **{
            f"{name} ({units[name]})" if units.get(name) else name: value
            for name, value in config.items()
        },
    }


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _cell(value: object) -> object:
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    if isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(_FORMULA):
        # A spreadsheet shows what follows the apostrophe as it is.
        return f"'{value}"
    return "" if value is None else value
