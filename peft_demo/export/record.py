"""A run as files for others: its configuration, which peft's own files do not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from peft_demo.runs import Run

FILE = "run.json"

SCHEMA = 1


def write_record(run: Run, folder: Path) -> None:
    """Put the run's configuration beside its adapter, so that it can be tested as it was here.

    And which state of its base it needs, and its texts were in, where there could be several.

    Of an import only what somebody said: a length that was taken for want of one is left out.
    """
    if not run.config.is_length_known:
        return
    record: dict[str, Any] = {"schema": SCHEMA, "config": run.config.flat()}
    for name in ("base_revision", "dataset_revision"):
        if run.result and (revision := getattr(run.result, name)):
            record[name] = revision
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")
