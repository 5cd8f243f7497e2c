"""Pasted text as a configuration: a script, a notebook, what was printed, a JSON file, ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.runs.config import RunConfig
from peft_demo.runs.matching import Imported
from peft_demo.runs.reading.configurations import SeveralConfigurationsError
from peft_demo.runs.reading.contents import imported
from peft_demo.runs.reading.pieces import LONGEST, LONGEST_NOTEBOOK

__all__ = ["LONGEST", "LONGEST_NOTEBOOK", "Imported", "SeveralConfigurationsError", "read"]


def read(
    text: str, current: Mapping[str, object] | None = None, choice: int | None = None
) -> Imported:
    """Turn somebody's text into a flat configuration; nothing in it is executed.

    What cannot be read is named in the notes, with its place, and is no reason to refuse the rest.

    Args:
        text: Python or a notebook that builds a configuration of peft, with whatever stands around
            it; a configuration as it is printed or saved (adapter_config.json); or our flat JSON.
        current: the flat configuration whose other settings stay, so that values are checked
            beside them; the defaults if it is not given or not valid.
        choice: which of its configurations is meant, counted from 1.

    Raises:
        SeveralConfigurationsError: it holds several, and ``choice`` is None.
        InvalidFieldsError: it holds none, contradicts itself, or holds what is not allowed; at the
            field, or at ``config`` or ``choice``.
    """
    text = (text or "").removeprefix("\ufeff").removeprefix("ï»¿")
    length = len(text.strip("\ufeff \t\r\n"))
    longest = LONGEST_NOTEBOOK if text.lstrip().startswith("{") else LONGEST
    if not 0 < length <= longest:
        came = f"{length:,} characters" if length else "nothing"
        refuse("config", f"config must be 1 to {longest:,} characters, got {came}.")
    try:
        return imported(text, _valid(current), choice)
    except (RecursionError, MemoryError):
        refuse("config", "config must be less deeply nested to be read.")


def _valid(current: Mapping[str, object] | None) -> dict[str, Any]:
    try:
        return RunConfig(current).flat() if current else {}
    except InvalidFieldsError:
        return {}  # its form says so already
