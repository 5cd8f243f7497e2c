"""Where something stands in a pasted text, as its author would look for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A line, of a notebook's cell or of the whole text; both are counted from 1."""

    cell: int
    """0 where the text has no cells."""
    line: int

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}" if self.cell else f"line {self.line}"


def listed(lines: Iterable[int], most: int = 6) -> str:
    """Numbers of lines in words: ``lines 1 to 3, 7 and 9``."""
    ranges: list[list[int]] = []
    for line in sorted(set(lines)):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    words = [f"{first} to {last}" if last > first else f"{first}" for first, last in ranges]
    if len(words) > most:
        words = [*words[: most - 1], "others"]
    word = "line" if words == [str(ranges[0][0])] else "lines"
    *before, last_word = words
    return f"{word} {', '.join(before)} and {last_word}" if before else f"{word} {last_word}"
