"""ZeroGpuExecutor: jobs on the GPU that a ZeroGPU Space lends to its visitors.

The platform lends one within a visitor's own request, to a forked process, for a time that counts
as his. So a job waits for its owner's visit, whose thread lets it be computed and passes on what it
tells. One that nobody visits, or whose owner's quota is used up, is for the Space's processor. One
that is too long for its time is left after a whole epoch, and goes on in the next visit.

``compute`` runs in the forked process, where nothing can be sent to: what it must know meanwhile
stands in a few bytes of the job's folder (``_Line``).
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

from peft_demo.errors import cause
from peft_demo.execution.executor import Cancelled, End, Event, Handle, Job
from peft_demo.execution.executors.thread import ThreadExecutor
from peft_demo.execution.machines import Machine, this_machine
from peft_demo.languages import gettext_noop
from peft_demo.models import hardware
from peft_demo.runs import EpochMetrics, checkpoints

WAIT_SECONDS = 20.0
"""How long a job waits for its owner's visit before the processor computes it."""

RESERVE_SECONDS = 10.0
"""Of the time that was lent, kept for what comes after the last epoch."""

AHEAD_SECONDS = 0.5
"""How long the GPU waits at most until a step is recorded; it is not recorded in vain then."""

CUT = gettext_noop(
    "The GPU's time for this visit is over: its epochs so far are kept. Press Resume to go on."
)
TOO_LONG = gettext_noop(
    "Not one epoch fits into the time that the GPU is lent for: press Resume to train on the "
    "Space's processor, or choose fewer or shorter texts."
)
LEFT = gettext_noop(
    "The page was closed, and the GPU is lent to open pages only: press Resume to go on."
)
NO_QUOTA = "Press Resume to train on the Space's processor instead."

_NO_QUOTA_TITLES = ("quota", "credits", "duration")
"""Words of the platform's titles where the visitor's own time is the reason."""

_ABORTED = "aborted"

_FORKING = "filelock"
"""Who refuses it where two visits fork at the same moment, as its sentence says."""

_FORKS_TRIED = 20


def is_refusal(reason: str | None) -> bool:
    """Whether a job that ended so goes on with the processor."""
    return reason is not None and (reason == TOO_LONG or reason.endswith(NO_QUOTA))


Call: TypeAlias = Callable[[str, float], Iterator[Event]]
"""A job as JSON, and seconds; what it tells."""


class ZeroGpuExecutor:
    """Lets jobs wait for visits.

    Args:
        lend: makes of ``compute`` a function that runs with a GPU, as ``spaces.GPU`` does.
        wait_seconds: see WAIT_SECONDS.
        refused: names of jobs that got no GPU before this start, see ``is_refusal``.
    """

    slots = 4

    def __init__(
        self,
        lend: Callable[[Call], Call],
        wait_seconds: float = WAIT_SECONDS,
        refused: Iterable[str] = (),
    ) -> None:
        self._call = lend(compute)
        self._wait_seconds = wait_seconds
        self._processor = ThreadExecutor()
        self._waiting: dict[str, _Offered] = {}
        self._refused = {*refused}
        """Jobs that got no GPU, and go on without one."""
        self._lock = threading.Lock()

    def start(self, jobs: Sequence[Job]) -> list[_Offered]:
        """See ``Executor.start``."""
        return [self._offer(job) for job in jobs]

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [this_machine(self.slots)]

    def close(self) -> None:
        """Do nothing: a job ends by itself once it is cancelled."""

    def visit(self, name: str, seconds: float) -> Iterator[Event]:
        """Compute the job whose folder has this name, if it waits; yields what it tells.

        Args:
            name: of ``Job.files``.
            seconds: how long a GPU is asked for.
        """
        offered = self._take(name)
        if offered is None:
            return
        began = time.time()
        end: Event = Cancelled(reason=LEFT)  # unless another comes
        line = _Line.made(offered.job.files)
        offered.connect(line)
        try:
            with closing(self._called(offered.job.model_dump_json(), seconds)) as told:
                end = Cancelled(reason=LEFT)
                for heard, event in enumerate(told, start=1):
                    if isinstance(event, End):
                        end = event
                        break
                    offered.pass_on(event)
                    line.hear(heard)
                    yield event
                else:
                    end = self._unfinished(offered, began)
        except Exception as error:
            end = self._refusal(offered, error, began)
        finally:
            line.remove(offered.job.files)
            offered.tell(Cancelled() if offered.should_stop() and _is_left(end) else end)

    def _called(self, job: str, seconds: float) -> Generator[Event]:
        """What a call tells; begun again where another was forking."""
        for left in reversed(range(_FORKS_TRIED)):
            has_begun = False
            try:
                with closing(self._call(job, seconds)) as told:  # type: ignore[type-var]
                    for event in told:
                        has_begun = True
                        yield event
                return
            except RuntimeError as error:
                if has_begun or not left or _FORKING not in str(error):
                    raise
            time.sleep(0.05)

    def _offer(self, job: Job) -> _Offered:
        offered = _Offered(job, self._take)
        name = job.files.name
        with self._lock:
            is_refused = name in self._refused
            if not is_refused:
                self._waiting[name] = offered
        if is_refused:
            self._refused.discard(name)
            self._compute_here(offered)
        else:
            timer = threading.Timer(self._wait_seconds, self._give_up, (offered,))
            timer.daemon = True
            timer.start()
        return offered

    def _take(self, name: str) -> _Offered | None:
        with self._lock:
            return self._waiting.pop(name, None)

    def _give_up(self, offered: _Offered) -> None:
        with self._lock:
            is_waiting = self._waiting.get(offered.job.files.name) is offered
            if is_waiting:
                del self._waiting[offered.job.files.name]
        if is_waiting:
            self._compute_here(offered)

    def _compute_here(self, offered: _Offered) -> None:
        (inner,) = self._processor.start([offered.job])
        offered.inner = inner
        threading.Thread(target=offered.follow, args=(inner,), daemon=True).start()

    def _unfinished(self, offered: _Offered, began: float) -> Cancelled:
        """How a job ends whose process was ended: with its epochs, if any is new."""
        found = checkpoints.latest(offered.job.files)
        if found and found.stat().st_mtime >= began:
            return Cancelled(reason=CUT)
        self._refused.add(offered.job.files.name)
        return Cancelled(reason=TOO_LONG)

    def _refusal(self, offered: _Offered, error: Exception, began: float) -> Cancelled:
        """How a job ends that got no GPU, or lost it; the platform's errors have titles."""
        title, words = str(getattr(error, "title", "")).lower(), cause(error)
        if _ABORTED in words.lower():
            return self._unfinished(offered, began)
        if any(word in title for word in _NO_QUOTA_TITLES):
            self._refused.add(offered.job.files.name)
            return Cancelled(reason=f"{words}. {NO_QUOTA}")
        return Cancelled(reason=f"No GPU could be had ({words}): press Resume to try again.")


def _is_left(end: Event) -> bool:
    return isinstance(end, Cancelled)


class _Offered(Handle):
    """A job that waits for a GPU, and is then computed somewhere."""

    def __init__(self, job: Job, take: Callable[[str], _Offered | None]) -> None:
        super().__init__()
        self.job = job
        self._take = take
        self.line: _Line | None = None
        """To the process that computes it."""
        self.inner: Handle | None = None
        """Where the processor computes it."""

    def cancel(self) -> None:
        """See ``Handle.cancel``."""
        super().cancel()
        if self._take(self.job.files.name):
            self.tell(Cancelled())
        elif self.line:
            self.line.wish(_CANCEL)
        elif self.inner:
            self.inner.cancel()

    def keep(self) -> None:
        """See ``Handle.keep``."""
        super().keep()
        if self.line and not self.should_stop():
            self.line.wish(_KEEP)
        elif self.inner:
            self.inner.keep()

    def connect(self, line: _Line) -> None:
        """Send wishes by this line from now on, and those that came since nobody waited."""
        self.line = line
        if self.should_keep():
            self.keep()
        if self.should_stop():
            self.cancel()

    def pass_on(self, event: Event) -> None:
        """Tell an event, and return once it has been dealt with."""
        self.tell(event)
        self._events.join()

    def follow(self, inner: Handle) -> None:
        """Tell what another handle does."""
        if self.should_stop():
            inner.cancel()
        if self.should_keep():
            inner.keep()
        for event in inner:
            if isinstance(event, End):
                self.tell(event)
            else:
                self.pass_on(event)


_KEEP, _CANCEL = 1, 2


class _Line:
    """How many events were heard, and what is wished for; written here, read in the process."""

    _NAME = ".visit"
    _FORM = struct.Struct("<qq")

    def __init__(self, file: int) -> None:
        self._file: int | None = file
        self._heard = self._wish = 0
        self._lock = threading.Lock()

    @classmethod
    def made(cls, folder: Path) -> _Line:
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(os.open(folder / cls._NAME, os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        made._write()
        return made

    @classmethod
    def opened(cls, folder: Path) -> _Line:
        return cls(os.open(folder / cls._NAME, os.O_RDONLY))

    def hear(self, number: int) -> None:
        self._heard = number
        self._write()

    def wish(self, what: int) -> None:
        self._wish = max(self._wish, what)
        self._write()

    def read(self) -> tuple[int, int]:
        """Events that were heard, and the wish."""
        found = os.pread(self._file, self._FORM.size, 0) if self._file is not None else b""
        if len(found) != self._FORM.size:
            return 0, 0
        heard, wish = self._FORM.unpack(found)
        return heard, wish

    def remove(self, folder: Path) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None
        with suppress(OSError):
            (folder / self._NAME).unlink()

    def _write(self) -> None:
        with self._lock:
            if self._file is not None:
                os.pwrite(self._file, self._FORM.pack(self._heard, self._wish), 0)


def compute(job: str, seconds: float) -> Iterator[Event]:
    """Compute a job in a process that was forked for it, within a time.

    Args:
        job: as JSON.
        seconds: after which the process may be killed.
    """
    import torch

    began = epoch_began = time.monotonic()
    # OpenMP's threads are not there after a fork, and its next parallel loop would wait for them.
    torch.set_num_threads(1)
    hardware.have_gpu()
    told = Job.model_validate_json(job)
    line = _Line.opened(told.files)
    (inner,) = ThreadExecutor().start([told])
    events, sent, is_cut = iter(inner), 0, False
    try:
        for event in events:
            if isinstance(event, Cancelled) and is_cut and line.read()[1] != _CANCEL:
                event = Cancelled(reason=CUT)
            yield event
            sent += 1
            wish = _heard(line, sent)
            if wish:
                inner.cancel() if wish == _CANCEL else inner.keep()
            if isinstance(event, EpochMetrics):
                now = time.monotonic()
                after_next = now + 1.3 * (now - epoch_began) + RESERVE_SECONDS
                is_last = event.epoch >= int(told.config.get("num_train_epochs", 0))
                if not is_last and after_next > began + seconds:
                    is_cut = True
                    inner.cancel()
                epoch_began = now
    except GeneratorExit:
        inner.cancel()
        for _ in events:
            pass  # the job may still be writing into its folder
        raise


def _heard(line: _Line, sent: int) -> int:
    """Wait until all but the last event are dealt with, not for long; the wish by then."""
    until = time.monotonic() + AHEAD_SECONDS
    while True:
        heard, wish = line.read()
        if wish or heard >= sent - 1 or time.monotonic() > until:
            return wish
        time.sleep(0.001)


def on_this_space(refused: Iterable[str] = ()) -> ZeroGpuExecutor:
    """The executor of a ZeroGPU Space; to be made before the page is launched."""
    import spaces

    def lend(call: Call) -> Call:
        lent: Any = spaces.GPU(duration=lambda _job, seconds: round(seconds))(call)
        return lent

    return ZeroGpuExecutor(lend, refused=refused)
