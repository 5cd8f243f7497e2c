"""The code in a text: its fences, or a notebook's cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from peft_demo.errors import refuse
from peft_demo.runs.reading.mending import without_prompts
from peft_demo.runs.reading.syntax import is_python

LONGEST = 100_000
"""Characters of code."""

LONGEST_NOTEBOOK = 4_000_000
"""Characters of a notebook with what it has printed and drawn."""

_FENCE = re.compile(r"^\s*(?:```+|~~~+)\s*([\w.+-]*).*$")

_OTHER_LANGUAGES = {
    "bash",
    "sh",
    "shell",
    "console",
    "html",
    "javascript",
    "js",
    "latex",
    "markdown",
}
_OTHER_LANGUAGES |= {"md", "svg", "perl", "ruby", "sql", "cmd", "script", "system", "text", "diff"}
_OTHER_LANGUAGES |= {"yaml", "yml", "toml", "ini", "xml", "css"}

_CELL_MAGIC = re.compile(r"^\s*%%(\w+).*$")


@dataclass(frozen=True)
class Piece:
    """Code that stands together; its lines have the numbers that they have in the text."""

    code: str
    cell: int = 0
    """Of a notebook, counted from 1; 0 where there are none."""


def fenced(text: str) -> str:
    """The code in a text's Markdown fences, all other lines empty; nothing if it has none."""
    return _lines_of(text, is_inside=True) if _is_fenced(text) else ""


def without_fences(text: str) -> str:
    """The text without the marks of its fences, without prompts and common indentation."""
    plain = dedent(without_prompts(text))
    return _lines_of(plain, is_inside=False) if _is_fenced(plain) else plain


def _is_fenced(text: str) -> bool:
    # They may stand in the docstring of a whole script.
    return ("```" in text or "~~~" in text) and not is_python(dedent(text))


def _lines_of(text: str, *, is_inside: bool) -> str:
    """All lines but fences, or only those within fences of code; others are empty."""
    kept, within, is_code = [], False, False
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if fence:
            within = not within
            is_code = within and fence[1].lower() not in _OTHER_LANGUAGES
        kept.append("" if fence or (is_inside and not is_code) else line)
    code = "\n".join(kept)
    return dedent(without_prompts(code)) if code.strip() else ""


# Notebooks


def is_notebook(values: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a notebook, of the fourth format or an older one."""
    return isinstance(values.get("cells", values.get("worksheets")), list) and (
        "nbformat" in values or "cells" in values
    )


def cells_of(notebook: Mapping[str, Any], most: int) -> list[Piece]:
    """The code of a notebook's code cells.

    Raises:
        InvalidFieldsError: they hold more than ``most`` characters, at ``config``.
    """
    cells = _cells(notebook)
    pieces = []
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, Mapping) and cell.get("cell_type", "code") == "code":
            code = _joined(cell.get("source", cell.get("input")))
            magic = _CELL_MAGIC.match(code.lstrip("\n").partition("\n")[0])
            if not (magic and magic[1] in _OTHER_LANGUAGES):
                pieces.append(Piece(without_prompts(code), number))
    length = sum(len(piece.code) for piece in pieces)
    if length > most:
        refuse("config", f"config must have 1 to {most:,} characters of code, got {length:,}.")
    return pieces


def _cells(notebook: Mapping[str, Any]) -> list[Any]:
    if isinstance(notebook.get("cells"), list):
        return list(notebook["cells"])
    sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, Mapping)]
    return [cell for sheet in sheets for cell in sheet.get("cells") or []]


def _joined(source: object) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""
