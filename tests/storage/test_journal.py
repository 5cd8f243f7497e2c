"""Write-ahead logging only where it is safe, or where a setting says so."""

import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.storage import DATABASE, Store, journal

Mount = namedtuple("Mount", "mountpoint fstype opts")


@pytest.fixture
def mounted(monkeypatch):
    def mount(*rows: Mount) -> None:
        monkeypatch.setattr(journal.psutil, "disk_partitions", lambda all: list(rows))

    return mount


def mode_of(home: Path) -> str:
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


@pytest.mark.parametrize(
    ("fstype", "mode"),
    [
        *[(name, "wal") for name in ("ext4", "xfs", "btrfs", "overlay", "apfs", "NTFS", "tmpfs")],
        *[(name, "delete") for name in ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.gcsfuse")],
        *[(name, "delete") for name in ("fuse.s3fs", "fuseblk", "lustre", "virtiofs", "FUSE")],
    ],
)
def test_goes_by_the_file_system(home, mounted, fstype, mode):
    mounted(Mount("/", "ext4", "rw"), Mount(str(home.parent), fstype, "rw"))
    assert journal.mode_for(home) == mode
    store = Store(home)
    assert store.problem is None
    store.close()
    assert mode_of(home) == mode


def test_the_nearest_and_last_mount_counts(home, mounted):
    mounted(Mount(str(home), "nfs4", "rw"), Mount("/", "ext4", "rw"))
    assert journal.mode_for(home) == "delete"
    mounted(Mount("/", "ext4", "rw"), Mount(f"{home}-other", "nfs4", "rw"))
    assert journal.mode_for(home) == "wal"
    mounted(Mount(str(home), "ext4", "rw"), Mount(str(home), "nfs4", "rw"))
    assert journal.mode_for(home) == "delete"


def test_a_link_is_followed(home, mounted, tmp_path):
    far = tmp_path / "far"
    far.mkdir()
    home.symlink_to(far)
    mounted(Mount("/", "ext4", "rw"), Mount(str(far), "nfs4", "rw"))
    assert journal.mode_for(home) == "delete"


def test_a_network_drive_of_windows_and_what_nobody_knows_are_not_trusted(home, mounted):
    mounted(Mount("/", "NTFS", "rw,remote"))
    assert journal.mode_for(home) == "delete"
    mounted()
    assert journal.mode_for(home) == "delete"


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_setting_chooses(home, monkeypatch, mounted, mode):
    mounted(Mount("/", "nfs4" if mode == "wal" else "ext4", "rw"))
    monkeypatch.setenv("PEFT_DEMO_JOURNAL", mode)
    Store(home).close()
    assert mode_of(home) == mode


def test_a_database_moves_from_one_to_the_other(home, monkeypatch):
    for mode in ("wal", "delete", "wal"):
        monkeypatch.setenv("PEFT_DEMO_JOURNAL", mode)
        Store(home).close()
        assert mode_of(home) == mode


def test_a_setting_that_is_none_is_a_sentence(home, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_JOURNAL", "off")
    with pytest.raises(InvalidFieldsError, match="must be auto, wal or delete, got 'off'"):
        journal.mode_for(home)
