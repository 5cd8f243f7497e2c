"""The code in a text: its fences, a notebook's cells; what web pages and ``print`` made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from peft_demo.errors import refuse

LONGEST = 100_000
"""Characters of code."""

LONGEST_NOTEBOOK = 4_000_000
"""Characters of a notebook with what it has printed and drawn."""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")

_RUN = {"time", "timeit", "capture", "prun", "python", "python3", "py", "ipython"}
"""Cell magics whose cell is Python."""

_CHARACTERS = str.maketrans(
    "\u201c\u201d\u201e\u2033\u2018\u2019\u201a\u2032\u2212", "\"\"\"\"''''-"
) | {0x2026: "..."}
"""Typographic quotes and the like."""

_SPACES = str.maketrans("\u00a0\u202f\u2003", "   ", "\u200b\ufeff")
"""Spaces that look like one and are none, or that cannot be seen."""

_MEMBER = re.compile(r"<\w+(?:\.\w+)*: ('[^'\n]*'|\"[^\"\n]*\"|-?\d+)>")
"""An enumeration's member as it is printed: ``<PeftType.LORA: 'LORA'>``."""

_OBJECT = re.compile(
    r"<(?:class|function|object|bound|built-in|module|\w+(?:\.\w+)+)[^<>\n]{0,200}>"
)
"""Another object as it is printed: ``<function f at 0x7f31>``."""

_MORE = re.compile(r",[ \t]*\.\.\.,?[ \t]*(?=[)\]}])")
"""What a writer left out: ``LoraConfig(r=8, …)``."""

_PROMPT = re.compile(
    r"^(?:(?:>>> ?|\.\.\.(?: |$))|(?:In|Out) ?\[\d*\]: ?|   +\.\.\.: ?)", re.MULTILINE
)
_QUOTED = re.compile(r"^ ?> ?", re.MULTILINE)

_SHELL = re.compile(
    r"^([ \t]*)(?:(?:\w[\w, ]{0,80}=[ \t]*)?[!%]{1,2}\w.*(?:(?<=\\)\n.*)*|\w[\w.]*\?{1,2}[ \t]*)$",
    re.MULTILINE,
)
"""A line for the shell, a magic of IPython, or a question to it."""


@dataclass(frozen=True)
class Piece:
    """Code that stands together; its lines have the numbers that they have in the text."""

    code: str
    cell: int = 0
    """Of a notebook, counted from 1; 0 where there are none."""


def mended(code: str) -> str:
    """Code with straight quotes, and with printed objects as values; it keeps its lines."""
    code = _MORE.sub("", code.translate(_CHARACTERS))
    return _OBJECT.sub("...", _MEMBER.sub(r"\1", code))


def without_shell(code: str) -> str:
    """Code in which lines for the shell do nothing; it keeps its lines."""
    return _SHELL.sub(lambda match: f"{match[1]}pass" + "\n" * match[0].count("\n"), code)


def without_prompts(text: str) -> str:
    """A session of Python or IPython without its prompts, a quoted mail without its marks.

    It keeps its lines, and what was printed.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SPACES)
    if any(marks in text for marks in (">>>", "In [", "Out[")):
        return _PROMPT.sub("", text)
    lines = [line for line in text.split("\n") if line.strip()]
    is_quoted = lines and all(line.lstrip().startswith(">") for line in lines)
    return _QUOTED.sub("", text) if is_quoted else text


def without_fences(text: str) -> str:
    """The text without the marks of its fences, without prompts and common indentation."""
    return dedent(without_prompts(_FENCE.sub("", text)))


def is_notebook(values: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a notebook."""
    return isinstance(values.get("cells"), list)


def cells_of(notebook: Mapping[str, Any]) -> list[Piece]:
    """The code of a notebook's code cells.

    Raises:
        InvalidFieldsError: they hold too many characters, at ``config``.
    """
    pieces = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if isinstance(cell, Mapping) and cell.get("cell_type", "code") == "code":
            source = cell.get("source")
            parts = source if isinstance(source, list) else [source]
            code = "".join(part for part in parts if isinstance(part, str))
            magic = _CELL_MAGIC.match(code)
            if not magic or magic[1] in _RUN:
                pieces.append(Piece(without_prompts(code), number))
    length = sum(len(piece.code) for piece in pieces)
    if length > LONGEST:
        refuse("config", f"config must have 1 to {LONGEST:,} characters of code, got {length:,}.")
    return pieces
