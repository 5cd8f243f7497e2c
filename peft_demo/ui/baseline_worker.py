"""Text baselines, computed in the background; those that failed are tried again."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from peft_demo import data
from peft_demo.comparison.baselines import measure_in
from peft_demo.errors import PeftDemoError
from peft_demo.runs import RunConfig
from peft_demo.statistics import Predictions
from peft_demo.storage import Store
from peft_demo.ui.faults import readable

RETRY_SECONDS = 60
"""After which those that could not be computed are tried again when somebody asks."""


@dataclass
class _Known:
    """What is known of the baselines for a configuration."""

    config: RunConfig
    found: Mapping[str, Predictions] | None = None
    error: PeftDemoError | None = None
    is_waiting: bool = False
    """They are to be computed, or are being computed."""
    had_texts: bool = False
    """Whether the data set was loaded then: if it is only now, the reason may have gone."""
    at: float = 0.0

    @property
    def is_due(self) -> bool:
        """Whether they were never computed, or failed and trying again may help."""
        if self.is_waiting or self.found is not None:
            return False
        is_new = data.is_loaded(self.config.dataset) and not self.had_texts
        return self.error is None or is_new or time.monotonic() - self.at >= RETRY_SECONDS


class BaselineWorker:
    """Computes text baselines in the background, one after another."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, _Known] = {}
        self._waiting: queue.SimpleQueue[_Known] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.version = 0
        """Moves with each result."""

    @property
    def state(self) -> tuple[int, int]:
        """Changes with each result, and when one that failed should be asked for again."""
        with self._lock:
            return (self.version, sum(known.is_due for known in self._known.values()))

    def get(self, config: RunConfig) -> Mapping[str, Predictions] | None:
        """The baselines for a configuration, or None while they are being computed.

        Raises:
            PeftDemoError: they cannot be computed; says why.
        """
        with self._lock:
            known = self._known.setdefault(_without_name(config), _Known(config))
            if known.is_due:
                self._ask(known)
            if known.error is not None:
                raise known.error
            return known.found

    def _ask(self, known: _Known) -> None:
        known.is_waiting = True
        self._waiting.put(known)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="baselines", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        measure = measure_in(self._store)
        while True:
            known = self._waiting.get()
            found, error = None, None
            try:
                found = measure(known.config)
            except Exception as caught:
                error = readable(caught)
            with self._lock:
                known.found, known.error, known.is_waiting = found, error, False
                known.had_texts, known.at = data.is_loaded(known.config.dataset), time.monotonic()
                self.version += 1


def _without_name(config: RunConfig) -> str:
    return json.dumps({**config.flat(), "name": ""}, sort_keys=True)
