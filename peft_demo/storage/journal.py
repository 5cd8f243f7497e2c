"""How SQLite keeps its journal: by where the database lies, unless PEFT_DEMO_JOURNAL says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random

from peft_demo import settings

_NOT_LOCAL = (
    *("9p", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse", "gfs", "glusterfs", "gpfs"),
    *("lustre", "macfuse", "ncp", "nfs", "ocfs", "osxfuse", "prl_fs", "smb", "vboxsf", "virtiofs"),
    *("vmhgfs", "webdav"),
)
"""What the names of network and FUSE file systems begin with."""


# SQLite waits for locks by itself, but not for the one that changes a journal's mode.
@retry(
    retry=retry_if_exception_message(match=".*locked"),
    wait=wait_random(0.01, 0.05),
    stop=stop_after_delay(1),
    reraise=True,
)
def prepare(connection: Any, folder: Path) -> None:
    """Set up a new connection to the database in ``folder``."""
    if mode_for(folder) == "wal":
        # Readers go on while a training writes.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
    else:
        # Write-ahead logging needs memory that all processes share: no network gives it to them.
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")


def mode_for(folder: Path) -> str:
    """``wal`` on a disk of this machine, ``delete`` elsewhere and where nobody knows."""
    chosen = settings.journal()
    if chosen != "auto":
        return chosen
    mount = _mount_of(folder.resolve())
    if mount is None or mount.fstype.lower().startswith(_NOT_LOCAL) or "remote" in mount.opts:
        return "delete"
    return "wal"


def _mount_of(folder: Path) -> Any:
    """The file system that a folder is on, or None."""
    mounts = psutil.disk_partitions(all=True)
    above = [mount for mount in mounts if folder.is_relative_to(mount.mountpoint)]
    # A later mount of the same place hides the earlier one.
    return max(reversed(above), key=lambda mount: len(mount.mountpoint), default=None)
