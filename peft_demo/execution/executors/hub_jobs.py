"""JobsExecutor: runs of who agreed to it as jobs on Hugging Face, on his own account and bill.

``hub_worker.py`` says what such a job does. Several runs go into one, which is started when they
have gathered, and an account has one at a time: so the minutes that somebody agreed to are never
exceeded. Each person's is his alone: runs of others are never among its own, nor wait for them.

A wish reaches a job through its bucket, after a second or more. A run that is cancelled is over
here at once, and a job that has no other is ended; one that is to be kept ends with the epoch
that it has reached by then.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from collections.abc import Sequence

from peft_demo.execution.executor import Cancelled, Job
from peft_demo.execution.executors.hub_account import WHAT, Account, Price
from peft_demo.execution.executors.hub_job import CUT, ENDED, STARTING, HubJob, Started
from peft_demo.execution.machines import Machine
from peft_demo.runs import Progress

logger = logging.getLogger(__name__)

AT_A_TIME = 8
"""Runs in one job."""

GATHER_SECONDS = 2.0
"""How long a job waits for further runs before it is started."""

MARGIN_SECONDS = 30.0
"""Of the minutes that are left, kept for a job's end: a minute that has begun is billed whole."""

CLOSING_SECONDS = 10.0
"""How long the program's end waits for a job's."""

SIGN_IN_AGAIN = f"{WHAT} cannot be used: your sign-in ends too soon, please sign in again."

_numbers = itertools.count()


class JobsExecutor:
    """Runs of one person: jobs of one kind of machine, for the minutes that he agreed to.

    Args:
        account: whose bill it is.
        price: what he was told.
        minutes: how many at most, of all jobs together.
    """

    slots = AT_A_TIME

    def __init__(self, account: Account, price: Price, minutes: int) -> None:
        self.account, self.price, self.minutes = account, price, minutes
        self.used = 0
        """Minutes of the jobs that are over."""
        self.trouble = ""
        """Why no further job is started, if one could not be had."""
        self._has_ended = False
        self._waiting: list[list[Started]] = []
        self._job: HubJob | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """Minutes that may still be used."""
        return 0 if self.trouble or self._has_ended else max(0, self.minutes - self.used)

    @property
    def why_not(self) -> str:
        """Why nothing is left, in a sentence."""
        if self.trouble:
            return f"{self.trouble} Press Resume to train it here."
        return ENDED if self._has_ended else CUT

    @property
    def dollars(self) -> float:
        """What it costs at most."""
        return self.minutes * self.price.dollars_a_minute

    def start(self, jobs: Sequence[Job]) -> list[Started]:
        """See ``Executor.start``: they wait for the next job at the Hub."""
        handles = [Started(job, next(_numbers)) for job in jobs]
        for handle in handles:
            handle.tell(Progress(phase=STARTING))
        with self._lock:
            self._waiting.append(handles)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hub-jobs", daemon=True)
                self._thread.start()
        return handles

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [Machine(name=self._machine, slots=1)]

    def end(self) -> None:
        """Start no further job, and end the one that goes on."""
        self._has_ended = True
        if job := self._job:
            job.end()

    def close(self) -> None:
        """See ``Executor.close``: nothing that is billed goes on after it, if the Hub answers."""
        self.end()
        if thread := self._thread:
            thread.join(CLOSING_SECONDS)

    @property
    def _machine(self) -> str:
        return f"{WHAT} ({self.price.flavor})"

    def _work(self) -> None:
        """Do what waits, one job after another."""
        while True:
            time.sleep(GATHER_SECONDS)
            with self._lock:
                lists = self._gathered()
                if not lists:
                    self._thread = None
                    return
            try:
                self._do(lists)
            except Exception:
                logger.exception("A job on Hugging Face could not be followed")
                _cancel(lists, f"{WHAT} cannot be used. Press Resume to train it here.")

    def _gathered(self) -> list[list[Started]]:
        """The next lists that fit into one job."""
        self._waiting = [one for one in self._waiting if not all(each.is_over for each in one)]
        taken = self._waiting[:1]
        for one in self._waiting[1:]:
            if sum(map(len, [*taken, one])) > AT_A_TIME:
                break
            taken.append(one)
        self._waiting = self._waiting[len(taken) :]
        return taken

    def _do(self, lists: list[list[Started]]) -> None:
        if not self.left:
            _cancel(lists, self.why_not)
            return
        seconds = round(min(60 * self.left, self.account.seconds_left) - MARGIN_SECONDS)
        if seconds <= 0:
            self.trouble = SIGN_IN_AGAIN
            _cancel(lists, self.why_not)
            return
        job = HubJob(self.account, self.price.flavor, self._machine, lists, seconds)
        self._job, began = job, time.monotonic()
        job.run()
        self._job = None
        self.trouble = job.trouble
        if job.is_billed:
            self.used += math.ceil((time.monotonic() - began) / 60)


class Agreements:
    """Who agreed to what; nobody's stays when the program ends."""

    def __init__(self) -> None:
        self._by_owner: dict[str, JobsExecutor] = {}

    def holding(self) -> dict[str, JobsExecutor]:
        """Those with minutes left, by owner."""
        return {owner: one for owner, one in [*self._by_owner.items()] if one.left}

    def of(self, owner: str) -> JobsExecutor | None:
        """What somebody agreed to last, which may be used up."""
        return self._by_owner.get(owner)

    def add(self, owner: str, agreed: JobsExecutor) -> None:
        """Replace what somebody agreed to."""
        self.end(owner)
        self._by_owner[owner] = agreed

    def end(self, owner: str) -> None:
        """End somebody's jobs."""
        if found := self._by_owner.pop(owner, None):
            found.end()


def _cancel(lists: Sequence[Sequence[Started]], reason: str) -> None:
    for handles in lists:
        for handle in handles:
            handle.tell(Cancelled(reason=reason))
