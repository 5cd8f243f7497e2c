"""Recording: what a run's job tells, written into the store."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tenacity import (
    RetryCallState,
    retry,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)
from tenacity.stop import stop_base

from peft_demo.errors import PeftDemoError, StoreError
from peft_demo.execution.executor import Cancelled, End, Event, Finished, Handle
from peft_demo.execution.jobs import failure
from peft_demo.export import model_card, record
from peft_demo.logs import about
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    Run,
    RunKind,
    RunResult,
    RunStatus,
    StepMetrics,
    checkpoints,
)
from peft_demo.storage import Store

logger = logging.getLogger(__name__)

REPORT_SECONDS = 0.5
"""Steps are written together at most this often; epochs at once."""

Listener = Callable[[Run, Event], None]
"""Told of every event after it was recorded, with the run as it was when it began; and of its end
with the run as it is then."""

PAUSE_SECONDS = 5.0
"""Between two tries to record something, at most."""

PATIENCE_SECONDS = 60.0
"""How long a training waits until its epoch can be recorded; then it fails."""


class Recording:
    """Follows one run to its end, and puts its files where they belong.

    Args:
        store: where it is written down.
        run: as it began.
        listener: see there.
        pause_after: the epoch after which it is left, to go on from its checkpoint another time.
    """

    def __init__(
        self,
        store: Store,
        run: Run,
        listener: Listener | None = None,
        pause_after: int | None = None,
    ) -> None:
        self.run = run
        self.files = store.partial_folder_of(run.run_id)
        """Where its files gather until all are there."""
        self._store = store
        self._pause_after = pause_after
        self._listener = listener or (lambda run, event: None)
        self._steps: list[StepMetrics] = []
        self._progress: Progress | None = None
        self._written = 0.0
        self._given_up: Callable[[], bool] = lambda: False
        """Whether nobody waits for an end that cannot be recorded."""
        self._began = time.monotonic()

    def follow(self, handle: Handle, is_closing: Callable[[], bool]) -> End:
        """Record what comes, and how it ends, and return that.

        Args:
            handle: of the run's job.
            is_closing: whether a run that was cancelled is interrupted by the program's end.
        """
        self._given_up = is_closing
        end = self._heard(handle)
        self.end(end, is_closing())
        return end

    def end(self, end: End, is_closing: bool = False) -> None:
        """Record how the run ended; its files are in their place before, and no leftovers."""
        run = self._recorded(end, is_closing)
        told = about("ended", run.owner, run=run.run_id, state=run.status, seconds=self._seconds())
        logger.info("%s is %s", run.run_id, run.status, extra=told)
        self._listener(run, end)

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def _heard(self, handle: Handle) -> End:
        """Record everything but the end, and return that."""
        events = iter(handle)
        try:
            for event in events:
                if isinstance(event, End):
                    return event
                self._take(event, handle)
            raise RuntimeError("its executor never said how it ended")
        except Exception as error:
            handle.cancel()
            for _ in events:
                pass  # the job may still be writing into the folder
            return failure(error, self.files)

    def _take(self, event: Event, handle: Handle) -> None:
        if isinstance(event, StepMetrics):
            self._steps.append(event)
        elif isinstance(event, BeforeTraining | EpochMetrics):
            tried = stop_after_delay(PATIENCE_SECONDS) | stop_when(handle.should_stop)
            try:
                patiently(tried)(self._write)(event)
            except StoreError:
                if not handle.should_stop():  # nobody wants its epochs any more
                    raise
            if isinstance(event, EpochMetrics) and event.epoch == self._pause_after:
                handle.cancel()
        elif isinstance(event, Progress):
            changed = self._progress is None or event.phase != self._progress.phase
            self._progress = event
            if changed or time.monotonic() - self._written > REPORT_SECONDS:
                try:
                    self._write()
                except StoreError as error:  # what has gathered is kept for the next time
                    logger.warning("%s", error)
        self._listener(self.run, event)

    def _write(self, epoch: BeforeTraining | EpochMetrics | None = None) -> None:
        self._store.report(self.run.run_id, self._progress, self._steps, epoch)
        self._steps = []
        self._written = time.monotonic()

    def _recorded(self, end: End, is_closing: bool) -> Run:
        if isinstance(end, Finished):
            try:
                return self._complete(end)
            except Exception as error:
                end = failure(error, self.files)
        with suppress(PeftDemoError):  # how it went until then is worth seeing, but not vital
            self._write()
        if isinstance(end, Cancelled):
            if end.reason:
                return self._finish(RunStatus.INTERRUPTED, error=end.reason)
            if is_closing and not self._store.stop_requested(self.run.run_id):
                return self._finish(RunStatus.INTERRUPTED, error="The program was ended.")
            return self._finish(RunStatus.CANCELLED)
        if end.is_defect:
            told = about("defect", self.run.owner, run=self.run.run_id)
            what = (self.run.run_id, end.reason, end.traceback)
            logger.error("%s failed: %s\n%s", *what, extra=told)
        if end.traceback:
            with suppress(OSError):
                path = self._store.log_of(self.run.run_id)
                path.write_text(end.traceback, encoding="utf-8")
        return self._finish(RunStatus.FAILED, error=end.reason)

    def _complete(self, end: Finished) -> Run:
        patiently(stop_after_delay(PATIENCE_SECONDS))(self._write)()
        if not isinstance(end.result, RunResult):
            return self._finish(RunStatus.COMPLETED, range_test=end.result)
        done = self._store.get(self.run.run_id).model_copy(update={"result": end.result})
        if self.run.kind is not RunKind.IMPORTED:
            # Only of what was made here: nobody knows how an imported adapter was.
            model_card.write_model_card(done, self.files)
        record.write_record(done, self.files)
        self._store.write_result(self.run.run_id, end.result)
        # From here on the run is complete, whatever happens; before, it might have to go on.
        checkpoints.drop_all(self.files)
        os.replace(self.files, self._store.folder_of(self.run.run_id))
        return self._finish(RunStatus.COMPLETED, result=end.result)

    def _finish(self, status: RunStatus, **more: Any) -> Run:
        # Before the end is recorded: who sees a run end sees no leftovers of it.
        if status in (RunStatus.CANCELLED, RunStatus.INTERRUPTED):
            checkpoints.drop_all_else(self.files)
        else:
            shutil.rmtree(self.files, ignore_errors=True)
        # Until it is recorded: else the run would stay running for whoever looks.
        tried = stop_when(self._given_up)
        run: Run = patiently(tried)(self._store.finish)(self.run.run_id, status, **more)
        if run.whole_error != run.error:  # others are not told where it was
            told = about("reason", run.owner, run=run.run_id)
            logger.warning("%s is %s: %s", run.run_id, run.status, run.whole_error, extra=told)
        return run


def patiently(tried: Any) -> Any:
    """Try to write again until ``tried`` says that it was enough: what comes once is not lost.

    With tenacity, because a loop with growing pauses and a limit is easily written wrong.
    """
    return retry(
        retry=retry_if_exception_type(StoreError),
        wait=wait_exponential(multiplier=0.5, max=PAUSE_SECONDS),
        stop=tried,
        before_sleep=_tell_first,
        reraise=True,
    )


def stop_when(is_over: Callable[[], bool]) -> stop_base:
    """Stop trying once something holds."""

    class When(stop_base):
        def __call__(self, retry_state: RetryCallState) -> bool:
            return is_over()

    return When()


def _tell_first(tried: RetryCallState) -> None:
    if tried.attempt_number == 1 and tried.outcome:
        logger.warning("%s It is tried again.", tried.outcome.exception())
