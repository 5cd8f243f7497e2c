"""Texts of several lines, from the templates beside this file."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from peft_demo.comparison.words import between
from peft_demo.languages import language
from peft_demo.templating import environment

WIDTH = 88
"""Of a line of code: what ruff and black take when nobody tells them otherwise."""


def render(name: str, **facts: object) -> str:
    """A template of ``templates/`` with these facts; one that it lacks is an error."""
    return _environment.get_template(f"{name}.jinja").render(facts)


def _comment(text: str) -> str:
    # A notebook puts the lines together again, so that no word may be broken.
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    return "".join(f"{line}\n" for line in lines)


def _docstring(text: str) -> str:
    """Paragraphs between quotes; a name in them may hold anything, and must not end them."""
    filled = "\n\n".join(textwrap.fill(part, WIDTH - 3) for part in text.strip().split("\n\n"))
    escaped = filled.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{escaped}\n"""\n'


def _cell(text: str) -> str:
    """A text in a cell of a Markdown table, as text."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", " ".join(text.split()))


_environment = environment(Path(__file__).parent / "templates", keep_trailing_newline=True)
_environment.filters |= {"comment": _comment, "docstring": _docstring, "between": between}
_environment.filters["cell"] = _cell
_environment.globals["language"] = language
