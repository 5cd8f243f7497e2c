"""What web pages, chats and ``print`` make of code, put back into Python."""

from __future__ import annotations

import re

_CHARACTERS = str.maketrans(
    {
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2033": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u2032": "'",
        "\u2026": "...",
        "\u2212": "-",
    }
)
"""Typographic quotes and the like."""

_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2003": " ", "\u200b": "", "\ufeff": ""})
"""Spaces that look like one and are none, or that cannot be seen."""

_MEMBER = re.compile(r"<\w+(?:\.\w+)*: ('[^'\n]*'|\"[^\"\n]*\"|-?\d+)>")
"""An enumeration's member as it is printed: ``<PeftType.LORA: 'LORA'>``."""

_OBJECT = re.compile(
    r"<(?:class|function|object|bound|built-in|module|\w+(?:\.\w+)+)[^<>\n]{0,200}>"
)
"""Another object as it is printed: ``<function f at 0x7f31>``."""

_PROMPT = re.compile(
    r"^(?:(?:>>> ?|\.\.\.(?: |$))|(?:In|Out) ?\[\d*\]: ?|   +\.\.\.: ?)", re.MULTILINE
)
_QUOTED = re.compile(r"^ ?> ?", re.MULTILINE)


_MORE = re.compile(r",[ \t]*\.\.\.,?[ \t]*(?=[)\]}])")
"""What a writer left out: ``LoraConfig(r=8, …)``."""


def mended(code: str) -> str:
    """Code with straight quotes, and with printed objects as values; it keeps its lines."""
    code = _MORE.sub("", code.translate(_CHARACTERS))
    return _OBJECT.sub("...", _MEMBER.sub(r"\1", code))


def without_prompts(text: str) -> str:
    """A session of Python or IPython without its prompts, a quoted mail without its marks.

    It keeps its lines, and what was printed.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SPACES)
    if any(marks in text for marks in (">>>", "In [", "Out[")):
        return _PROMPT.sub("", text)
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and all(line.lstrip().startswith(">") for line in lines):
        return _QUOTED.sub("", text)
    return text
