"""ProcessExecutor: jobs in worker processes that stay warm, each with cores of its own.

``worker.py`` says what a worker is sent and answers. One that dies takes nobody along but the jobs
that it had, and its place is taken by a new one.
"""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from peft_demo.execution.executor import Cancelled, End, Event, Failed, Handle, Job
from peft_demo.execution.machines import Machine, this_machine
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

    def __init__(self, slots: int, environment: Mapping[str, str] | None = None) -> None:
        self.slots = slots
        self._environment = environment or {}
        self._workers = [_Worker(self._environment)]  # it loads while nobody waits for it

    def start(self, jobs: Sequence[Job]) -> list[_Started]:
        """See ``Executor.start``."""
        self._workers = [worker for worker in self._workers if worker.is_alive]
        for worker in self._workers:
            if not worker.is_busy():
                return worker.start(jobs)
        self._workers.append(_Worker(self._environment))
        return self._workers[-1].start(jobs)

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [this_machine(self.slots)]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.kill()


class _Started(Handle):
    """A job that was sent to a worker, which can be told a wish for it or be ended."""

    def __init__(self, wish: Callable[[str], None], kill: Callable[[], None]) -> None:
        super().__init__()
        self._wish = wish
        self._kill = kill
        self.is_over = False

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        if not self.should_stop():
            super().cancel()
            self._wish("cancel")
            stuck = threading.Timer(STUCK_SECONDS, self._end_if_stuck)
            stuck.daemon = True
            stuck.start()

    def keep(self) -> None:
        """See ``Handle.keep``."""
        if not self.should_keep():
            super().keep()
            self._wish("keep")

    def tell(self, event: Event) -> None:
        """See ``Handle.tell``."""
        self.is_over = isinstance(event, End)
        super().tell(event)

    def _end_if_stuck(self) -> None:
        if not self.is_over:
            self._kill()


class _Worker:
    """One process, which does one list of jobs at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._connection, theirs = _processes.Pipe()
        # A daemon ends with this process.
        self._process = _processes.Process(target=work, args=(theirs, environment), daemon=True)
        self._process.start()
        theirs.close()
        self.is_alive = True
        self._numbers = itertools.count()
        self._started: dict[int, _Started] = {}
        self._sending = threading.Lock()
        threading.Thread(target=self._pass_on, daemon=True).start()

    def start(self, jobs: Sequence[Job]) -> list[_Started]:
        """Begin with jobs."""
        # A number is used once: a late wish to stop must not meet another job.
        numbered = {next(self._numbers): job for job in jobs}
        self._started = {
            number: _Started(partial(self._wish, number), self._process.kill) for number in numbered
        }
        self._send(numbered)
        return [*self._started.values()]

    def is_busy(self) -> bool:
        return not all(job.is_over for job in self._started.values())

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()

    def _wish(self, number: int, wish: str) -> None:
        self._send((number, wish))

    def _send(self, message: Mapping[int, Job] | tuple[int, str]) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            self._bury()

    def _pass_on(self) -> None:
        """Tell what comes, until the process dies."""
        with suppress(EOFError, OSError):
            while True:
                number, event = self._connection.recv()
                self._started[number].tell(event)
        self._bury()

    def _bury(self) -> None:
        """End the jobs of a process that died."""
        self.is_alive = False
        self.kill()
        died = Failed(reason=_reason(self._process.exitcode or 0))
        for job in self._started.values():
            if not job.is_over:
                job.tell(Cancelled() if job.should_stop() else died)


def _reason(code: int) -> str:
    """Why a run failed whose process ended with this code."""
    if code == -signal.SIGKILL:
        return (
            "The process that worked on it was killed, as happens when the machine's memory is "
            "full: then per_device_train_batch_size or max_length must be smaller."
        )
    how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"The process that worked on it {how}."
