"""Luggage: files that travel between the program and a machine that has no disk in common with it.

As bytes by their names, which are paths below a folder with ``/`` between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from peft_demo import settings
from peft_demo.data.own import files as own_data
from peft_demo.execution.executor import Job
from peft_demo.models import own as own_bases
from peft_demo.runs import checkpoints


@dataclass(frozen=True)
class Luggage:
    """Files, and which checkpoints belong beside them."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    checkpoints: tuple[str, ...] | None = None
    """Names of all that are there; None where nothing is said of them."""


def pack(folder: Path, but: Sequence[str] = ()) -> dict[str, bytes]:
    """All files in a folder and below it, other than those in folders of these names."""
    # No links: what they point to is none of the job's files.
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    inside = ((path.relative_to(folder), path) for path in found)
    return {
        name.as_posix(): path.read_bytes()
        for name, path in inside
        if not {*name.parts[:-1]} & {*but}
    }


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder.

    Raises:
        ValueError: one has a name that leads out of it.
        OSError: they cannot be written.
    """
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise ValueError(f"{name!r} is no file below a folder")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def needed(job: Job) -> dict[str, bytes]:
    """What a job reads of this program's home: somebody's own texts, and the added bases.

    Names are below the home.
    """
    home, found = settings.home(), {}
    dataset = job.config.get("dataset")
    if own_data.is_own(dataset):
        folder = own_data.folder_of(str(dataset))
        below = folder.relative_to(home).as_posix()
        found = {f"{below}/{name}": content for name, content in pack(folder).items()}
    bases = home / own_bases.FILE
    if bases.is_file():
        found[own_bases.FILE] = bases.read_bytes()
    return found


class Sent:
    """What of a job's checkpoints has been sent, where it is computed."""

    def __init__(self, files: Path) -> None:
        self._files = files
        self._names = self._there()

    def new(self) -> Luggage | None:
        """The checkpoints that were written since; None if there are none."""
        names = self._there()
        written = [name for name in names if name not in self._names]
        self._names = names
        if not written:
            return None
        folder = checkpoints.folder_of(self._files)
        files = {
            f"{name}/{inner}": content
            for name in written
            for inner, content in pack(folder / name).items()
        }
        return Luggage(files, tuple(names))

    def _there(self) -> list[str]:
        folder = checkpoints.folder_of(self._files)
        return sorted(path.name for path in folder.glob(f"{checkpoints.PREFIX}*"))


def receive(luggage: Luggage, files: Path) -> None:
    """Put what came into a job's folder; a checkpoint is there whole or not at all."""
    if luggage.checkpoints is None:
        unpack(luggage.files, files)
        return
    unpack(luggage.files, checkpoints.part_of(files))
    checkpoints.mirror(files, luggage.checkpoints)
