"""A worker of ``ProcessExecutor``: it keeps torch, base and data loaded from one run to the next.

It is sent jobs by their numbers, which it does in threads, and pairs of a number and a wish for it
(a method of its handle); it sends pairs of a number and an event.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection

from peft_demo import logs, memory
from peft_demo.errors import PeftDemoError
from peft_demo.execution.executor import Handle
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.models import hardware

GRACE_SECONDS = 5.0

NICENESS = 10
"""Who polls or predicts goes first on the same cores."""


def work(connection: Connection, environment: Mapping[str, str]) -> None:
    """Work until nobody is at the other end any more.

    Args:
        connection: to whoever wants the jobs done.
        environment: variables to set before torch is loaded.
    """
    # Ctrl-C in a terminal is for the process that started this one, and tells it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # SIGTERM may go to all processes of a service: that one has this long to record its runs.
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Timer(GRACE_SECONDS, os._exit, [143]).start()
    )
    # What libraries print must not come between the lines of JSON that a command prints.
    os.dup2(2, 1)
    os.environ.update(environment)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    hardware.share_cores()
    logs.start()
    threading.Thread(target=_load, daemon=True).start()
    executor = ThreadExecutor()
    handles: dict[int, Handle] = {}
    sending = threading.Lock()

    def pass_on(number: int, handle: Handle) -> None:
        for event in handle:
            with sending:
                connection.send((number, event))

    with suppress(EOFError, OSError):
        while True:
            message = connection.recv()
            if isinstance(message, tuple):
                number, wish = message
                if number in handles:
                    getattr(handles[number], wish)()
                continue
            handles = dict(zip(message, executor.start([*message.values()]), strict=True))
            for started in handles.items():
                threading.Thread(target=pass_on, args=started, daemon=True).start()
    os._exit(0)  # at once: whoever wanted the runs is gone


def _load() -> None:
    """Warm up; what is taken from then on is the runs'."""
    warm_up()
    memory.dedicate()


def warm_up() -> None:
    """Load what most runs need; one that cannot be had is told by the run that needs it."""
    import peft_demo.training.loop  # noqa: F401
    from peft_demo import data, models

    with suppress(PeftDemoError):
        models.load(models.default_base())
        data.load(data.DEFAULT_DATASET)
    # What is loaded stays: each training would look through it several times, 0.3 s each.
    gc.freeze()
