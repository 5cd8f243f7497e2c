"""What was computed of a finished run and takes long: kept as JSON, and computed anew if it is old.

A run's lies in its folder and goes with it; a reference run's beside the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from peft_demo.runs import Run
from peft_demo.runs.results import Record
from peft_demo.storage.runs import Runs

R = TypeVar("R", bound=Record)

SCHEMA = 1
"""Of all that is kept so: with another number it is computed anew."""


class Derived(Runs):
    """What is kept of a store's finished runs beside their adapters."""

    def derived(self, run: Run, name: str, kind: type[R], key: str, compute: Callable[[], R]) -> R:
        """What was kept of a run under a name, or what ``compute`` gives now.

        Args:
            run: a finished one.
            name: of the file.
            kind: of what it holds.
            key: what it depends on beside the run: what was kept with another is computed anew.
            compute: called where nothing is kept; whoever asks meanwhile may compute it too.
        """
        path = self._derived_folder(run) / f"{name}.json"
        keys = {"schema": SCHEMA, "made": run.created_at.isoformat(), "key": key}
        with suppress(OSError, ValueError):
            kept = json.loads(path.read_bytes())
            if kept["keys"] == keys:
                return kind.model_validate(kept["found"])
        found = compute()
        # A disk that is full costs the time again, no more; nor does a run that is deleted by now.
        with suppress(OSError):
            part = path.with_suffix(".part")
            told = {"keys": keys, "found": found.model_dump(mode="json")}
            part.write_text(json.dumps(told), encoding="utf-8")
            part.replace(path)
        return found

    def _derived_folder(self, run: Run) -> Path:
        if not run.is_reference:
            return self.folder_of(run.run_id)
        folder = self.folder / "references" / run.run_id
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
