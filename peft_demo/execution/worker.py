"""``python -m peft_demo.execution.worker``: a worker of ``ProcessExecutor``.

It keeps torch, base and data loaded from one run to the next and does its tasks in threads. Lines
of JSON come in, ``{"tasks": [{"job", "files"}, …]}`` and ``{"stop": place}``, and go out,
``{"place", "event"}``; a place is a task's number among those that it was started with.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from peft_demo.errors import PeftDemoError
from peft_demo.execution.executor import Handle, Job, Task, to_json
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.models import hardware


def main() -> None:
    """Work until nobody is at the other end any more."""
    hardware.share_cores()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # What libraries print must not come between the events.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_warm_up, daemon=True).start()
    executor = ThreadExecutor()
    handles: list[Handle] = []
    writing = threading.Lock()
    for line in sys.stdin:
        message = json.loads(line)
        if "stop" in message:
            handles[message["stop"]].cancel()
            continue
        handles = [*executor.start([_task(**plain) for plain in message["tasks"]])]
        for place, handle in enumerate(handles):
            arguments = (place, handle, events, writing)
            threading.Thread(target=_pass_on, args=arguments, daemon=True).start()
    os._exit(0)  # at once: whoever wanted the runs is gone


def _warm_up() -> None:
    """Load what most runs need; one that cannot be had is told by the run that needs it."""
    from peft_demo import data, models, training  # noqa: F401

    with suppress(PeftDemoError):
        models.load(models.default_base())
        data.load(data.DEFAULT_DATASET)


def _task(job: dict[str, object], files: str) -> Task:
    return Task(Job.model_validate(job), Path(files))


def _pass_on(place: int, handle: Handle, events: TextIO, writing: threading.Lock) -> None:
    for event in handle:
        line = json.dumps({"place": place, "event": to_json(event)})
        with writing:
            events.write(line + "\n")


if __name__ == "__main__":
    main()
