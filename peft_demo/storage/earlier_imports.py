"""Imports that earlier versions stored as trainings: their settings come back from their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from peft_demo.methods import METHODS
from peft_demo.runs.imported import PEFT_CONFIG, without_training
from peft_demo.storage.rows import id_of

_CONFIG = "adapter_config.json"


def keep_what_is_known(connection: Connection) -> None:
    """Give each import its adapter's own settings, and take away those that were made up."""
    folder = Path(connection.engine.url.database or "").parent
    # As text: a row that cannot be read must not stop the others.
    found = text("SELECT number, config FROM run WHERE kind = 'imported'")
    change = text("UPDATE run SET config = :config WHERE number = :number")
    for number, stored in connection.execute(found).all():
        try:
            config = json.loads(stored)
        except (TypeError, ValueError):
            continue
        if isinstance(config, dict) and PEFT_CONFIG not in config:
            known = _known(config, folder / id_of("run", number) / _CONFIG)
            connection.execute(change, {"number": number, "config": json.dumps(known)})


def _known(stored: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What is known of an import: its stored values, with the options that its file has."""
    kept = without_training(stored)
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return kept
    method = METHODS.get(str(stored.get("method")))
    if not isinstance(given, dict) or method is None:
        return kept
    own = {field.name for field in method.fields}
    taken = {name: value for name, value in given.items() if name in own and value is not None}
    rest = {name: value for name, value in kept.items() if name not in own}
    return {**rest, **taken, PEFT_CONFIG: given}
