"""RayExecutor: jobs on the machines of a Ray cluster, each with workers that stay warm.

``cluster_worker.py`` says what a worker does. Only this process knows the store: files go with a
job and come back with its events. A job that no machine can take waits, and says so. One whose
machine is lost ends with its last checkpoint, which came with the event after its epoch, and
another machine may go on with it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from peft_demo.errors import cause
from peft_demo.execution.cluster_worker import ClusterWorker, Joined, Told, Wish
from peft_demo.execution.executor import Cancelled, End, Event, Failed, Handle, Job
from peft_demo.execution.executors.ray_nodes import Node, Nodes
from peft_demo.execution.jobs import failure
from peft_demo.execution.luggage import needed, pack, receive
from peft_demo.execution.machines import Machine
from peft_demo.execution.versions import difference
from peft_demo.languages import gettext_noop
from peft_demo.runs import Progress

STUCK_SECONDS = 30.0
"""After a wish to stop, a worker whose job still goes on is ended."""

PATIENCE_SECONDS = 3.0
"""So long a job waits for a machine before it says so."""

WAITING = gettext_noop("Waiting for a machine of the cluster")

LOAD_SECONDS = 5.0
"""A machine is asked at most so often how busy it is."""

LOOK_SECONDS = 2.0
"""How often it is looked which machines there are."""

AHEAD = 4
"""Lists of news that a worker may send before the first has been heard."""


class RayExecutor:
    """As many workers as the cluster has room for, each started when it is first needed.

    Args:
        address: of the cluster, see ``settings.ray_address``.
        most: workers at most; as many as there is room for if it is None.
        cpus: cores of each worker.
        gpus: of each worker; may be a part of one.
        environment: variables of the workers.
    """

    def __init__(
        self,
        address: str,
        most: int | None = None,
        cpus: int = 1,
        gpus: float = 0.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._nodes = Nodes(address, cpus, gpus)
        self._most = most
        self._environment = {**(environment or {})}
        self._workers: list[_Worker] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        # It connects, and the first worker loads, while nobody waits for it.
        threading.Thread(target=self._watch, name="ray", daemon=True).start()

    @property
    def slots(self) -> int:
        """See ``Executor.slots``; 1 while there is no machine, whose job then waits."""
        room = sum(node.room for node in self._nodes.usable())
        return max(1, min(room, self._most or room))

    def start(self, jobs: Sequence[Job]) -> list[_Started]:
        """See ``Executor.start``."""
        handles = [_Started(job, next(self._numbers)) for job in jobs]
        threading.Thread(target=self._compute, args=(handles,), daemon=True).start()
        return handles

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        with self._lock:
            workers = [worker for worker in self._workers if worker.is_alive]
        if words := self._nodes.problem:
            return [Machine(name=self._nodes.address, slots=0, trouble=words)]
        told = []
        for node in self._nodes.known():
            there = [worker for worker in workers if worker.node.id == node.id]
            joined = next((worker.joined for worker in there if worker.joined), None)
            told.append(
                Machine(
                    name=node.name,
                    slots=node.room,
                    load=there[0].load() if there else None,
                    processor=joined.processor if joined else "",
                    precision=joined.precision if joined else "",
                    trouble=self._nodes.trouble(node),
                )
            )
        return told

    def close(self) -> None:
        """End all workers."""
        self._closed.set()
        with self._lock:
            for worker in self._workers:
                worker.kill()
        self._nodes.close()

    def _watch(self) -> None:
        """Know which machines there are."""
        has_joined = False
        while not self._closed.is_set():
            if self._nodes.look():  # workers of a lost connection are gone
                with self._lock:
                    self._workers = []
            if not has_joined and (worker := self._take_worker()):
                has_joined = self._joins(worker)
                worker.release()
            self._closed.wait(LOOK_SECONDS)

    def _compute(self, handles: Sequence[_Started]) -> None:
        """Do jobs, and see to it that each has an end."""
        try:
            worker = self._found(handles)
            if worker is not None:
                worker.do(handles)
        except Exception as error:
            for handle in handles:
                handle.tell(failure(error, handle.job.files))

    def _found(self, handles: Sequence[_Started]) -> _Worker | None:
        """A worker that has joined; None if meanwhile all jobs were cancelled."""
        began, has_told = time.monotonic(), False
        while not all(handle.is_over for handle in handles) and not self._closed.is_set():
            if not has_told and time.monotonic() - began > PATIENCE_SECONDS:
                has_told = True
                for handle in handles:
                    handle.tell(Progress(phase=WAITING))
            worker = self._take_worker()
            if worker is None:
                self._closed.wait(0.2)
            elif self._joins(worker):
                return worker
            else:
                worker.release()
        return None

    def _take_worker(self) -> _Worker | None:
        """One that has nothing to do, and is taken for whoever asks; a new one if there is room."""
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.is_alive]
            usable = {node.id for node in self._nodes.usable()}
            known = [worker for worker in self._workers if worker.node.id in usable]
            for worker in sorted(known, key=lambda worker: worker.joined is None):
                if worker.take():
                    return worker
            if len(known) >= (self._most or len(known) + 1):
                return None
            taken = [worker.node.id for worker in known]
            free = [(node.room - taken.count(node.id), node) for node in self._nodes.usable()]
            room, node = max(free, default=(0, None), key=lambda pair: pair[0])
            if node is None or room < 1:
                return None
            try:
                made = _Worker(self._nodes, node, self._environment)
            except self._nodes.failures:  # the cluster was lost a moment ago
                return None
            self._workers.append(made)
            made.take()
            return made

    def _joins(self, worker: _Worker) -> bool:
        """Whether a worker has joined by now; one that may not is let go."""
        try:
            joined = worker.join(0.5)
        except Exception as error:
            if worker.joined:  # it has died since it was used last
                worker.kill()
                return False
            host = worker.node.name
            why = str(error).strip().rpartition("\n")[2]  # above it stands Ray's traceback
            self._refuse(worker, f"{host} is not used: no worker starts there ({why.rstrip('.')}).")
            return False
        if joined and (words := difference(worker.node.name, joined.versions)):
            self._refuse(worker, words)
            return False
        return joined is not None

    def _refuse(self, worker: _Worker, words: str) -> None:
        self._nodes.refuse(worker.node, words)
        worker.kill()


class _Started(Handle):
    """A job that waits for a worker, or that one has."""

    def __init__(self, job: Job, number: int) -> None:
        super().__init__()
        self.job = job
        self.number = number
        self.is_over = False
        self._worker: _Worker | None = None
        self._broken: End | None = None
        """How it ends if what came could not be kept."""
        self._turn = threading.RLock()
        self.machine = ""

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        with self._turn:
            if self.should_stop():
                return
            super().cancel()
            if self._worker is None:
                self.tell(Cancelled())
                return
            self._worker.wish(self.number, "cancel")
        stuck = threading.Timer(STUCK_SECONDS, self._end_if_stuck)
        stuck.daemon = True
        stuck.start()

    def keep(self) -> None:
        """See ``Handle.keep``."""
        with self._turn:
            if not self.should_keep():
                super().keep()
                if self._worker is not None:
                    self._worker.wish(self.number, "keep")

    def tell(self, event: Event) -> None:
        """See ``Handle.tell``; nothing comes after the end."""
        with self._turn:
            if not self.is_over:
                self.is_over = isinstance(event, End)
                super().tell(event)

    def goes_to(self, worker: _Worker) -> bool:
        """Say which worker has it; False if it is over already."""
        with self._turn:
            if self.is_over:
                return False
            self._worker, self.machine = worker, worker.node.name
            if self.should_keep():
                worker.wish(self.number, "keep")
            return True

    def hear(self, told: Told) -> None:
        """Keep the files that came, and tell what happened."""
        if self._broken is None and told.luggage is not None:
            try:
                receive(told.luggage, self.job.files)
            except Exception as error:
                self._broken = failure(error, self.job.files)
                self.cancel()
        if self._broken is None:
            self.tell(told.event)
        elif isinstance(told.event, End):
            self.tell(self._broken)

    def _end_if_stuck(self) -> None:
        if not self.is_over and self._worker is not None:
            self._worker.kill()


class _Worker:
    """An actor on one machine, which does one list of jobs at a time."""

    def __init__(self, nodes: Nodes, node: Node, environment: Mapping[str, str]) -> None:
        self.node = node
        self.joined: Joined | None = None
        self.is_alive = True
        self._nodes = nodes
        self._ray = nodes.ray
        self._actor = nodes.actor(ClusterWorker, node, environment)
        self._joining: Any = None
        self._taken = threading.Lock()
        self._load: tuple[float, Any, float | None] = (0.0, None, None)

    def take(self) -> bool:
        """Have it for oneself, unless somebody has; until ``release``."""
        return self._taken.acquire(blocking=False)

    def release(self) -> None:
        """Let others have it."""
        self._taken.release()

    def join(self, seconds: float) -> Joined | None:
        """What it says of itself, once it has loaded; None if it takes longer than that.

        It is asked each time that it is taken, so that no job goes to one that has died.

        Raises:
            RayError: it could not be started, or has died since.
        """
        self._joining = self._joining or self._actor.join.remote()
        ready, _ = self._ray.wait([self._joining], timeout=seconds)
        if not ready:
            return None
        asked, self._joining = self._joining, None
        self.joined = self._ray.get(asked)
        return self.joined

    def do(self, handles: Sequence[_Started]) -> None:
        """Do jobs that take turns, to the end of all."""
        mine = {handle.number: handle for handle in handles if handle.goes_to(self)}
        try:
            for news in self._news(mine) if mine else ():
                for told in news:
                    mine[told.number].hear(told)
        except self._ray.exceptions.RayTaskError as error:  # the worker lives
            reason = f"{self.node.name}: {cause(error)}."
            self._end(mine, Failed(reason=reason, traceback=str(error)))
        except self._nodes.failures as error:
            self.kill()
            self._end(mine, self._how_it_died(error))
        finally:
            self.release()

    def wish(self, number: int, wish: Wish) -> None:
        """Pass a wish on; nobody waits for it."""
        with suppress(*self._nodes.failures):
            self._actor.wish.remote(number, wish)

    def kill(self) -> None:
        """End its process, whatever it does."""
        self.is_alive = False
        with suppress(Exception):  # where the whole cluster is out of reach
            self._ray.kill(self._actor)

    def load(self) -> float | None:
        """How busy its machine was lately; asks again without waiting for the answer."""
        at, asked, known = self._load
        try:
            if asked is not None and self._ray.wait([asked], timeout=0)[0]:
                known, asked = self._ray.get(asked), None
            if asked is None and self.joined and time.monotonic() - at > LOAD_SECONDS:
                at, asked = time.monotonic(), self._actor.load.remote()
        except Exception:  # it is out of reach
            known = asked = None
        self._load = at, asked, known
        return known

    def _news(self, handles: Mapping[int, _Started]) -> Iterator[list[Told]]:
        jobs = {number: handle.job for number, handle in handles.items()}
        files = {number: pack(job.files) for number, job in jobs.items()}
        home: dict[str, bytes] = {}
        for job in jobs.values():
            home |= needed(job)
        arguments = (jobs, files, home)
        if self._nodes.can_stream:
            more = {"num_returns": "streaming", "_generator_backpressure_num_objects": AHEAD}
            for ref in self._actor.do.options(**more).remote(*arguments):
                yield self._ray.get(ref)
            return
        self._ray.get(self._actor.begin.remote(*arguments))
        while news := self._ray.get(self._actor.more.remote()):
            yield news

    def _end(self, handles: Mapping[int, _Started], end: End) -> None:
        for handle in handles.values():
            handle.tell(Cancelled() if handle.should_stop() else end)

    def _how_it_died(self, error: Exception) -> End:
        """Whether its process alone died, or its machine is out of reach."""
        host = self.node.name
        known = self._ray.exceptions
        is_there = isinstance(error, known.RayError) and "Node Id" not in str(error)
        if is_there and not isinstance(error, known.ActorUnavailableError):
            return Failed(
                reason=f"The process on {host} that worked on it died, as happens when the "
                "machine's memory is full: then per_device_train_batch_size or max_length must "
                "be smaller."
            )
        self._nodes.refuse(self.node, f"{host} is not used: it could not be reached.")
        reason = f"{host}, which worked on it, could not be reached: press Resume to go on."
        return Cancelled(reason=reason, was_lost=True)
