"""The record of a finished run in its folder, from which reference runs are read."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from peft_demo.runs import Run, StepMetrics
from peft_demo.runs.presets import REFERENCES

logger = logging.getLogger(__name__)

PREFIX = "reference-"
"""Of the ids and folders of reference runs."""

SCHEMA = 1
"""Of ``run.json``; a record without a number is of the first."""

_RUN = "run.json"
_STEPS = "steps.json"
_EVERY_STEP = TypeAdapter(list[StepMetrics])


def write_reference(run: Run, steps: Sequence[StepMetrics], folder: Path) -> None:
    """Write the record that ships a run with the program: its snapshot and its steps."""
    record = {"schema": SCHEMA, **run.model_dump(mode="json")}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / _RUN).write_text(f"{text}\n", encoding="utf-8")
    lines = ",\n".join(json.dumps(metrics.model_dump()) for metrics in steps)
    (folder / _STEPS).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def read_steps(folder: Path) -> list[StepMetrics]:
    """Every optimiser step of a reference run, in order.

    Raises:
        OSError: the record is not there.
        ValueError: it is damaged.
    """
    return _EVERY_STEP.validate_json((folder / _STEPS).read_bytes())


def read_references(folder: Path) -> dict[str, Run]:
    """The reference runs in ``folder`` by id; one that is damaged is left out with a warning."""
    runs = {}
    for path in sorted(folder.glob(f"{PREFIX}*/{_RUN}")):
        try:
            run = Run.model_validate(_record(path))
            read_steps(path.parent)
        except (OSError, ValueError) as error:
            # A damaged reference must not keep the program from starting.
            logger.warning("The reference run in %s cannot be read: %s", path.parent, error)
            continue
        runs[run.run_id] = run.model_copy(update={"is_reference": True})
    # In the presets' order, so that training one of them again moves none.
    order = {f"{PREFIX}{preset_id}": place for place, preset_id in enumerate(REFERENCES)}
    return dict(sorted(runs.items(), key=lambda item: order.get(item[0], len(order))))


def _record(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    schema = record.pop("schema", 1)
    if schema != SCHEMA:
        raise ValueError(f"it is of schema {schema}, and this version knows {SCHEMA}")
    return record
