"""Which adapter is meant among all the files of a zip or folder, taken out of it."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeAlias

from peft_demo.adapters import files
from peft_demo.adapters.importing import lengths
from peft_demo.adapters.importing.absence import why_none
from peft_demo.adapters.importing.archive import (
    FILES,
    LARGEST_CONFIG,
    Entry,
    check_size,
    content,
    entries,
)
from peft_demo.adapters.importing.from_hub import Repository
from peft_demo.adapters.importing.other_kinds import is_lfs_pointer
from peft_demo.adapters.importing.refusals import listed, question, refusal
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown

LARGEST = 200_000_000
"""Bytes of both files together, unpacked: rank 320 all over a base 768 wide takes 106 MB."""

BESIDE = ("run.json", files.FULL_CONFIG)
"""What this program writes beside an adapter, and what may name its labels."""

TOKENIZER = ("tokenizer_config.json", "tokenizer.json")

_LARGEST_BESIDE = lengths.LARGEST
"""Bytes of each file that is only looked into; a larger one stays where it is."""

_CHECKPOINT = re.compile(r"checkpoint-\d+")
"""What Trainer calls the folder of a checkpoint."""

Folders: TypeAlias = Mapping[PurePosixPath, Mapping[str, Entry]]
"""The files of each folder by their names."""


def unpack(source: Path | Repository, scratch: Path, choice: str | None = None) -> Path:
    """Put an adapter's two files into a new folder below ``scratch`` and return that folder.

    Those of BESIDE and TOKENIZER go with them where there are any; whatever else is there, pickles
    among it, is not read.

    Args:
        source: a zip, a folder or a repository of the Hub that has them at any depth.
        scratch: a folder of the caller's.
        choice: the path of the adapter within it, or the end of that; ``.`` is the top. It may be
            left out where there is one adapter only.

    Raises:
        UndecidedError: there are several adapters; its choices are their paths.
        InvalidFieldsError: there is none, or it is too large, damaged, pickled or under a path
            that leads elsewhere; says which, at ``adapter``.
    """
    opened = entries(source) if isinstance(source, Path) else source.entries(scratch)
    with opened as found:
        folders = _by_folder(found)
        path = _chosen(folders, choice, found)
        taken = {name: folders[path][name] for name in FILES}
        check_size(taken[files.CONFIG].size, LARGEST_CONFIG, files.CONFIG)
        check_size(sum(entry.size for entry in taken.values()), LARGEST, "both files together")
        folder = Path(tempfile.mkdtemp(prefix="adapter-", dir=scratch))
        for name, entry in taken.items():
            (folder / name).write_bytes(_of_adapter(entry))
        for name, entry in _beside(folders, path).items():
            _copy_if_possible(entry, folder / name)
    return folder


def _by_folder(found: list[Entry]) -> Folders:
    folders: dict[PurePosixPath, dict[str, Entry]] = defaultdict(dict)
    for entry in found:
        names = folders[entry.path.parent]
        if entry.path.name in names and entry.path.name in FILES:
            raise refusal(f"must hold each file once, got {shown(str(entry.path))} twice.")
        names[entry.path.name] = entry
    return folders


def _chosen(folders: Folders, choice: str | None, found: list[Entry]) -> PurePosixPath:
    """The folder of the adapter that is meant."""
    complete = sorted(
        (path for path, names in folders.items() if names.keys() >= {*FILES}), key=_in_order
    )
    if not complete:
        raise refusal(why_none(found))
    labels = {str(path): _label(path, complete) for path in complete}
    if choice:
        wanted = PurePosixPath(PureWindowsPath(choice).as_posix())
        meant = [path for path in complete if path == wanted or _ends_with(path, wanted)]
        exact = [path for path in meant if path == wanted]
        if len(exact or meant) == 1:
            return (exact or meant)[0]
    elif len(complete) == 1:
        return complete[0]
    those = "one of those that are" if len(complete) > 1 else "the one that is"
    came = f", got {shown(choice)}" if choice else ""
    raise question(
        "adapter",
        f"must be {those} there: {listed([shown(label) for label in labels.values()])}{came}.",
        [(label, path) for path, label in labels.items()],
    )


def _ends_with(path: PurePosixPath, end: PurePosixPath) -> bool:
    return len(end.parts) > 0 and path.parts[-len(end.parts) :] == end.parts


def _in_order(path: PurePosixPath) -> list[tuple[bool, int, str]]:
    """The top first, and checkpoint-50 before checkpoint-100."""
    pieces = [piece for part in path.parts for piece in re.split(r"(\d+)", part) if piece]
    return [
        (piece.isdigit(), int(piece[:18]) if piece.isdecimal() else 0, piece) for piece in pieces
    ]


def _label(path: PurePosixPath, complete: list[PurePosixPath]) -> str:
    """What a person may call an adapter that is found there."""
    name = "the top" if path == PurePosixPath() else str(path)
    checkpoints = (one for one in complete if _CHECKPOINT.fullmatch(one.name))
    return f"{name} (the final one)" if path in {one.parent for one in checkpoints} else name


def _of_adapter(entry: Entry) -> bytes:
    data = content(entry)
    if is_lfs_pointer(data):
        raise refusal(
            f"must have {entry.path.name} itself, got the Git LFS pointer that stands for it: run "
            "`git lfs pull` where it was cloned, or download the file itself."
        )
    return data


def _beside(folders: Folders, path: PurePosixPath) -> dict[str, Entry]:
    """What says more of the adapter; a checkpoint's tokenizer may lie above it only."""
    beside = {name: folders[path][name] for name in BESIDE if name in folders[path]}
    for name in TOKENIZER:
        above = (
            folders[one][name] for one in (path, *path.parents) if name in folders.get(one, {})
        )
        if entry := next(above, None):
            beside[name] = entry
    return beside


def _copy_if_possible(entry: Entry, target: Path) -> None:
    if entry.size <= _LARGEST_BESIDE:
        try:
            target.write_bytes(content(entry))
        except InvalidFieldsError:
            return  # the adapter itself is whole
