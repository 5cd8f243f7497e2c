"""Who works on a run, as this machine knows it: a file that is locked as long as its process lives.

Other machines know nothing of it, and judge by leases alone; nor does this one after a restart.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout


class Working:
    """Files in a folder, each locked by the process that works on a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, FileLock] = {}

    def begin(self, run_id: str) -> None:
        """Say that this process works on a run, before it is recorded that somebody does.

        On a disk that knows no locks, say nothing.
        """
        if (path := self._path(run_id)) is None:
            return
        lock = FileLock(path, thread_local=False)
        with suppress(OSError, NotImplementedError, Timeout):
            lock.acquire(timeout=1)  # who looks whether it is dead holds it for a moment
            self._held[run_id] = lock

    def end(self, run_id: str) -> None:
        """Nobody works on a run any more."""
        # The file goes first: it must not look like one that a dead process left.
        if path := self._path(run_id):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if lock := self._held.pop(run_id, None):
            lock.release()

    def is_dead(self, run_id: str) -> bool | None:
        """Whether another process of this machine that works on it is there no more.

        None where none is known; of what this one does itself the leases say more.
        """
        path = self._path(run_id)
        if path is None or run_id in self._held or not path.exists():
            return None
        try:
            with FileLock(path, blocking=False):
                return True
        except Timeout:
            return False
        except (OSError, NotImplementedError):
            return None

    def dead(self) -> list[str]:
        """The runs that dead processes of this machine worked on, ended or not."""
        boot = _boot()
        names = (path.name for path in self._folder.glob(f".working-*-{boot}") if boot)
        run_ids = (name.removeprefix(".working-").removesuffix(f"-{boot}") for name in names)
        return [run_id for run_id in run_ids if self.is_dead(run_id)]

    def _path(self, run_id: str) -> Path | None:
        boot = _boot()
        return self._folder / f".working-{run_id}-{boot}" if boot else None


@cache
def _boot() -> str:
    """What tells this start of this machine from all others, in containers too."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
