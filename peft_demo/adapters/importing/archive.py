"""An adapter's two files out of a zip or folder that a stranger made."""

from __future__ import annotations

import mmap
import re
import stat
import tempfile
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
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.errors import cause
from peft_demo.fields import shown

LARGEST = 100_000_000
"""Bytes of both files together, unpacked."""

LARGEST_CONFIG = 1_000_000
"""Bytes of adapter_config.json, and of the names and shapes that begin the weights' file."""

MOST_ENTRIES = 200
"""Files and folders in what is imported."""

FILES = (files.CONFIG, files.WEIGHTS)

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")

_DIRECTORY_ENTRY = re.compile(rb"PK\x01\x02")
"""Begins every entry of a zip's directory."""

_WANTED = (
    f"a peft adapter's {files.CONFIG} and {files.WEIGHTS}, side by side at the top or in one folder"
)


def unpack(source: Path, scratch: Path) -> Path:
    """Put an adapter's two files into a new folder below ``scratch`` and return that folder.

    Args:
        source: a zip or a folder that has them at its top or in one folder below.
        scratch: a folder of the caller's.

    Raises:
        InvalidFieldsError: they are not there, too large, damaged, pickled or under a path that
            leads elsewhere; says which, at ``adapter``.
    """
    with _entries(source) as entries:
        chosen = _choose(entries)
        folder = Path(tempfile.mkdtemp(prefix="adapter-", dir=scratch))
        for name, entry in chosen.items():
            (folder / name).write_bytes(_content(entry))
    return folder


@dataclass(frozen=True)
class _Entry:
    """A file in a zip or folder."""

    path: PurePosixPath
    size: int
    """Bytes, as the directory says; it can lie."""
    open: Callable[[], IO[bytes]]


@contextmanager
def _entries(source: Path) -> Iterator[list[_Entry]]:
    """The files of a zip or folder."""
    if source.is_dir():
        yield list(_folder_entries(source))
        return
    _refuse_crowded(source)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise refusal(f"must be a zip with {_WANTED}, got {cause(error)}.") from error
    with archive:
        yield list(_zip_entries(archive))


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
            f"must be a zip with {_WANTED}, got {shown(source.name)}, which is empty or cannot "
            "be read."
        ) from error
    _check_number(number)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in archive.infolist():
        path = _checked_path(info.orig_filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise refusal(f"must not hold links, got {shown(str(path))}.")
        if info.flag_bits & 0x1:
            raise refusal(f"must be a zip without a password, got {shown(str(path))} encrypted.")
        # The others unpack without a limit: a few kilobytes of bzip2 can become gigabytes.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refusal(
                "must be a zip that is stored or deflated, as usual, got "
                f"{shown(str(path))} packed in another way."
            )
        if not info.is_dir():
            yield _Entry(path, info.file_size, partial(archive.open, info))


def _folder_entries(folder: Path) -> Iterator[_Entry]:
    """The files in a folder and in the folders right below it."""
    try:
        paths = list(islice(folder.iterdir(), MOST_ENTRIES + 1))
        below = (inner for path in paths if _is_folder(path) for inner in path.iterdir())
        paths += islice(below, MOST_ENTRIES + 1)
        _check_number(len(paths))
        for path in paths:
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            status = path.lstat()
            if path.name in FILES and not stat.S_ISREG(status.st_mode):
                raise refusal(f"must hold plain files, no links, got {shown(str(inside))}.")
            if stat.S_ISREG(status.st_mode):
                yield _Entry(inside, status.st_size, partial(_open, path))
    except OSError as error:
        raise refusal(f"must be a folder that can be read, got {cause(error)}.") from error


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _check_number(number: int) -> None:
    if number > MOST_ENTRIES:
        raise refusal(f"must hold at most {MOST_ENTRIES} files and folders, got more.")


def _checked_path(name: str) -> PurePosixPath:
    """A name in an archive as a path, refused if it leads out of the archive."""
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise refusal(f"must hold paths that stay inside it, got {shown(name)}.")
    if "\0" in name:
        raise refusal(f"must hold plain file names, got {shown(name)}.")
    return PurePosixPath(windows.as_posix())


def _choose(entries: list[_Entry]) -> dict[str, _Entry]:
    """The two files among all, by their names."""
    for entry in entries:
        if entry.path.suffix.lower() in _PICKLES:
            raise refusal(
                "must hold weights as safetensors, because loading a pickle runs code, got "
                f"{shown(str(entry.path))}. Save it again with safe_serialization=True, or leave "
                "that file out."
            )
    found = [entry for entry in entries if entry.path.name in FILES and len(entry.path.parts) <= 2]
    chosen = {entry.path.name: entry for entry in found}
    if len(found) > len(chosen) or len({entry.path.parent for entry in found}) > 1:
        listed = ", ".join(sorted(str(entry.path) for entry in found[:4]))
        raise refusal(f"must be one adapter, {_WANTED}, got {listed}.")
    for name in FILES:
        if name not in chosen:
            listed = ", ".join(sorted(str(entry.path) for entry in entries[:4])) or "nothing"
            raise refusal(f"must have {name}: it is {_WANTED}; got {listed}.")
    check_size(chosen[files.CONFIG].size, LARGEST_CONFIG, files.CONFIG)
    check_size(sum(entry.size for entry in chosen.values()), LARGEST, "both files together")
    return {name: chosen[name] for name in FILES}


def check_size(size: int, limit: int, what: str) -> None:
    """Refuse what has more than ``limit`` bytes."""
    if size > limit:
        raise refusal(
            f"must be at most {limit / 1e6:g} MB unpacked ({what}), got {size / 1e6:,.1f} MB."
        )


def _content(entry: _Entry) -> bytes:
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
