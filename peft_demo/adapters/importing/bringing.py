"""A zip or folder of somebody's as a run to be tested."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from peft_demo.adapters.importing.archive import MOST_ENTRIES
from peft_demo.adapters.importing.finding import unpack
from peft_demo.adapters.importing.from_hub import Repository
from peft_demo.adapters.importing.inspection import describe
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.runs import NAME, ImportedConfig


def bring(
    source: Path | Sequence[Path] | Repository,
    scratch: Path,
    *,
    name: str = "",
    adapter: str | None = None,
    **said: Any,
) -> tuple[Path, ImportedConfig]:
    """The adapter's files in a new folder below ``scratch``, and the configuration of its run.

    Args:
        source: see ``unpack``; or its files by themselves.
        scratch: see ``unpack``.
        name: how to call the run; as what was brought, and which adapter in it, if it is empty.
        adapter: the ``choice`` of ``unpack``.
        said: what else is known of it; see ``describe``.

    Raises:
        PeftDemoError: as both do.
    """
    if isinstance(source, Repository):
        source = source.at_commit()
        folder = unpack(source, scratch, adapter)
        named = name or source.name.rpartition("/")[2][: NAME.maximum]
        config = describe(folder, named, **said)
        return folder, config.model_copy(update={"source": str(source)})
    if not isinstance(source, Path):
        source = source[0] if len(source) == 1 else _gathered(source, scratch)
    folder = unpack(source, scratch, adapter)
    return folder, describe(folder, name or _name_of(source, adapter), **said)


def _gathered(paths: Sequence[Path], scratch: Path) -> Path:
    """A folder with these files, as if somebody had brought that."""
    if len(paths) > MOST_ENTRIES:
        raise refusal(f"must be at most {MOST_ENTRIES:,} files, got {len(paths):,}.")
    folder = scratch / "adapter"
    folder.mkdir()
    for path in paths:
        shutil.copyfile(path, folder / path.name)
    return folder


def _name_of(source: Path, adapter: str | None) -> str:
    where = PureWindowsPath(adapter or "").name
    return f"{source.absolute().stem} {where}".strip()[: NAME.maximum].strip()
