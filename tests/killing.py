"""Forks that are killed in the middle of what they do."""

import os
import signal
import time
import traceback
from collections.abc import Callable


def killed(work: Callable[[], object], after: float) -> bool:
    """Let a fork work, and kill it after so many seconds; False if it had ended before."""
    child = _forked(work)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "it failed before it was killed"
    return status != 0


def seconds_of(work: Callable[[], object]) -> float:
    """How long a fork takes that nobody kills."""
    started = time.monotonic()
    _, status = os.waitpid(_forked(work), 0)
    assert status == 0, "it failed"
    return time.monotonic() - started


def _forked(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child
