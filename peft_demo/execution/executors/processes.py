"""ProcessExecutor: jobs in worker processes that stay warm, each with cores of its own.

A worker reads lines of JSON, tasks and wishes to stop, and writes events; see ``worker.py``. One
that dies takes nobody along but the jobs that it had, and its place is taken by a new one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import peft_demo
from peft_demo.execution import jobs
from peft_demo.execution.executor import Cancelled, End, Failed, Task, from_json
from peft_demo.execution.executors.handle import QueueHandle

STUCK_SECONDS = 30.0
"""After a wish to stop, a worker whose job still goes on is ended."""


class ProcessExecutor:
    """As many workers as there are slots, each started when it is first needed.

    Args:
        slots: workers.
        environment: variables of the workers, beside this process's own.
    """

    def __init__(self, slots: int, environment: dict[str, str] | None = None) -> None:
        self.slots = slots
        self._environment = environment or {}
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._is_closed = False
        self._idle.append(self._new_worker())  # it loads while nobody waits for it

    def start(self, tasks: Sequence[Task]) -> list[_Job]:
        """See ``Executor.start``."""
        started = [_Job(self._changed) for _ in tasks]
        threading.Thread(target=self._work, args=(tasks, started), daemon=True).start()
        return started

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._is_closed = True
            for worker in self._idle:
                worker.end()
            for worker in self._busy:
                worker.kill()  # whoever reads from it ends it
            self._changed.notify_all()

    def _work(self, tasks: Sequence[Task], started: Sequence[_Job]) -> None:
        """Let a worker do tasks, as soon as there is one, unless nobody wants them any more."""
        try:
            worker = self._taken_worker(started)
            if worker is not None:
                worker.do(tasks, started)
                self._give_back(worker)
            end: End = Cancelled()  # of what no worker has begun
        except Exception as error:
            end = jobs.failure(error, tasks[0].files)
        for job in started:
            job.end(end)

    def _give_back(self, worker: _Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            if worker.is_alive():
                self._idle.append(worker)
            self._changed.notify_all()

    def _taken_worker(self, started: Sequence[_Job]) -> _Worker | None:
        with self._changed:
            while not self._is_closed and not all(job.should_stop() for job in started):
                if self._idle or len(self._busy) < self.slots:
                    worker = self._idle.pop() if self._idle else self._new_worker()
                    if worker.is_alive():
                        self._busy.add(worker)
                        return worker
                else:
                    self._changed.wait()
        return None

    def _new_worker(self) -> _Worker:
        return _Worker(self._environment)


class _Job(QueueHandle):
    """A job of a worker, or one that waits for a worker."""

    def __init__(self, changed: threading.Condition) -> None:
        super().__init__()
        self._changed = changed
        self._worker: _Worker | None = None
        self._place = 0
        self._stuck: threading.Timer | None = None
        self.is_over = False

    def given_to(self, worker: _Worker, place: int) -> None:
        """A worker begins with it; ``place`` is its number among those it was started with."""
        with self._changed:
            self._worker, self._place = worker, place
            if self.should_stop():
                self._ask_to_stop(worker)

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        with self._changed:
            is_new = not self.should_stop()
            super().cancel()
            if is_new and self._worker is not None:
                self._ask_to_stop(self._worker)
            self._changed.notify_all()

    def end(self, end: End) -> None:
        """Tell the last event, if none was told yet."""
        with self._changed:
            if self.is_over:
                return
            self.is_over = True
            if self._stuck is not None:
                self._stuck.cancel()
        self.tell(end)

    def _ask_to_stop(self, worker: _Worker) -> None:
        if self.is_over:
            return
        worker.send({"stop": self._place})
        self._stuck = threading.Timer(STUCK_SECONDS, worker.kill)
        self._stuck.daemon = True
        self._stuck.start()


class _Worker:
    """One process."""

    def __init__(self, environment: dict[str, str]) -> None:
        root = str(Path(peft_demo.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peft_demo.execution.worker"],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal is for this process, which tells its workers.
            start_new_session=True,
        )

    def do(self, tasks: Sequence[Task], started: Sequence[_Job]) -> None:
        """Do tasks, and pass on what comes until all are over."""
        plain = [
            {"job": task.job.model_dump(mode="json"), "files": str(task.files)} for task in tasks
        ]
        self.send({"tasks": plain})
        for place, job in enumerate(started):
            job.given_to(self, place)
        assert self._process.stdout is not None
        while not all(job.is_over for job in started):
            line = self._process.stdout.readline()
            if not line.endswith(b"\n"):
                self._bury(started)
                return
            message = json.loads(line)
            job, event = started[message["place"]], from_json(message["event"])
            if isinstance(event, End):
                job.end(event)
            else:
                job.tell(event)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the process something; that it died is seen by whoever reads from it."""
        assert self._process.stdin is not None
        with suppress(OSError):
            os.write(self._process.stdin.fileno(), json.dumps(message).encode() + b"\n")

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Kill the process, wait for its end and close the pipes."""
        with self._process:
            self._process.kill()

    def _bury(self, started: Sequence[_Job]) -> None:
        """End the jobs of a process that died."""
        self.end()
        for job in started:
            died = Failed(reason=_reason(self._process.returncode))
            job.end(Cancelled() if job.should_stop() else died)


def _reason(code: int) -> str:
    """Why a run failed whose process ended with this code."""
    if code == -signal.SIGKILL:
        return (
            "The process that worked on it was killed, as happens when the machine's memory is "
            "full: then per_device_train_batch_size or max_length must be smaller."
        )
    how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"The process that worked on it {how}."
