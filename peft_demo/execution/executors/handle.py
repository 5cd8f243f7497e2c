"""QueueHandle: a job whose events come from another thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from peft_demo.execution.executor import End, Event


class QueueHandle:
    """A started job."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._cancelled = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        is_over = False
        while not is_over:
            event = self._events.get()
            is_over = isinstance(event, End)
            yield event
            self._events.task_done()

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        self._cancelled.set()

    def tell(self, event: Event) -> None:
        """Put an event at the end."""
        self._events.put(event)

    def wait_until_heard(self) -> None:
        """Return once every event has been dealt with."""
        self._events.join()

    def should_stop(self) -> bool:
        """Whether somebody called ``cancel``."""
        return self._cancelled.is_set()
