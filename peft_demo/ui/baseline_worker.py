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
from peft_demo.ui.faults import readable
from peft_demo.ui.services import Services

RETRY_SECONDS = 60
"""After which those that could not be computed are tried again when somebody asks."""


@dataclass(frozen=True)
class _Failure:
    error: PeftDemoError
    dataset: str
    had_texts: bool
    """Whether the data set was loaded then: if it is only now, the reason may have gone."""
    at: float

    @property
    def is_due(self) -> bool:
        """Whether trying again may help."""
        is_new = data.is_loaded(self.dataset) and not self.had_texts
        return is_new or time.monotonic() - self.at >= RETRY_SECONDS


class BaselineWorker:
    """Computes text baselines in the background, one after another."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._done: dict[str, Mapping[str, Predictions]] = {}
        self._failed: dict[str, _Failure] = {}
        self._asked: set[str] = set()
        """What is waiting or being computed."""
        self._waiting: queue.SimpleQueue[RunConfig] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.version = 0
        """Moves with each result."""

    @property
    def state(self) -> tuple[int, int]:
        """Changes with each result, and when one that failed should be asked for again."""
        with self._lock:
            due = sum(
                failure.is_due for key, failure in self._failed.items() if key not in self._asked
            )
        return (self.version, due)

    def get(self, config: RunConfig) -> Mapping[str, Predictions] | None:
        """The baselines for a configuration, or None while they are being computed.

        Raises:
            PeftDemoError: they cannot be computed; says why.
        """
        key = _without_name(config)
        with self._lock:
            if key in self._done:
                return self._done[key]
            failure = self._failed.get(key)
            if key not in self._asked and (failure is None or failure.is_due):
                self._ask(key, config)
            if failure is not None:
                raise failure.error
            return None

    def _ask(self, key: str, config: RunConfig) -> None:
        self._asked.add(key)
        self._waiting.put(config)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="baselines", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        measure = measure_in(self._services.store)
        while True:
            config = self._waiting.get()
            key = _without_name(config)
            try:
                found = measure(config) or {}
            except Exception as error:
                failure = _Failure(
                    readable(error),
                    config.dataset,
                    data.is_loaded(config.dataset),
                    time.monotonic(),
                )
                with self._lock:
                    self._failed[key] = failure
            else:
                with self._lock:
                    self._done[key] = found
                    self._failed.pop(key, None)
            with self._lock:
                self._asked.discard(key)
                self.version += 1


def _without_name(config: RunConfig) -> str:
    return json.dumps({**config.flat(), "name": ""}, sort_keys=True)
