"""Engine: takes queued runs, lets an executor compute them and records what it tells."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from peft_demo import memory, settings
from peft_demo.errors import ConflictError, PeftDemoError, StoreError
from peft_demo.execution.batches import in_one_pass
from peft_demo.execution.executor import Cancelled, Executor, Handle, Job
from peft_demo.execution.executors import ThreadExecutor
from peft_demo.execution.jobs import failure
from peft_demo.execution.machines import Machine
from peft_demo.execution.places import Active, Places
from peft_demo.execution.recording import Listener, Recording
from peft_demo.execution.searching.leading import STOPPED, Leading
from peft_demo.runs import KnownConfig, Run, RunGroup, RunKind, RunStatus, checkpoints
from peft_demo.runs.footprint import measured
from peft_demo.runs.search import Search
from peft_demo.runs.sweeps import MOST_RACERS, Plan
from peft_demo.storage import RENEW_SECONDS, Store, space

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""How often an idle engine looks for runs that another process queued."""

BUSY_SECONDS = 0.2
"""How often a working one looks whether others asked for a stop: not for each run that begins."""

PURGE_SECONDS = 300.0
"""How often an engine looks whether deleted runs can go for good."""

STUCK_SECONDS = 40.0
"""How long the end of the program waits for a run that was cancelled."""

Claim = Callable[[], Run | None]


class Engine:
    """The only one who writes into a store what happens to its runs.

    ``start`` works on the queue in the background; ``run`` and ``run_group`` work in the foreground
    and return when they are done. All of them go through the same loop.

    Args:
        store: where the runs are.
        choose: makes the executor, when the first run needs it.
        own: executors that owners have for themselves, by owner.
        listener: told what happens to each run.
        largest_file: bytes above which adapters are stored in half precision.
    """

    def __init__(
        self,
        store: Store,
        choose: Callable[[], Executor] = ThreadExecutor,
        *,
        own: Callable[[], Mapping[str, Executor]] = dict,
        listener: Listener | None = None,
        largest_file: int | None = None,
    ) -> None:
        self._store = store
        self._leading = Leading(store)
        self._listener = listener
        self._largest_file = largest_file
        self._active: dict[str, Active] = {}
        self._places = Places(choose, own, self._active)
        self._held: dict[str, str] | None = None
        """Why runs wait, as it was told last."""
        self._renewed = 0.0
        self._looked = 0.0
        self._purged = -PURGE_SECONDS
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._resumes = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to take runs in the background; those that a dead program left are marked first."""
        self._thread.start()

    def submit(
        self,
        config: KnownConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Queue a run and return at once; see Store.submit."""
        run = self._store.submit(config, owner, kind, files)
        self._wake.set()
        return run

    def submit_plan(self, plan: Plan, owner: str) -> tuple[RunGroup, list[Run]]:
        """Queue runs that belong together, all or none, and return at once."""
        queued = self._store.submit_plan(plan, owner)
        self._wake.set()
        return queued

    def submit_search(self, search: Search, owner: str) -> tuple[RunGroup, list[Run]]:
        """Queue the first round of a search, and return at once; see ``searching.leading``."""
        from peft_demo.execution.searching import planning  # loads torch

        configs = planning.first_round(search)
        queued = self._store.submit_search(search, planning.name_of(search), configs, owner)
        self._wake.set()
        return queued

    def resume(self, run_id: str) -> Run:
        """Queue a run again that ended unfinished; see Store.resume."""
        run = self._store.resume(run_id)
        self._wake.set()
        return run

    def run(self, run: Run) -> Run:
        """Do a run that this process has begun in the store, and return it as it ended."""
        waiting = iter([run])
        self._run_until_idle(lambda: next(waiting, None))
        return self._store.get(run.run_id)

    def run_group(self, group_id: str) -> None:
        """Do the queued runs of a group; an engine elsewhere may take some of them."""
        self._run_until_idle(lambda: self._store.claim(group_id))

    def run_search(self, group_id: str) -> None:
        """Do the runs of a search until it is over."""
        while (search := self._store.search(group_id)).ended_at is None:
            self._run_until_idle(partial(self._claim_first, (group_id, search.confirmation)))
            self._rest()

    def stop_search(self, group_id: str) -> None:
        """End a search, and stop what it has in the queue; one that is over stays as it is."""
        search = self._store.search(group_id)
        self._store.mark_search(group_id, ended_at=datetime.now(UTC), why=STOPPED)
        for each in filter(None, (group_id, search.confirmation)):
            for run in self._store.group(each)[1]:
                with suppress(ConflictError):  # most are over
                    self.cancel(run.run_id)

    def cancel(self, run_id: str) -> Run:
        """Stop a run within one training step, or take it out of the queue.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is over already.
        """
        active = self._active.get(run_id)
        try:
            run = self._store.request_stop(run_id)
        except StoreError:  # what nobody can record now is recorded with the end
            if active is None:
                raise
            run = self._store.get(run_id)
        if active:
            active.handle.cancel()
        return run

    @property
    def slots(self) -> int:
        """How much it works on at a time for all together; 1 before its executor is chosen."""
        return self._places.slots

    def machines(self) -> list[tuple[Machine, list[str]]]:
        """Where runs are computed, with the ids of those there; none before the first run."""
        return self._places.machines()

    def keep(self, run_id: str) -> Run:
        """Stop a training within one step, and end it with its last whole epoch.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is not being trained, or has no whole epoch yet.
        """
        run = self._store.request_keep(run_id)
        if active := self._active.get(run_id):
            active.handle.keep()
        return run

    def close(self) -> None:
        """Stop working; runs in progress are marked as interrupted."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._leading.close()
        self._places.close()

    # From here on: the loop.

    def _work(self) -> None:
        """Do what is queued until the engine is closed, whatever happens."""
        self._resumes = settings.resume() == "always"
        with suppress(PeftDemoError):
            self._resume_interrupted(self._store.ids())
        while not self._closing.is_set():
            try:
                if self._took_next(self._claim):
                    continue
            except StoreError as error:
                logger.warning("%s", error)
            except Exception:
                logger.exception("The queue goes on after an error")
            self._rest()
        self._cancel_all()

    def _claim(self) -> Run | None:
        """The next run that the disk has room for; the others say why they wait."""
        free = space.free_bytes(self._store.folder)
        held = {}
        if free < space.PLENTY_BYTES:
            waiting = (run for run in self._store.runs() if run.status is RunStatus.QUEUED)
            found = {run.run_id: space.lack(run.config, free) for run in waiting}
            held = {run_id: words for run_id, words in found.items() if words}
        if held != self._held:
            with suppress(StoreError):  # there may be no room for that either
                self._store.explain(held)
                self._held = held
        may = self._places.have_room_for if self._places.are_owned else None
        return self._store.claim(but=held, may=may)

    def _claim_first(self, group_ids: Iterable[str | None]) -> Run | None:
        """The next run of the first of these groups that has one waiting."""
        claimed = (self._store.claim(group_id) for group_id in group_ids if group_id)
        return next(filter(None, claimed), None)

    def _run_until_idle(self, claim: Claim) -> None:
        """Do what is claimed until there is no more; what stops it cancels what it does."""
        try:
            while True:
                was_busy = bool(self._active)
                if self._took_next(claim):
                    continue
                if not was_busy:
                    return
                self._rest()
        except SystemExit:  # somebody ends the program, and nobody asked this run to stop
            self._closing.set()
            raise
        finally:
            self._cancel_all()

    def _rest(self) -> None:
        self._wake.wait(BUSY_SECONDS if self._active else IDLE_SECONDS)

    def _cancel_all(self) -> None:
        active = list(self._active.values())
        for one in active:
            one.handle.cancel()
        for one in active:
            one.thread.join(STUCK_SECONDS)

    def _took_next(self, claim: Claim) -> bool:
        """Begin with the next run, and those that take turns with it, if there is room for it."""
        self._wake.clear()
        self._look_after_runs()
        if not self._places.have_room():
            return False
        run = claim()
        if run is None:
            return False
        executor = self._places.of(run.owner)
        self._begin(executor, self._batch_of(run, executor.slots))
        return True

    def _look_after_runs(self) -> None:
        """Say that its runs are alive, look for runs whose program has ended, and heed stops."""
        # With nothing to do it looks each time: an end that has just come may bring new runs.
        if self._active and time.monotonic() - self._looked < BUSY_SECONDS:
            return
        self._looked = time.monotonic()
        # A database that is locked for a moment, or on a full disk, is asked again.
        with suppress(StoreError):
            # By the clock that leases are judged by: it goes on while a laptop sleeps.
            if self._active and abs(time.time() - self._renewed) > RENEW_SECONDS:
                self._store.heartbeat([*self._active])
                self._renewed = time.time()
            self._resume_interrupted(self._store.interrupt_orphans())
        with suppress(StoreError):
            self._leading.go_on(self.slots)
        with suppress(StoreError):
            if time.monotonic() - self._purged > PURGE_SECONDS:
                self._purged = time.monotonic()
                self._store.purge()
        with suppress(StoreError):
            if working := dict(self._active):
                stops, keeps = self._store.wishes(working)
                for run_id in stops:
                    working[run_id].handle.cancel()
                for run_id in keeps:
                    working[run_id].handle.keep()

    def _resume_interrupted(self, run_ids: Iterable[str]) -> None:
        """Queue those again that an end of a program interrupted, if that is wished for."""
        for run_id in run_ids if self._resumes else ():
            self._go_on_with(run_id)

    def _go_on_with(self, run_id: str) -> None:
        """Queue an interrupted run again; one that may be what ends machines waits for Resume."""
        run = self._store.get(run_id)
        if run.status is RunStatus.INTERRUPTED and run.can_resume and self._got_on(run):
            with suppress(PeftDemoError):  # one that cannot go on any more stays as it is
                self._store.resume(run_id)

    def _got_on(self, run: Run) -> bool:
        """Whether it has left a checkpoint since it last began; else it may end programs."""
        found = checkpoints.latest(self._store.partial_folder_of(run.run_id))
        began = run.started_at
        return bool(found and began and found.stat().st_mtime > began.timestamp())

    def _begin(self, executor: Executor, runs: Sequence[Run]) -> None:
        recordings = [
            Recording(self._store, run, self._listener, self._pause_of(run)) for run in runs
        ]
        try:
            handles = executor.start([self._job(recording) for recording in recordings])
        except Exception as error:
            for recording in recordings:
                recording.end(failure(error, recording.files))
            return
        for recording, handle in zip(recordings, handles, strict=True):
            thread = threading.Thread(target=self._follow, args=(recording, handle), daemon=True)
            self._active[recording.run.run_id] = Active(runs[0].run_id, executor, handle, thread)
            thread.start()

    def _pause_of(self, run: Run) -> int | None:
        """The epoch after which it waits for the other trials of its search."""
        if run.group_id is None:
            return None
        with suppress(PeftDemoError):
            return self._store.search(run.group_id).pauses_after(run)
        return None

    def _job(self, recording: Recording) -> Job:
        return Job(
            kind=recording.run.kind,
            config=recording.run.config.flat(),
            files=recording.files,
            largest_file=self._largest_file,
            probes=recording.run.probes,
            measured=measured(recording.run.config, self._store.lately()),
        )

    def _follow(self, recording: Recording, handle: Handle) -> None:
        run_id = recording.run.run_id
        try:
            end = recording.follow(handle, self._closing.is_set)
            if isinstance(end, Cancelled) and end.was_lost and not self._closing.is_set():
                self._go_on_with(run_id)
        except Exception:
            # How it ended could not be recorded; the runs behind it must still be done.
            logger.exception("%s could not be recorded", run_id)
        finally:
            del self._active[run_id]
            self._wake.set()
            memory.give_back()

    def _batch_of(self, run: Run, slots: int) -> list[Run]:
        """A claimed run, and those that take turns with it, claimed as well."""
        claimed = [run]
        try:
            if run.group_id is None:
                return claimed
            group, members = self._store.group(run.group_id)
            if group.is_race and self._others_wait(run.owner):
                most = 1  # others wait for no more than one run
            elif group.is_race:
                most = -(-min(len(members), MOST_RACERS) // slots)
            else:
                most = len(in_one_pass(run, members))
            while len(claimed) < most and (other := self._store.claim(run.group_id)):
                claimed.append(other)
        except PeftDemoError as error:
            logger.warning("%s", error)  # then they are done one after another
        return claimed

    def _others_wait(self, owner: str) -> bool:
        return any(other != owner for _, other in self._store.queue())
