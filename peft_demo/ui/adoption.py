"""Folders without a record, as a teacher sees, adopts and puts them back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from peft_demo.errors import NotFoundError, PeftDemoError, StoreError
from peft_demo.fields import shown
from peft_demo.runs import ImportedConfig, Run, RunKind
from peft_demo.storage import Store, unrecorded
from peft_demo.storage.unrecorded import Unrecorded
from peft_demo.ui.changes import Changes
from peft_demo.ui.faults import for_others

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 20
"""Folders that are shown, and adopted, together."""


class Adoption:
    """What a teacher may do with folders that no record knows of; each call reads them anew."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store, self._changes = store, changes
        self._one_at_a_time = threading.Lock()

    def tell(self) -> None:
        """Say in the log that there are any; nobody may have opened the panel since a loss."""
        with suppress(StoreError):
            if names := [each.name for each in self._found()]:
                some = f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
                logger.warning(
                    "Folders of runs without a record: %d (%s). The teacher's panel can adopt "
                    "them, or doctor --mend.",
                    len(names),
                    some,
                )

    def found(self) -> list[Unrecorded]:
        """All there are, by name.

        Raises:
            NotAllowedError: who acts is no teacher.
        """
        self._changes.require_teacher("see folders without a record")
        return self._found()

    def adopt(self, names: Sequence[str] = ()) -> tuple[list[Run], dict[str, str]]:
        """Queue folders' adapters for their tests, as runs of who acts.

        Args:
            names: of those that are there; else the first MOST_AT_ONCE that can be adopted.

        Returns:
            The runs, and why others could not be brought in, by their names.

        Raises:
            NotAllowedError: who acts is no teacher.
            NotFoundError: one is none of those.
        """
        self._changes.require_teacher("adopt folders")
        runs, problems = [], {}
        with self._one_at_a_time:
            there = self._found()
            known = {each.name for each in there}
            for name in names:
                if name not in known:
                    raise NotFoundError(
                        "folder must be the name of one without a record, such as run-000001, got "
                        f"{shown(name)}."
                    )
            wanted = [*dict.fromkeys(names)] or [one.name for one in there if one.can_be_adopted]
            for name in islice(wanted, MOST_AT_ONCE):
                try:
                    runs.append(unrecorded.bring_in(self._store.folder / name, self._submit))
                except PeftDemoError as error:
                    problems[name] = for_others(str(error))
        return runs, problems

    def adopted(self) -> int:
        """How many were adopted, and can be put back."""
        return len(unrecorded.set_aside(self._store.folder))

    def undo(self) -> int:
        """Delete the runs of all that were adopted, and put their folders back.

        Returns:
            How many runs are being stopped, and stay until they have.
        """
        self._changes.require_teacher("put folders back")
        stopping = 0
        with self._one_at_a_time:
            there = {run.run_id: run for run in self._store.runs()}
            for run_id, aside in unrecorded.set_aside(self._store.folder).items():
                run = there.get(run_id)
                if run and not run.status.is_over:
                    [run] = self._changes.stop(run_id)
                if run and not run.status.is_over:
                    stopping += 1
                    continue
                if run:
                    self._changes.delete(run_id)
                unrecorded.put_back(aside)
        return stopping

    def _found(self) -> list[Unrecorded]:
        return unrecorded.find(self._store.folder, self._store.numbers())

    def _submit(self, config: ImportedConfig, files: Path) -> Run:
        return self._changes.submit(config, RunKind.IMPORTED, files)
