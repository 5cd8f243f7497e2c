"""Where statements begin in code of which parts may be no Python at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STRING = r"""(?:[^{0}\\\n]|\\[\s\S])*{0}?"""
_TOKEN = re.compile(
    r'"""|\'\'\'|"'
    + _STRING.format('"')
    + "|'"
    + _STRING.format("'")
    + r"|#[^\n]*|[()\[\]{}]|\\?\n"
)
"""A string that is not closed ends with its line, as an apostrophe in a sentence does."""

_STATEMENT = re.compile(r"(?:import|from|def|class|with|try|return|raise|while|async|del)\b")
"""What begins no line within brackets."""


@dataclass(frozen=True)
class LogicalLine:
    """Lines that Python reads as one, because brackets or quotes are open between them."""

    first: int
    """The index of its first line."""
    end: int
    """The index of the line after its last."""
    indent: int
    """Of its first line, in characters."""
    is_closed: bool
    """Every bracket that it opens is closed."""


def logical_lines(lines: list[str], start: int = 0) -> list[LogicalLine]:
    """The logical lines from the line with index ``start`` on; empty lines belong to none."""
    found: list[LogicalLine] = []
    first, depth = start, 0
    for number, change, is_joined in _ends(lines, start):
        depth = max(0, depth + change)
        following = lines[number + 1] if number + 1 < len(lines) else ""
        indent = _indent(lines[first])
        is_reset = (
            depth > 0
            and _indent(following) <= indent
            and _STATEMENT.match(following.lstrip()) is not None
        )
        if (depth == 0 and not is_joined) or is_reset:
            if any(line.strip() for line in lines[first : number + 1]):
                found.append(LogicalLine(first, number + 1, indent, depth == 0))
            first, depth = number + 1, 0
    if first < len(lines) and any(line.strip() for line in lines[first:]):
        found.append(LogicalLine(first, len(lines), _indent(lines[first]), depth == 0))
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _ends(lines: list[str], start: int) -> list[tuple[int, int, bool]]:
    """The lines that end outside of a string.

    For each: its index, by how many brackets it opened more than it closed since the last of them,
    and whether a backslash joins it to the next.
    """
    code = "\n".join(lines[start:]) + "\n"
    ends = []
    number, change, position = start, 0, 0
    unclosed: set[str] = set()
    while match := _TOKEN.search(code, position):
        token, position = match[0], match.end()
        if token in ('"""', "'''"):
            close = -1 if token in unclosed else code.find(token, position)
            if close < 0:
                unclosed.add(token)
            else:
                number += code.count("\n", position, close)
                position = close + 3
        elif token in "([{":
            change += 1
        elif token in ")]}":
            change -= 1
        elif token in ("\n", "\\\n"):
            ends.append((number, change, token == "\\\n"))
            number, change = number + 1, 0
        else:
            number += token.count("\n")  # a string that a backslash carries on
    return ends


def closing(code: str, start: int, most: int = 20_000) -> int:
    """Where the bracket that opens at ``start`` is closed, the bracket included; -1 if nowhere."""
    depth, position = 0, start
    while (match := _TOKEN.search(code, position)) and match.start() < start + most:
        token, position = match[0], match.end()
        if token in ('"""', "'''"):
            close = code.find(token, position)
            position = close + 3 if close >= 0 else position
        elif token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
            if depth == 0:
                return match.end()
    return -1
