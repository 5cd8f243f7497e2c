"""The files in a zip or folder that a stranger made, to be read one by one within limits."""

from __future__ import annotations

import mmap
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from peft_demo.adapters import files
from peft_demo.adapters.importing.other_kinds import kind_of
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.errors import cause
from peft_demo.fields import shown

MOST_ENTRIES = 5_000
"""Files and folders in what is imported: Trainer leaves a dozen for each checkpoint."""

LARGEST_CONFIG = 1_000_000
"""Bytes of adapter_config.json, and of the names and shapes that begin the weights' file."""

FILES = (files.CONFIG, files.WEIGHTS)

WANTED = f"a peft adapter's {files.CONFIG} and {files.WEIGHTS}, side by side"

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(?<!\.zip)")

_LONGEST_PATH = 1_000
"""Characters, of which a page may have to show thousands of times as many."""

_DIRECTORY_ENTRY = re.compile(rb"PK\x01\x02")
"""Begins every entry of a zip's directory."""


@dataclass(frozen=True)
class Entry:
    """A file in a zip or folder."""

    path: PurePosixPath
    size: int
    """Bytes, as the directory says; it can lie."""
    open: Callable[[], IO[bytes]]


@contextmanager
def entries(source: Path) -> Iterator[list[Entry]]:
    """The files of a zip or folder, without what systems and editors keep for themselves.

    Raises:
        InvalidFieldsError: it is no zip or folder, has too many files, or a path in it leads out.
    """
    if not source.exists():
        hub = f" (`hf download {source}` prints the folder of one that is on the Hub)"
        raise refusal(
            f"must be a zip or folder with {WANTED}, got {shown(str(source))}, which is not there"
            f"{hub if _HUB_ID.fullmatch(str(source)) else ''}."
        )
    if source.is_dir():
        yield list(_folder_entries(source))
        return
    _refuse_crowded(source)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        why = cause(error) if zipfile.is_zipfile(source) else "a file that is no zip"
        raise refusal(
            f"must be a zip or folder with {WANTED}, got {kind_of(source) or why}."
        ) from error
    with archive:
        yield list(_zip_entries(archive))


def content(entry: Entry) -> bytes:
    """What a file holds, if that is as much as the directory says, whose sizes were checked."""
    try:
        with entry.open() as file:
            data = file.read(entry.size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise refusal(
            f"must be an undamaged zip, got {shown(str(entry.path))} that cannot be unpacked "
            f"({cause(error)})."
        ) from error
    if len(data) != entry.size:
        raise refusal(
            f"must be an undamaged zip, got {shown(str(entry.path))} with other than the "
            f"{entry.size:,} bytes that its directory says."
        )
    return data


def check_size(size: int, limit: int, what: str) -> None:
    """Refuse what has more than ``limit`` bytes."""
    if size > limit:
        raise refusal(
            f"must be at most {limit / 1e6:g} MB unpacked ({what}), got {size / 1e6:,.1f} MB."
        )


# Zips


def _refuse_crowded(source: Path) -> None:
    """Refuse a zip by the length of its directory before zipfile makes an object of each entry."""
    try:
        with (
            source.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            number = sum(1 for _ in islice(_DIRECTORY_ENTRY.finditer(data), MOST_ENTRIES + 1))
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise refusal(
            f"must be a zip or folder with {WANTED}, got {shown(source.name)}, which is empty or "
            "cannot be read."
        ) from error
    _check_number(number)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        path = _checked_path(info.orig_filename)
        if not info.filename:
            raise refusal("must hold files with names, got one without.")
        if not info.is_dir() and not any(map(_is_junk, path.parts)):
            yield Entry(path, info.file_size, partial(_open_member, archive, info))


def _open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """A file of a zip, once it is known to be a plain one that unpacks within a limit."""
    name = shown(info.filename)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise refusal(f"must hold plain files, no links, got {name}.")
    if info.flag_bits & 0x1:
        raise refusal(f"must be a zip without a password, got {name} encrypted.")
    # The others unpack without a limit: a few kilobytes of bzip2 can become gigabytes.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(
            f"must be a zip that is stored or deflated, as usual, got {name} packed in another way."
        )
    return archive.open(info)


def _checked_path(name: str) -> PurePosixPath:
    """A name in an archive as a path, refused if it leads out of the archive."""
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise refusal(f"must hold paths that stay inside it, got {shown(name)}.")
    if "\0" in name or len(name) > _LONGEST_PATH:
        raise refusal(f"must hold plain file names, got {shown(name)}.")
    return PurePosixPath(windows.as_posix())


# Folders


def _folder_entries(folder: Path) -> Iterator[Entry]:
    """The files in a folder and all below it, not through links."""
    waiting, number = [folder], 0
    try:
        while waiting:
            with os.scandir(waiting.pop()) as inside:
                for item in islice(inside, MOST_ENTRIES + 1):
                    number += 1
                    _check_number(number)
                    path = Path(item.path)
                    if _is_junk(item.name):
                        continue
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        yield from _file_entry(path, folder)
    except OSError as error:
        raise refusal(f"must be a folder that can be read, got {cause(error)}.") from error


def _file_entry(path: Path, folder: Path) -> Iterator[Entry]:
    """A file, if it is a plain one; a link is refused where it has the name of what is wanted."""
    inside = PurePosixPath(path.relative_to(folder).as_posix())
    real = _blob_of(path) if path.is_symlink() else path
    if real is None or not stat.S_ISREG(real.lstat().st_mode):
        if path.name in FILES:
            raise refusal(f"must hold plain files, no links, got {shown(str(inside))}.")
        return
    yield Entry(inside, real.lstat().st_size, partial(_open, real))


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _blob_of(link: Path) -> Path | None:
    """What a link in the Hub's cache stands for: ``snapshots/…/name`` leads to ``blobs/…``."""
    target = link.resolve()
    caches = (parent.parent for parent in link.absolute().parents if parent.name == "snapshots")
    return next((target for cache in caches if target.parent == (cache / "blobs").resolve()), None)


# Both


def _is_junk(name: str) -> bool:
    """What macOS, git, notebooks and the Hub's client keep for themselves."""
    return name.startswith(".") or name == "__MACOSX"


def _check_number(number: int) -> None:
    if number > MOST_ENTRIES:
        raise refusal(f"must hold at most {MOST_ENTRIES:,} files and folders, got more.")
