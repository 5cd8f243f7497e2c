"""A worker of ``JobsExecutor``: the program of a job on Hugging Face, which does a list of runs.

``python -m peft_demo.execution.hub_worker FOLDER``, where the folder is a bucket's, as a disk.
There it finds ``PARCEL`` with what to do, the ``KEY`` of its log's lines, and later wishes; what it
tells is in its log, and files are beside that parcel. It needs no token.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from peft_demo.execution.cluster_worker import ClusterWorker, Joined, Told, Wish
from peft_demo.execution.executor import Event, Job
from peft_demo.execution.log_lines import Lines
from peft_demo.execution.luggage import Luggage

PARCEL = "in.zip"
"""What to do: jobs and their files."""

KEY = "key"
"""See ``log_lines``."""

JOURNAL = "journal.txt"
"""All lines once more, at the end."""

LOOK_SECONDS = 0.2
"""How often it looks for wishes."""

MOST_BYTES = 2_000_000_000
"""Of the files that come at a time."""

_EVENTS = {kind.__name__: kind for kind in get_args(Event)}


def work(folder: Path, out: int) -> None:
    """Do what the parcel says, to the end.

    Args:
        folder: of the bucket.
        out: the log's file descriptor.
    """
    post = _Post(folder, out)
    worker = ClusterWorker({})
    post.send({"joined": asdict(worker.join())})
    lists, files, home = read_parcel((folder / PARCEL).read_bytes())
    threading.Thread(target=_heed, args=(folder, worker), daemon=True).start()
    for jobs in lists:
        for news in worker.do(jobs, {number: files.get(number, {}) for number in jobs}, home):
            for told in news:
                post.tell(told)
    (folder / JOURNAL).write_text("\n".join(post.lines.told), encoding="ascii")
    post.send({"end": True})


class _Post:
    """Tells what happens."""

    def __init__(self, folder: Path, out: int) -> None:
        self.lines = Lines((folder / KEY).read_bytes())
        self._folder, self._out = folder, out
        self._count = 0

    def send(self, message: Mapping[str, Any]) -> None:
        for line in self.lines.of(json.dumps(message)):
            os.write(self._out, f"{line}\n".encode())

    def tell(self, told: Told) -> None:
        event = told.event
        message = {"number": told.number, "kind": type(event).__name__}
        self.send({**message, "event": event.model_dump_json(), "luggage": self._put(told.luggage)})

    def _put(self, luggage: Luggage | None) -> dict[str, Any] | None:
        if luggage is None:
            return None
        self._count += 1
        name, content = f"out-{self._count}.zip", zipped(luggage.files)
        (self._folder / name).write_bytes(content)
        sums = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return {"name": name, **sums, "checkpoints": luggage.checkpoints}


def _heed(folder: Path, worker: ClusterWorker) -> None:
    """Pass wishes on: files that are called as ``wish_file`` says."""
    seen: set[str] = set()
    while True:
        for name in sorted({*os.listdir(folder)} - seen):
            kind, _, rest = name.partition("-")
            number, _, wish = rest.partition("-")
            if kind == "wish" and number.isdigit() and wish in get_args(Wish):
                worker.wish(int(number), wish)  # type: ignore[arg-type]
            seen.add(name)
        time.sleep(LOOK_SECONDS)


# From here on: what both sides know of it.


def wish_file(number: int, wish: Wish) -> str:
    """What a wish's file is called."""
    return f"wish-{number}-{wish}"


def parcel(
    lists: Sequence[Mapping[int, Job]],
    files: Mapping[int, Mapping[str, bytes]],
    home: Mapping[str, bytes],
) -> bytes:
    """What ``work`` is to do.

    Args:
        lists: jobs by their numbers; those in one list take turns.
        files: what is in each job's folder.
        home: what they read of the program's home.
    """
    told = [
        {number: job.model_dump_json(exclude={"files"}) for number, job in jobs.items()}
        for jobs in lists
    ]
    inside = {
        f"files/{number}/{name}": c for number, own in files.items() for name, c in own.items()
    }
    inside |= {f"home/{name}": content for name, content in home.items()}
    return zipped({"jobs.json": json.dumps(told).encode(), **inside})


def read_parcel(
    content: bytes,
) -> tuple[list[dict[int, Job]], dict[int, dict[str, bytes]], dict[str, bytes]]:
    """The arguments of ``parcel``; where the jobs' folders are is not said yet."""
    inside = dict(unzipped(content))
    lists = [
        {
            int(n): Job.model_validate({**json.loads(job), "files": Path(n)})
            for n, job in one.items()
        }
        for one in json.loads(inside["jobs.json"])
    ]
    files: dict[int, dict[str, bytes]] = {}
    home = {}
    for name, own in inside.items():
        kind, _, rest = name.partition("/")
        if kind == "files":
            number, _, below = rest.partition("/")
            files.setdefault(int(number), {})[below] = own
        elif kind == "home":
            home[rest] = own
    return lists, files, home


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files in one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def unzipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that were put into one.

    Raises:
        ValueError: they are too large.
        BadZipFile: it is none.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
            raise ValueError(f"what came is larger than {MOST_BYTES:,} bytes")
        for name in archive.namelist():
            yield name, archive.read(name)


def read(message: Mapping[str, Any], files: Mapping[str, bytes] | None) -> Told:
    """What was told, with its files where it has any."""
    event = _EVENTS[message["kind"]].model_validate_json(message["event"])
    names = (message["luggage"] or {}).get("checkpoints")
    luggage = None if files is None else Luggage(files, None if names is None else tuple(names))
    return Told(int(message["number"]), event, luggage)


def joined(message: Mapping[str, Any]) -> Joined:
    """What a worker says of its machine."""
    return Joined(**message["joined"])


if __name__ == "__main__":
    log = os.dup(1)
    os.dup2(2, 1)  # what libraries print
    work(Path(sys.argv[1]), log)
    os._exit(0)  # at once: threads that still look for wishes are of no use
