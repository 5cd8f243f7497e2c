"""A zip or folder of somebody's as a run to be tested."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from typing import Any

from peft_demo.adapters.importing.finding import unpack
from peft_demo.adapters.importing.inspection import describe
from peft_demo.runs import NAME, ImportedConfig


def bring(
    source: Path, scratch: Path, *, name: str = "", adapter: str | None = None, **said: Any
) -> tuple[Path, ImportedConfig]:
    """The adapter's files in a new folder below ``scratch``, and the configuration of its run.

    Args:
        source: see ``unpack``.
        scratch: see ``unpack``.
        name: how to call the run; as what was brought, and which adapter in it, if it is empty.
        adapter: the ``choice`` of ``unpack``.
        said: what else is known of it; see ``describe``.

    Raises:
        PeftDemoError: as both do.
    """
    folder = unpack(source, scratch, adapter)
    return folder, describe(folder, name or _name_of(source, adapter), **said)


def _name_of(source: Path, adapter: str | None) -> str:
    where = PureWindowsPath(adapter or "").name
    return f"{source.absolute().stem} {where}".strip()[: NAME.maximum].strip()
