"""One job on Hugging Face: what goes into it, what is heard of it, and how it ends."""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from peft_demo.errors import cause
from peft_demo.execution import hub_worker
from peft_demo.execution.cluster_worker import Told, Wish, with_host
from peft_demo.execution.executor import Cancelled, End, Event, Finished, Handle, Job
from peft_demo.execution.executors.hub_account import GOING, WHAT, Account, sentence
from peft_demo.execution.jobs import failure
from peft_demo.execution.log_lines import Heard
from peft_demo.execution.luggage import needed, pack, receive
from peft_demo.execution.versions import difference
from peft_demo.languages import gettext_noop
from peft_demo.runs import EpochMetrics

STARTING = gettext_noop("Waiting for a job on Hugging Face")

CUT = gettext_noop(
    "The minutes that you agreed to for Hugging Face Jobs are over: the epochs so far are kept. "
    "Press Resume to go on."
)

ENDED = gettext_noop("You ended training on your own account: press Resume to go on here.")

READ_AGAIN = 3
"""How often a log is read again from its start because a line is missing."""

AHEAD_SECONDS = 0.5
"""How long a log is not read on at most because what it told has not been dealt with."""

UNREACHABLE = f"{WHAT}: the job cannot be reached. Press Resume to go on."

RETRY_SECONDS = 5.0
"""After which a log that could not be read is tried again."""


_LATER = (408, 425, 429)
"""Answers that say to ask again."""


class Started(Handle):
    """A run that waits for a job, or is in one."""

    machine = ""

    def __init__(self, job: Job, number: int) -> None:
        super().__init__()
        self.job = job
        self.number = number
        self.is_over = False
        self._send: Callable[[int, Wish], None] | None = None
        self._broken: End | None = None
        """How it ends if what came could not be kept."""
        self._turn = threading.RLock()

    def cancel(self) -> None:
        """See ``Handle.cancel``: it is over here at once."""
        with self._turn:
            if self.should_stop():
                return
            super().cancel()
            if self.is_over:
                return
            self._forget_steps()
            self.tell(Cancelled())
        self._wish("cancel")

    def keep(self) -> None:
        """See ``Handle.keep``."""
        if not self.should_keep():
            super().keep()
            self._wish("keep")

    def tell(self, event: Event) -> None:
        """See ``Handle.tell``; nothing comes after the end."""
        with self._turn:
            if not self.is_over:
                self.is_over = isinstance(event, End)
                super().tell(event)

    def goes_to(self, machine: str, send: Callable[[int, Wish], None]) -> None:
        """Say where it is computed, and how wishes get there."""
        self.machine, self._send = machine, send
        if self.should_stop() or self.should_keep():
            self._wish("cancel" if self.should_stop() else "keep")

    def hear(self, told: Told) -> None:
        """Keep the files that came, and tell what happened."""
        with self._turn:
            if self.is_over:
                return
            if self._broken is None and told.luggage is not None:
                try:
                    receive(told.luggage, self.job.files)
                except Exception as error:
                    self._broken = failure(error, self.job.files)
                    self._wish("cancel")
            if self._broken is None:
                self.tell(told.event)
            elif isinstance(told.event, End):
                self.tell(self._broken)
        until = time.monotonic() + AHEAD_SECONDS
        while not self._events.empty() and not self.is_over and time.monotonic() < until:
            time.sleep(0.005)

    def _wish(self, wish: Wish) -> None:
        if self._send is not None:
            self._send(self.number, wish)

    def _forget_steps(self) -> None:
        """Drop what nobody has heard yet after the last whole epoch."""
        waiting: list[Event] = []
        with suppress(queue.Empty):
            while True:
                waiting.append(self._events.get_nowait())
                self._events.task_done()
        last = max((n for n, e in enumerate(waiting, 1) if isinstance(e, EpochMetrics)), default=0)
        for event in waiting[:last]:
            self._events.put(event)


class HubJob:
    """One job on somebody's account.

    Args:
        account: whose it is.
        flavor: the kind of machine.
        machine: what the page calls it.
        lists: its runs; those in one list take turns.
        seconds: how long it may go on.
    """

    def __init__(
        self,
        account: Account,
        flavor: str,
        machine: str,
        lists: Sequence[Sequence[Started]],
        seconds: int,
    ) -> None:
        self.is_billed = False
        """Whether it was started, as far as anybody knows."""
        self.trouble = ""
        """Why it could not be started."""
        self._account, self._flavor, self._machine = account, flavor, machine
        self._lists, self._seconds = lists, seconds
        self._mine = {handle.number: handle for handles in lists for handle in handles}
        self._folder, self._key = uuid.uuid4().hex, secrets.token_bytes(32)
        self._id = ""
        self._is_done = False
        self._began = 0.0
        self._unwanted = threading.Event()
        self._limit = threading.Timer(seconds, self._end_in_time)  # the Hub's may begin later
        self._limit.daemon = True
        self._has_left = False
        self._wishing = threading.Lock()

    def run(self) -> None:
        """Do it, to the end of all its runs."""
        reason = ""
        try:
            reason = self._start()
            if self._id:
                reason = self._follow()
        except Exception as error:
            reason = f"{WHAT}: {cause(error)}. Press Resume to go on."
        finally:
            for handle in self._mine.values():
                handle.tell(Cancelled(reason=reason))
            self._leave()

    def end(self) -> None:
        """End it, if it goes on, or as soon as it is known."""
        self._unwanted.set()
        if self._id and not self._is_done:
            self._account.cancel(self._id)

    def _leave(self) -> None:
        """End it, and remove what is in its folder once it writes there no more."""
        self._limit.cancel()
        self.end()
        with self._wishing:
            self._has_left = True
        if self._id:
            self._account.wait_for(self._id)
        self._account.clear(self._folder)

    def _start(self) -> str:
        """Start it; a reason if that cannot be."""
        try:
            files = {hub_worker.KEY: self._key, hub_worker.PARCEL: self._parcel()}
            self._account.put({f"{self._folder}/{name}": files[name] for name in files})
            if self._are_over() or self._unwanted.is_set():
                return ENDED
            self._began, self.is_billed = time.monotonic(), True
            module = hub_worker.__name__
            self._id = self._account.begin(self._folder, module, self._flavor, self._seconds)
        except Exception as error:
            # One that was refused is not billed; of one without an answer nobody knows.
            if getattr(error, "response", None) is not None:
                self.is_billed = False
            self.trouble = sentence(error)
            return f"{self.trouble} Press Resume to train it here."
        for handle in self._mine.values():
            handle.goes_to(self._machine, self._wish)
        self._limit.start()
        if self._unwanted.is_set():
            self.end()
        return ""

    def _parcel(self) -> bytes:
        going = [[handle for handle in handles if not handle.is_over] for handles in self._lists]
        lists = [{handle.number: handle.job for handle in handles} for handles in going if handles]
        jobs = {number: job for one in lists for number, job in one.items()}
        home: dict[str, bytes] = {}
        for job in jobs.values():
            home |= needed(job)
        return hub_worker.parcel(lists, {n: pack(job.files) for n, job in jobs.items()}, home)

    def _follow(self) -> str:
        """Hear it to its end; a reason for those of its runs that have none."""
        heard, reason = Heard(self._key), ""
        for is_last in [False] * READ_AGAIN + [True]:
            reason = self._read(heard, is_last)
            if reason or self._is_done or not heard.has_gap:
                break
        if reason or self._is_done or self._are_over():
            return reason
        how = "the job could not be reached any more"
        with suppress(Exception):
            stage, ended = self._account.state_of(self._id)
            how = f"the job ended before its runs ({ended})"
            if stage == "COMPLETED":
                journal = self._account.fetch(f"{self._folder}/{hub_worker.JOURNAL}")
                for line in journal.decode("ascii", "replace").splitlines():
                    self._hear(heard, line)
        if time.monotonic() - self._began > self._seconds - 2:
            return CUT
        if self._unwanted.is_set():
            return ENDED
        return f"{WHAT}: {how}. Press Resume to go on."

    def _read(self, heard: Heard, is_last: bool) -> str:
        """Read its log until it is over, or a line is missing; a reason to leave it.

        Args:
            is_last: whether to read on in spite of that.
        """
        while True:
            try:
                for line in self._account.lines(self._id):
                    if reason := self._hear(heard, line):
                        return reason
                    if self._is_done or self._are_over() or (heard.has_gap and not is_last):
                        return ""
                if self._account.state_of(self._id)[0] not in GOING:
                    return ""
            except Exception as error:
                status = getattr(getattr(error, "response", None), "status_code", 500)
                if status < 500 and status not in _LATER:
                    return UNREACHABLE
            # Its log was cut, which says nothing of it.
            if time.monotonic() - self._began > self._seconds:
                return UNREACHABLE
            time.sleep(RETRY_SECONDS)

    def _hear(self, heard: Heard, line: str) -> str:
        """Hear a line; a reason to leave the job."""
        try:
            for message in map(json.loads, heard.take(line)):
                if "joined" in message:
                    if words := difference(WHAT, hub_worker.joined(message).versions):
                        return f"{words} Press Resume to go on."
                elif "end" in message:
                    self._is_done = True
                elif handle := self._mine.get(int(message["number"])):
                    self._pass_on(handle, message)
        except Exception as error:  # whatever wrote it is another version of this program
            return f"{WHAT}: the log cannot be read ({cause(error)}). Press Resume to go on."
        return ""

    def _pass_on(self, handle: Started, message: dict[str, Any]) -> None:
        files, told = None, message["luggage"]
        if told and not handle.is_over:
            path = f"{self._folder}/{told['name']}"
            try:
                content = self._account.fetch(path, told["size"], told["sha256"])
                files = dict(hub_worker.unzipped(content))
            except Exception as error:
                # A checkpoint less; without its files a run is not finished.
                if message["kind"] == Finished.__name__:
                    handle.tell(Cancelled(reason=f"{WHAT}: {error}. Press Resume to go on."))
        heard = hub_worker.read(message, files)
        if isinstance(heard.event, Finished):  # whatever it calls itself
            heard = replace(heard, event=with_host(heard.event, self._machine))
        handle.hear(heard)

    def _are_over(self) -> bool:
        return all(handle.is_over for handle in self._mine.values())

    def _end_in_time(self) -> None:
        if not self._is_done:
            self._account.cancel(self._id)

    def _wish(self, number: int, wish: Wish) -> None:
        """Send a wish; nobody waits for it."""
        threading.Thread(target=self._send, args=(number, wish), daemon=True).start()

    def _send(self, number: int, wish: Wish) -> None:
        if self._are_over():
            self.end()
            return
        with self._wishing, suppress(Exception):  # what was cancelled is over here
            if self._has_left:
                return
            name = hub_worker.wish_file(number, wish)
            self._account.put({f"{self._folder}/{name}": b"."})
