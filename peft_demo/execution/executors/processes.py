"""ProcessExecutor: jobs in worker processes that stay warm, each with cores of its own.

``worker.py`` says what a worker is sent and answers. One that dies takes nobody along but the jobs
that it had, and its place is taken by a new one.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from peft_demo.execution.executor import Cancelled, End, Event, Failed, Handle, Job
from peft_demo.execution.jobs import failure
from peft_demo.execution.worker import work

STUCK_SECONDS = 30.0
"""After a wish to stop, a worker whose job still goes on is ended."""

# A fork would take along locks that other threads hold.
_processes = multiprocessing.get_context("spawn")


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
        self._busy: set[_Worker] = set()
        self._idle = [_Worker(self._environment)]  # it loads while nobody waits for it

    def start(self, jobs: Sequence[Job]) -> list[_Started]:
        """See ``Executor.start``."""
        started = [_Started(self._changed) for _ in jobs]
        threading.Thread(target=self._work, args=(jobs, started), daemon=True).start()
        return started

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            for worker in (*self._idle, *self._busy):
                worker.end()

    def _work(self, jobs: Sequence[Job], started: Sequence[_Started]) -> None:
        """Let a worker do jobs, as soon as there is one, unless nobody wants them any more."""
        end: End = Cancelled()
        try:
            if worker := self._taken_worker(started):
                has_lived = worker.do(jobs, started)
                with self._changed:
                    self._busy.remove(worker)
                    if has_lived:
                        self._idle.append(worker)
                    else:
                        end = Failed(reason=_reason(worker.end()))
                    self._changed.notify_all()
        except Exception as error:
            end = failure(error, jobs[0].files)
        for job in started:
            job.end(end)

    def _taken_worker(self, started: Sequence[_Started]) -> _Worker | None:
        def is_unwanted() -> bool:
            return all(job.should_stop() for job in started)

        with self._changed:
            self._changed.wait_for(lambda: is_unwanted() or len(self._busy) < self.slots)
            if is_unwanted():
                return None
            self._idle = [worker for worker in self._idle if worker.is_alive()]
            worker = self._idle.pop() if self._idle else _Worker(self._environment)
            self._busy.add(worker)
            return worker


class _Started(Handle):
    """A job of a worker, or one that waits for a worker."""

    def __init__(self, changed: threading.Condition) -> None:
        super().__init__()
        self._changed = changed
        self._leave: Callable[[], None] | None = None
        self._stuck_at = math.inf
        self.is_over = False

    def begin(self, leave: Callable[[], None]) -> None:
        """A worker has it now; ``leave`` asks that worker to stop."""
        with self._changed:
            self._leave = leave
            if self.should_stop():
                self._ask_to_stop()

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        with self._changed:
            if not self.should_stop():
                super().cancel()
                self._ask_to_stop()
                self._changed.notify_all()

    def is_stuck(self) -> bool:
        """Whether it should have stopped by now."""
        return not self.is_over and time.monotonic() > self._stuck_at

    def tell(self, event: Event) -> None:
        """See ``Handle.tell``."""
        if isinstance(event, End):
            with self._changed:
                self.is_over, self._leave = True, None
        super().tell(event)

    def end(self, end: End) -> None:
        """Tell the last event, if none was told yet."""
        if not self.is_over:
            self.tell(Cancelled() if self.should_stop() else end)

    def _ask_to_stop(self) -> None:
        if self._leave is not None:
            self._leave()
            self._stuck_at = time.monotonic() + STUCK_SECONDS


class _Worker:
    """One process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._connection, theirs = _processes.Pipe()
        # A daemon ends with this process.
        self._process = _processes.Process(target=work, args=(theirs, environment), daemon=True)
        self._process.start()
        theirs.close()

    def do(self, jobs: Sequence[Job], started: Sequence[_Started]) -> bool:
        """Do jobs, and pass on what comes until all are over; False if the process died first."""
        try:
            self._connection.send(jobs)
            for number, job in enumerate(started):
                job.begin(partial(self._leave, number))
            while not all(job.is_over for job in started):
                if self._connection.poll(timeout=1.0):
                    number, event = self._connection.recv()
                    started[number].tell(event)
                if any(job.is_stuck() for job in started):
                    self._process.kill()
        except (EOFError, OSError):
            return False
        return True

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> int:
        """Kill the process and wait for its end; its exit code."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode or 0

    def _leave(self, number: int) -> None:
        with suppress(OSError):  # that it died is seen by whoever reads
            self._connection.send(number)


def _reason(code: int) -> str:
    """Why a run failed whose process ended with this code."""
    if code == -signal.SIGKILL:
        return (
            "The process that worked on it was killed, as happens when the machine's memory is "
            "full: then per_device_train_batch_size or max_length must be smaller."
        )
    how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"The process that worked on it {how}."
