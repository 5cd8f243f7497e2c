"""A worker of ``RayExecutor``: it keeps torch, base and data loaded from one run to the next.

It shares no disk with the program: files come with jobs, and go back with what is told of them.
"""

from __future__ import annotations

import os
import platform
import queue
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from filelock import FileLock, Timeout

from peft_demo import logs, settings
from peft_demo.execution import machines
from peft_demo.execution.executor import End, Event, Finished, Handle, Job
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.execution.jobs import failure
from peft_demo.execution.luggage import Luggage, Sent, pack, unpack
from peft_demo.execution.versions import versions
from peft_demo.execution.worker import warm_up
from peft_demo.models import hardware
from peft_demo.runs import RunResult, checkpoints

FOLDER = "peft-demo-worker-"
"""How the folder of each begins, among the machine's temporary ones."""

Wish = Literal["cancel", "keep"]
"""A method of the job's handle."""


@dataclass(frozen=True)
class Joined:
    """What a worker says of its machine when it joins."""

    host: str
    processor: str
    precision: str
    """What trainings are computed in there."""
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What a worker tells of one job; files come before the event."""

    number: int
    event: Event
    luggage: Luggage | None = None


class ClusterWorker:
    """Lives in a process of its own on some machine; methods are called from several threads.

    Args:
        environment: variables to set before torch is loaded.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._home, self._lives = _own_folder()
        os.environ.update({**environment, settings.home.variable: str(self._home)})
        hardware.share_cores()
        logs.start()
        self._executor = ThreadExecutor()
        self._handles: dict[int, Handle] = {}
        self._wishes: dict[int, set[Wish]] = defaultdict(set)
        """That came before their job."""
        self._lock = threading.Lock()
        self._running: Iterator[list[Told]] = iter(())
        warm_up()

    def join(self) -> Joined:
        """Say what this machine is, once what most runs need is loaded."""
        return Joined(
            platform.node(),
            hardware.processor_name(),
            hardware.training_precision(),
            versions(),
        )

    def load(self) -> float | None:
        """See ``Machine.load``."""
        return machines.load()

    def do(
        self,
        jobs: Mapping[int, Job],
        files: Mapping[int, Mapping[str, bytes]],
        home: Mapping[str, bytes],
    ) -> Iterator[list[Told]]:
        """Do jobs that take turns, and yield what they tell as it comes, to the end of all.

        Args:
            jobs: by their numbers, each of which is used once.
            files: what is in each job's folder.
            home: what they read of the program's home.
        """
        placed = {number: self._placed(number, job) for number, job in jobs.items()}
        try:
            unpack(home, self._home)
            for number, job in placed.items():
                unpack(files[number], job.files)
            yield from self._done(placed)
        finally:  # nobody's texts stay here
            with self._lock:
                for number in placed:
                    self._handles.pop(number, None)
            for job in placed.values():
                shutil.rmtree(job.files, ignore_errors=True)
            for name in home:
                (self._home / name).unlink(missing_ok=True)

    def begin(
        self,
        jobs: Mapping[int, Job],
        files: Mapping[int, Mapping[str, bytes]],
        home: Mapping[str, bytes],
    ) -> None:
        """The same for those who cannot be sent a stream: ``more`` gives what it would yield."""
        self._running = self.do(jobs, files, home)

    def more(self) -> list[Told]:
        """What came since, as soon as there is something; an empty list after the end."""
        return next(self._running, [])

    def wish(self, number: int, wish: Wish) -> None:
        """Pass a wish on to a job, which may be yet to come, or be over."""
        with self._lock:
            if number in self._handles:
                getattr(self._handles[number], wish)()
            else:
                self._wishes[number].add(wish)

    def _done(self, jobs: Mapping[int, Job]) -> Iterator[list[Told]]:
        told: queue.Queue[Told] = queue.Queue()
        with self._lock:
            started = dict(zip(jobs, self._executor.start([*jobs.values()]), strict=True))
            self._handles |= started
            for number, handle in started.items():
                for wish in self._wishes.pop(number, set()):
                    getattr(handle, wish)()
        for number, handle in started.items():
            arguments = (number, handle, jobs[number].files, told)
            threading.Thread(target=_listen, args=arguments, daemon=True).start()
        going = {*started}
        while going:
            news = [told.get()]
            while not told.empty():  # what has gathered while nobody listened goes together
                news.append(told.get())
            yield news
            going -= {one.number for one in news if isinstance(one.event, End)}

    def _placed(self, number: int, job: Job) -> Job:
        folder = self._home / f"{number}"
        folder.mkdir()
        return job.model_copy(update={"files": folder})


def _own_folder() -> tuple[Path, FileLock]:
    """A folder, locked while this process lives; what killed ones have left is removed.

    A worker's end is always that it is killed.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*.lock"):
        with suppress(OSError, Timeout), FileLock(left, blocking=False):
            shutil.rmtree(left.with_suffix(""), ignore_errors=True)
            left.unlink()
    folder = Path(tempfile.gettempdir()) / f"{FOLDER}{uuid4().hex}"
    lock = FileLock(f"{folder}.lock", thread_local=False)
    lock.acquire()
    folder.mkdir(mode=0o700)
    return folder, lock


def _listen(number: int, handle: Handle, files: Path, told: queue.Queue[Told]) -> None:
    """Pass on what a job tells, with the files that have come into being.

    A training waits meanwhile, so that nobody writes into the folder that is read.
    """
    events = iter(handle)
    try:
        sent = Sent(files)
        for event in events:
            luggage = sent.new()
            if isinstance(event, Finished):
                luggage = Luggage(pack(files, but=(checkpoints.folder_of(files).name,)))
                event = with_host(event, platform.node())
            told.put(Told(number, event, luggage))
    except Exception as error:  # whoever waits for the end must hear of it
        handle.cancel()
        for _ in events:
            pass
        told.put(Told(number, failure(error, files)))


def with_host(end: Finished, host: str) -> Finished:
    """The same, which says where it was computed."""
    if not isinstance(end.result, RunResult):
        return end
    known = {"environment": {**end.result.environment, "host": host}}
    return Finished(result=end.result.model_copy(update=known))
