"""Leading: takes each search from round to round, and then to its confirmation.

It knows nothing but what the store says, so that after a restart, or from another process, a
search goes on where it was. It acts through the store alone: runs are queued, resumed and stopped
there, and whoever works on a trial pauses it at its rung (``Search.pauses_after``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from peft_demo.errors import ConflictError, PeftDemoError, StoreError
from peft_demo.execution.searching.costs import (
    CONFIRMATIONS,
    CONFIRMED_SHARE,
    STARTING_SECONDS,
    Costs,
    confirmed,
    fitting_size,
)
from peft_demo.runs import GroupKind, Run, RunConfig, RunStatus, checkpoints
from peft_demo.runs.run_fields import MOST_SEED
from peft_demo.runs.search import (
    Search,
    has_reached,
    ranked,
    recommended,
    same_settings,
    standing,
)
from peft_demo.runs.sweeps import Plan, with_seed
from peft_demo.storage import Store

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often it looks at most; and where nothing has changed, see ``QUIET_SECONDS``."""

QUIET_SECONDS = 1.0

ENDING_SECONDS = 1.0
"""Before its minutes are over: what runs stops within a step, and ends within this."""

STOPPING_SECONDS = 2.0
"""Before a confirmation: what is looked at, and stops, within this."""

STOPPED = "It was stopped."


def _now() -> datetime:
    return datetime.now(UTC)


class Leading:
    """Leads the open searches of a store, each of which one process leads at a time.

    Args:
        store: where they are.
        clock: what their minutes are measured by.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = _now) -> None:
        self._store, self._clock = store, clock
        self._held: dict[str, FileLock] = {}
        self._looked, self._seen = 0.0, -1

    def go_on(self, slots: int) -> None:
        """Do for each open search what is to be done now.

        Raises:
            StoreError: the database cannot be used.
        """
        since, version = time.monotonic() - self._looked, self._store.version
        if since < (QUIET_SECONDS if version == self._seen else LOOK_SECONDS):
            return
        self._looked, self._seen = time.monotonic(), version
        searches = self._store.open_searches()
        for group_id in [*self._held]:
            if group_id not in searches:
                self._let_go(group_id)
        for group_id in filter(self._leads, searches):
            try:
                _Led.of(self._store, group_id, slots, self._clock()).go_on()
            except StoreError:
                raise
            except Exception as error:
                logger.exception("%s cannot go on", group_id)
                reason = str(error) if isinstance(error, PeftDemoError) else "It met an error."
                self._store.mark_search(group_id, ended_at=self._clock(), why=reason)

    def close(self) -> None:
        """Leave them to others."""
        for group_id in [*self._held]:
            self._let_go(group_id)

    def _leads(self, group_id: str) -> bool:
        if group_id in self._held:
            return True
        lock = FileLock(self._path(group_id), blocking=False, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        except (OSError, NotImplementedError):
            return True  # on a disk that knows no locks
        self._held[group_id] = lock
        return True

    def _let_go(self, group_id: str) -> None:
        self._path(group_id).unlink(missing_ok=True)
        self._held.pop(group_id).release()

    def _path(self, group_id: str) -> Path:
        return self._store.folder / f".leading-{group_id}"


@dataclass(frozen=True)
class _Led:
    """A search as it stands at one moment."""

    store: Store
    group_id: str
    search: Search
    trials: Sequence[Run]
    slots: int
    now: datetime

    @classmethod
    def of(cls, store: Store, group_id: str, slots: int, now: datetime) -> _Led:
        search = store.search(group_id)
        # Not the group's: these are in memory, all but what has changed.
        runs = [run for run in reversed(store.runs()) if run.group_id == group_id]
        if search.began_at is None and any(run.before_training for run in runs):
            store.mark_search(group_id, began_at=now)
            search = search.model_copy(update={"began_at": now})
        return cls(store, group_id, search, runs, slots, now)

    @property
    def left(self) -> float:
        """Seconds until all has to be stopped."""
        return self.search.left(self.now) - ENDING_SECONDS

    def go_on(self) -> None:
        """Do what is to be done now."""
        if self.search.confirmation:
            self._confirm(self.store.group(self.search.confirmation)[1])
        else:
            self._search()

    def _search(self) -> None:
        known = {run.run_id: run for run in self.trials}
        rounds = [[known[i] for i in ids if i in known] for ids in self.search.rounds]
        if self.search.began_at and self.left <= self._reserve():
            self._begin_confirmation(self.trials)
            return
        now = standing(rounds[-1], self.search.rungs, self._is_dead)
        if not now.is_over:
            self._resume(run for run in now.contenders if not has_reached(run, now.rung))
        elif not now.contenders:
            self._end(*self._nobody(rounds[-1]))
        else:
            self._begin_round()

    def _resume(self, contenders: Iterable[Run]) -> None:
        """Let those go on that are in it still, and have waited or were interrupted."""
        for run in contenders:
            if run.can_resume and not self._is_dead(run):
                self.store.resume(run.run_id)

    def _is_dead(self, run: Run) -> bool:
        """Whether it will get no further: it failed, or a person stopped or deleted it."""
        if run.status is RunStatus.CANCELLED:
            return self.store.stop_requested(run.run_id)
        return run.status is RunStatus.FAILED

    def _nobody(self, trials: Sequence[Run]) -> tuple[str, bool]:
        """Why a round has nobody left, and whether what was found before is confirmed."""
        if trials and all(run.status is RunStatus.FAILED for run in trials):
            return (
                f"None of its {len(trials)} last trials could be trained: {trials[0].error}",
                True,
            )
        return STOPPED, False

    def _begin_round(self) -> None:
        from peft_demo.execution.searching.proposals import propose  # loads torch

        left = self.left - self._reserve()
        size = fitting_size(self._costs, left, max(self.search.expected.round_sizes))
        configs = propose(self.search, self.trials, size) if size else []
        if configs:
            self.store.add_round(self.group_id, configs)
        else:
            self._begin_confirmation(self.trials)

    def _begin_confirmation(self, trials: Sequence[Run]) -> None:
        if going := [run for run in trials if not run.status.is_over]:
            self._stop(going)
            return
        usual = recommended(self.search.base)
        best: list[RunConfig] = []
        for run in ranked(trials):
            config = run.config.for_training()
            if not any(same_settings(config, other) for other in (usual, *best)):
                best.append(config)
        if not best:
            self._end("No trial but the recommended preset has finished an epoch.", False)
            return
        if self.left <= 0:
            self._end("No time was left to confirm what it found.", False)
            return
        wanted = confirmed(self._costs, self.left, self.search.expected.num_confirmed)
        finalists, seeds = wanted or CONFIRMATIONS[-1]  # it may be faster than it seems
        first = self.search.base.seed + 1  # none that the search has seen
        configs = tuple(
            with_seed(config, (first + step) % (MOST_SEED + 1))
            for step in range(seeds)  # so that what is cut off is the last seed of all
            for config in (usual, *best[:finalists])
        )
        name = self.store.group(self.group_id)[0].name
        plan = Plan(GroupKind.CONFIRMATION, f"Confirmed: {name}", configs)
        self.store.confirm_search(self.group_id, plan)

    def _confirm(self, runs: Sequence[Run]) -> None:
        going = [run for run in runs if not run.status.is_over]
        if self.left <= 0:  # one with fewer epochs would be no repeat of the others
            self._stop(going)
        else:
            interrupted = [run for run in runs if run.status is RunStatus.INTERRUPTED]
            self._resume(interrupted)
            going += interrupted
        if not going or self.search.left(self.now) <= 0:  # who is slow to stop is not waited for
            is_whole = all(run.status is RunStatus.COMPLETED for run in runs)
            self._end("" if is_whole else "Its minutes ended before its confirmation.")

    def _stop(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if not (run.status is RunStatus.RUNNING and self.store.stop_requested(run.run_id)):
                with suppress(ConflictError):  # it has ended by now
                    self.store.request_stop(run.run_id)

    def _end(self, why: str = "", confirms: bool = False) -> None:
        if confirms and any(run.epochs for run in self.trials):
            self._begin_confirmation(self.trials)
            return
        late = min(0.0, self.search.left(self.now))  # where nobody led it at its end
        self.store.mark_search(self.group_id, ended_at=self.now + timedelta(seconds=late), why=why)
        for run in self.trials:  # nobody goes on with those that are out
            checkpoints.drop_all(self.store.partial_folder_of(run.run_id))

    def _reserve(self) -> float:
        """Seconds that are kept for the confirmation: on a slow machine for fewer of its runs."""
        share = CONFIRMED_SHARE * 60 * self.search.minutes
        pair = confirmed(self._costs, share, self.search.expected.num_confirmed)
        return self._costs.confirmation(*(pair or CONFIRMATIONS[-1])) + STOPPING_SECONDS

    @cached_property
    def _costs(self) -> Costs:
        """What its parts cost: as was expected, until the first round has shown it."""
        search, expected = self.search, self.search.expected
        num_epochs = search.base.num_train_epochs
        trained = expected.run_seconds - STARTING_SECONDS
        test = trained - num_epochs * expected.epoch_seconds
        costs = Costs(STARTING_SECONDS, expected.epoch_seconds, test, num_epochs, self.slots)
        measured = [run for run in self.trials if run.epochs]
        first = [run for run in self.trials if run.run_id in search.rounds[0]]
        waits = any(not run.epochs and not self._is_dead(run) for run in first)
        if search.began_at is None or waits or not measured:
            return costs
        whole = sum(len(run.epochs) for run in measured)
        epoch = sum(run.epochs[-1].seconds for run in measured) / whole
        done = [_epochs_done(run) for run in self.trials]
        starts = sum(1 + len([r for r in search.rungs if r < each]) for each in done if each)
        spent = (self.now - search.began_at).total_seconds() * self.slots - sum(done) * epoch
        return replace(
            costs,
            start=max(0.0, spent / starts),
            epoch=epoch,
            test=costs.test * (epoch / costs.epoch),
        )


def _epochs_done(run: Run) -> float:
    at = run.progress
    if run.status is RunStatus.RUNNING and at.max_steps:
        return at.step / at.max_steps * run.config.for_training().num_train_epochs
    return len(run.epochs)
