"""Bases that people have added: checkpoints of the Hugging Face Hub, or folders of this machine.

They stand in one file, so that every process on the same home knows them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from peft_demo import settings
from peft_demo.data.dataset import LoadingCode
from peft_demo.errors import AssetError, NotFoundError, refuse
from peft_demo.models import checkpoints
from peft_demo.models.architecture import Shape
from peft_demo.models.base import Base, Pretrained
from peft_demo.models.families import ARCHITECTURES, with_pooler
from peft_demo.models.hub import at_commit, fetched

FILE = "bases.json"

MOST = 50
"""Bases that may be added."""

_REPOSITORY = re.compile(r"(?=.{1,96}$)[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ADDRESS = re.compile(r"https?://(www\.)?(huggingface\.co|hf\.co)/")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,79}")


@dataclass(frozen=True)
class _Entry:
    """What is kept of one."""

    id: str
    folder: str
    """Where it lies on this machine; empty for one of the Hub."""
    commit: str
    """Of the Hub's repository."""
    licence: str
    model_type: str
    has_pooler: bool
    measures: list[int]
    """Those of ``Shape`` before its family."""
    config: str
    times: int
    embedding_dim: int


def rows() -> Mapping[str, Pretrained]:
    """All that have been added, by their ids, the newest last."""
    path = settings.home() / FILE
    try:
        found = os.stat(path)
    except OSError:
        return {}
    return _read(path, found.st_mtime_ns, found.st_size, found.st_ino)


def add(source: str, *, name: str = "", may_be_folder: bool = False) -> Pretrained:
    """Fetch a checkpoint, prove that it loads, and let runs start from it.

    Args:
        source: a repository of the Hub (``owner/name``, or its address), or a folder.
        name: what to call the base of a folder; the folder's name if it is empty.
        may_be_folder: whether who asks may name paths of this machine.

    Raises:
        InvalidFieldsError: it is neither, or is there already, or too many are.
        AssetError: it cannot be had, or is no encoder of a family that is known here.
    """
    from peft_demo.models.loading import remember

    given = source.strip()
    path = Path(given).expanduser()
    if may_be_folder and path.is_dir():
        base_id, folder, commit, licence = name.strip() or path.absolute().name, path, "", ""
        _check_new(base_id, _NAME)
        lies = str(path.absolute())
    else:
        base_id = _ADDRESS.sub("", given).rstrip("/")
        if may_be_folder and not _REPOSITORY.fullmatch(base_id):
            refuse(
                "source", f"source must be a folder or owner/name on the Hub, got {given[:99]!r}."
            )
        _check_new(base_id, _REPOSITORY)
        folder, commit, licence = fetched(base_id)
        lies = ""
    shape, has_pooler = checkpoints.looked_into(folder)
    entry = _Entry(
        id=base_id,
        folder=lies,
        commit=commit,
        licence=licence,
        model_type=shape.architecture.model_type,
        has_pooler=has_pooler,
        measures=list(shape.measures),
        config=shape.config,
        times=shape.times,
        embedding_dim=shape.embedding_dim,
    )
    row = _row(entry)
    base = row.load()
    _keep(entry)
    remember(base)
    return row


def remove(base_id: str) -> None:
    """Take a base out of the list; what was trained on it can no longer predict.

    Raises:
        NotFoundError: it was not added.
    """
    with _lock():
        kept = _entries(settings.home() / FILE)
        left = [entry for entry in kept if entry["id"] != base_id]
        if len(left) == len(kept):
            known = ", ".join(entry["id"] for entry in kept) or "none"
            raise NotFoundError(f"There is no added base {base_id[:96]!r}; added are {known}.")
        _write(left)


def _check_new(base_id: str, allowed: re.Pattern[str]) -> None:
    from peft_demo.models.registry import BASES

    if not allowed.fullmatch(base_id) or ".." in base_id:
        what = "owner/name on the Hub" if allowed is _REPOSITORY else "letters, digits, . _ and -"
        refuse("source", f"source must be {what}, got {base_id[:96]!r}.")
    if base_id in BASES:
        refuse("source", f"source must be a base that is not here yet, got {base_id}.")
    if len(rows()) >= MOST:
        refuse("source", f"source must be one of at most {MOST} added bases: remove one first.")


def _row(entry: _Entry) -> Pretrained:
    family = ARCHITECTURES[entry.model_type]
    family = family if entry.has_pooler or not family.pooler else with_pooler(family)
    values: list[Any] = [*entry.measures, family, entry.config, entry.times, entry.embedding_dim]
    shape = Shape(*values)
    where = "folder" if entry.folder else "Hugging Face Hub"
    return Pretrained(
        id=entry.id,
        label=f"{entry.id} ({where})",
        source=entry.id,
        licence=entry.licence or "not stated",
        shape=shape,
        load=partial(_load, entry, shape),
        is_at_hand=partial(_is_at_hand, entry),
        code=_loading_code(entry, shape),
        revision=partial(_revision, entry),
        note="" if not entry.folder else "The base lies in a folder of the machine it ran on.",
    )


def _folder_of(entry: _Entry) -> Path:
    return Path(entry.folder) if entry.folder else at_commit(entry.id, entry.commit)


def _load(entry: _Entry, shape: Shape) -> Base:
    from safetensors import SafetensorError

    folder = _folder_of(entry)
    try:
        return checkpoints.load_checkpoint(entry.id, folder, shape.architecture)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise AssetError(
            f"{entry.id} could not be loaded as a {shape.architecture.label} with its tokenizer: "
            f"{(str(error).splitlines() or ['damaged'])[0][:200].rstrip('.')}."
        ) from error


def _is_at_hand(entry: _Entry) -> bool:
    from huggingface_hub import try_to_load_from_cache

    if entry.folder:
        return (Path(entry.folder) / "model.safetensors").is_file()
    found = try_to_load_from_cache(entry.id, "model.safetensors", revision=entry.commit)
    return isinstance(found, str)


def _revision(entry: _Entry) -> str:
    return entry.commit or checkpoints.revision_at(Path(entry.folder))


def _loading_code(entry: _Entry, shape: Shape) -> LoadingCode:
    where = (
        f"from the folder of that name: put its path where {entry.id} stands"
        if entry.folder
        else "from the Hugging Face Hub or its local cache"
    )

    def code(commit: str) -> str:
        pinned = f'    revision="{commit}",\n' if commit else ""
        tokenizer = f', revision="{commit}"' if commit else ""
        return f"""\
from transformers import AutoModelForSequenceClassification, AutoTokenizer

BASE = "{entry.id}"
model = AutoModelForSequenceClassification.from_pretrained(
    BASE,
{pinned}    id2label=LABELS,
    label2id={{label: index for index, label in LABELS.items()}},
    problem_type=None,
    ignore_mismatched_sizes=True,
    dtype="float32",
)
tokenizer = AutoTokenizer.from_pretrained(BASE{tokenizer})"""

    return LoadingCode(
        f"{shape.architecture.label} with its tokenizer, {where}.",
        code(entry.commit),
        # It may have been added again at another commit since a run was trained.
        at=code if entry.commit else None,
    )


# The file


@lru_cache(maxsize=4)
def _read(path: Path, *_state: int) -> Mapping[str, Pretrained]:
    """The rows of a file in one state; what cannot be read is left out."""
    found = {}
    for entry in _entries(path):
        try:
            row = _row(_Entry(**entry))
        except (TypeError, KeyError):
            continue  # of another version of the program
        found[row.id] = row
    return found


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _lock() -> FileLock:
    settings.home().mkdir(parents=True, exist_ok=True)
    return FileLock(settings.home() / f"{FILE}.lock")


def _keep(entry: _Entry) -> None:
    with _lock():
        others = [one for one in _entries(settings.home() / FILE) if one.get("id") != entry.id]
        _write([*others, vars(entry)])


def _write(entries: list[dict[str, Any]]) -> None:
    path = settings.home() / FILE
    part = path.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=1), encoding="utf-8")
    part.replace(path)
