"""Engine: takes queued runs and executes them. LocalEngine is one background thread."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Protocol

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from peft_demo.errors import PeftDemoError, RunCancelledError, StoreError
from peft_demo.export import model_card
from peft_demo.runs import (
    EpochMetrics,
    Progress,
    RangeTest,
    Run,
    RunConfig,
    RunGroup,
    RunKind,
    RunResult,
    RunStatus,
    StepMetrics,
)
from peft_demo.runs.sweeps import MOST_RACERS, Plan
from peft_demo.storage import Store
from peft_demo.training import vmapped
from peft_demo.training.vmapped import Member

logger = logging.getLogger(__name__)

REPORT_SECONDS = 0.5
"""Steps are written together at most this often; epochs at once."""

IDLE_SECONDS = 1.0
"""How often an idle engine looks for runs that another process queued."""


class Engine(Protocol):
    """Takes runs and sees to it that they are trained."""

    def submit(
        self,
        config: RunConfig,
        owner: str,
        kind: RunKind = RunKind.TRAINING,
        files: Path | None = None,
    ) -> Run:
        """Queue a run and return at once."""

    def submit_plan(self, plan: Plan, owner: str) -> tuple[RunGroup, list[Run]]:
        """Queue runs that belong together and return at once."""

    def cancel(self, run_id: str) -> Run:
        """Stop a run within one training step, or take it out of the queue."""

    def close(self) -> None:
        """Stop working; a run in progress is interrupted."""


class LocalEngine:
    """Trains queued runs one after another in a background thread of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="training", daemon=True)

    def start(self) -> None:
        """Begin to take runs; those that a dead process left behind are marked first."""
        self._thread.start()

    def submit(
        self,
        config: RunConfig,
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
        queued = self._store.submit_group(
            plan.configs, owner, plan.kind, plan.name, axes=plan.axes, is_race=plan.is_race
        )
        self._wake.set()
        return queued

    def cancel(self, run_id: str) -> Run:
        """Stop a run within one training step; see Store.request_stop."""
        return self._store.request_stop(run_id)

    def close(self) -> None:
        """Stop working; a run in progress is marked as interrupted."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        with suppress(StoreError):  # told again by what follows
            self._store.purge()
        while not self._closing.is_set():
            try:
                self._store.interrupt_orphans()
                run = self._store.claim()
            except StoreError as error:
                logger.warning("%s", error)
                run = None
            if run is None:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
            else:
                together(self._execute, companions(self._store, run))

    def _execute(self, run: Run, member: Member | None) -> None:
        try:
            execute(self._store, run, self._closing, member=member)
        except Exception:
            # How it ended could not be recorded; the runs behind it must still be trained.
            logger.exception("%s could not be recorded", run.run_id)


def companions(store: Store, run: Run) -> list[Run]:
    """A run that this process has claimed, and those to be trained beside it, claimed as well."""
    claimed = [run]
    try:
        if run.group_id is None:
            return claimed
        group, members = store.group(run.group_id)
        most = MOST_RACERS if group.is_race else len(_with_one_pass(run, members))
        while len(claimed) < most and (other := store.claim(run.group_id)):
            claimed.append(other)
    except PeftDemoError as error:
        logger.warning("%s", error)  # then they run one after another
    return claimed


def _with_one_pass(run: Run, members: Sequence[Run]) -> list[Run]:
    """The run and those queued right behind it that can be trained in one pass with it."""
    if not vmapped.is_wanted():
        return [run]
    queued = [other for other in members if other.status is RunStatus.QUEUED]
    alike = takewhile(lambda other: vmapped.can_share(run.config, other.config), queued)
    return [run, *alike][: vmapped.MOST_RUNS]


def together(train: Callable[[Run, Member | None], object], runs: Sequence[Run]) -> None:
    """Train runs in a thread each; the shared random generators go round, so they take turns.

    Those that can share their steps meet at each.
    """
    sharing: list[Run] = []
    if len(runs) > 1 and vmapped.is_wanted():
        sharing = [run for run in runs if vmapped.can_share(runs[0].config, run.config)]
    meeting = vmapped.OnePass(len(sharing))

    def trained(run: Run) -> None:
        if run not in sharing:
            train(run, None)
            return
        with meeting.member(sharing.index(run)) as member:
            train(run, member)

    threads = [
        threading.Thread(target=trained, args=(run,), name=run.run_id, daemon=True)
        for run in runs[1:]
    ]
    for thread in threads:
        thread.start()
    trained(runs[0])
    for thread in threads:
        thread.join()


def execute(
    store: Store,
    run: Run,
    closing: threading.Event | None = None,
    *,
    listener: Callable[[EpochMetrics], None] | None = None,
    largest_file: int | None = None,
    member: Member | None = None,
) -> Run:
    """Train a run that this process has claimed, and record how it ended.

    Args:
        store: where the run is and its files go.
        run: a running run.
        closing: set when the process is about to end.
        listener: told of every epoch.
        largest_file: bytes above which the adapter is stored in half precision.
        member: its part in a pass with other runs.
    """
    closing = closing or threading.Event()
    reporter = _StoreReporter(store, run.run_id, closing, listener)
    try:
        if run.kind is RunKind.RANGE_TEST:
            found = _range_test(store, run, reporter)
            return _finish(store, run, RunStatus.COMPLETED, range_test=found)
        result = _produce(store, run, reporter, largest_file, member)
        return _finish(store, run, RunStatus.COMPLETED, result=result)
    except RunCancelledError:
        if closing.is_set() and not store.stop_requested(run.run_id):
            return _finish(store, run, RunStatus.INTERRUPTED, error="The program was ended.")
        return _finish(store, run, RunStatus.CANCELLED)
    except KeyboardInterrupt:
        _finish(store, run, RunStatus.CANCELLED)
        raise
    except Exception as error:
        logger.exception("%s failed", run.run_id)
        _keep_traceback(store.log_of(run.run_id))
        return _finish(store, run, RunStatus.FAILED, error=_reason(error, store))


def _produce(
    store: Store,
    run: Run,
    reporter: _StoreReporter,
    largest_file: int | None,
    member: Member | None,
) -> RunResult:
    """Make the run's files in a partial folder, which becomes its folder when all are there."""
    with _partial_folder(store, run) as partial:
        if run.kind is RunKind.IMPORTED:
            from peft_demo.adapters import importing

            result = importing.test(run.config, partial, reporter)
        else:
            from peft_demo import training

            result = training.train(
                run.config, partial, reporter, largest_file=largest_file, member=member
            )
            # Only of what was trained here: nobody knows how an imported adapter was.
            model_card.write_model_card(run.model_copy(update={"result": result}), partial)
        reporter.flush()
        os.replace(partial, store.folder_of(run.run_id))
        return result


def _range_test(store: Store, run: Run, reporter: _StoreReporter) -> RangeTest:
    from peft_demo.training import lr_range

    with _partial_folder(store, run) as partial:
        found = lr_range.find(run.config, partial, reporter)
    reporter.flush()
    return found


@contextmanager
def _partial_folder(store: Store, run: Run) -> Iterator[Path]:
    partial = store.partial_folder_of(run.run_id)
    try:
        partial.mkdir(parents=True, exist_ok=True)
        yield partial
    finally:
        # Before the end is recorded: who sees a run end sees no leftovers of it.
        shutil.rmtree(partial, ignore_errors=True)


class _StoreReporter:
    """Writes what a training reports into the store, a few times a second."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        closing: threading.Event,
        listener: Callable[[EpochMetrics], None] | None,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._closing = closing
        self._listener = listener
        self._steps: list[StepMetrics] = []
        self._progress: Progress | None = None
        self._written = 0.0

    def progress(self, progress: Progress) -> None:
        changed = self._progress is None or progress.phase != self._progress.phase
        self._progress = progress
        if changed or time.monotonic() - self._written > REPORT_SECONDS:
            self.flush()

    def step(self, metrics: StepMetrics) -> None:
        self._steps.append(metrics)

    def epoch(self, metrics: EpochMetrics) -> None:
        self.flush(metrics)
        if self._listener:
            self._listener(metrics)

    def should_stop(self) -> bool:
        if self._closing.is_set():
            return True
        try:
            return self._store.stop_requested(self._run_id)
        except StoreError:
            return False  # a database that is locked for a moment is no reason to stop

    def flush(self, epoch: EpochMetrics | None = None) -> None:
        """Write what has gathered; a locked database keeps it for the next time."""
        write = self._store.report
        if epoch is not None:
            write = _patiently(write)  # an epoch comes once and must not be lost
        try:
            write(self._run_id, self._progress, self._steps, epoch)
        except StoreError as error:
            if epoch is not None:
                raise
            logger.warning("%s", error)
            return
        self._steps = []
        self._written = time.monotonic()


# tenacity, because a loop with growing pauses and a limit is easily written wrong.
_patiently = retry(
    retry=retry_if_exception_type(StoreError),
    wait=wait_exponential(multiplier=0.5, max=5),
    stop=stop_after_delay(60),
    reraise=True,
)


def _finish(
    store: Store,
    run: Run,
    status: RunStatus,
    *,
    error: str | None = None,
    result: RunResult | None = None,
    range_test: RangeTest | None = None,
) -> Run:
    return _patiently(store.finish)(
        run.run_id, status, error=error, result=result, range_test=range_test
    )


def _keep_traceback(path: Path) -> None:
    try:
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        logger.warning("The traceback could not be kept in %s.", path)


def _reason(error: Exception, store: Store) -> str:
    """Why a run failed, for a person to read."""
    if isinstance(error, PeftDemoError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EACCES):
        return (
            f"PEFT_DEMO_HOME must be a folder with free space that can be written to, "
            f"got {store.folder} ({error.strerror})."
        )
    if isinstance(error, MemoryError) or "not enough memory" in str(error):
        return (
            "The machine's memory is full: per_device_train_batch_size or max_length "
            "must be smaller."
        )
    message = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {message}"
