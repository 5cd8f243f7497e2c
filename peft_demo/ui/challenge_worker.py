"""Runs whose owners want each challenged: asked in the background, once they have been tested."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from peft_demo.errors import PeftDemoError
from peft_demo.runs import Run, RunStatus
from peft_demo.storage import Store

if TYPE_CHECKING:
    from peft_demo.inference import Predictor

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0
"""Between two looks for runs that have finished."""


class ChallengeWorker:
    """Challenges finished runs in the background, one after another, the oldest first."""

    def __init__(self, store: Store, predictor: Callable[[], Predictor]) -> None:
        """``predictor`` is called when the first run is to be asked: it brings torch along."""
        self._store, self._predictor = store, predictor
        self._is_over = threading.Event()
        self._seen: set[str] = set()
        self._version = -1

    def start(self) -> None:
        """Begin to look for such runs; returns at once."""
        threading.Thread(target=self._work, name="challenges", daemon=True).start()

    def close(self) -> None:
        """Look no further."""
        self._is_over.set()

    def _work(self) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            try:
                self.look()
            except Exception:
                logger.exception("Challenges go on after an error")

    def look(self) -> None:
        """Challenge what has finished since the last look, and is to be."""
        version = self._store.version
        if version == self._version:
            return
        wishes = self._store.challenge_wishes()
        for run in reversed(self._store.runs()):
            wished = wishes.get(run.owner)
            if self._is_over.is_set():
                return
            if run.run_id not in self._seen and wished is not None and _is_due(run, wished):
                self._seen.add(run.run_id)
                self._challenge(run)
        self._version = version

    def _challenge(self, run: Run) -> None:
        from peft_demo.inference import challenged  # loads torch

        try:
            # What was kept is read again.
            challenged(self._store, self._predictor(), run.run_id)
        except PeftDemoError as error:  # other labels, or deleted meanwhile
            logger.info("%s is not challenged: %s", run.run_id, error)


def _is_due(run: Run, wished: str) -> bool:
    is_done = run.status is RunStatus.COMPLETED and run.can_predict and not run.is_reference
    return is_done and run.created_at.isoformat() >= wished
