"""Code as statements, also where parts of it are no Python."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from peft_demo.fields import cut
from peft_demo.runs.reading.logical_lines import LogicalLine, closing, logical_lines
from peft_demo.runs.reading.mending import mended
from peft_demo.runs.reading.pieces import Piece
from peft_demo.runs.reading.places import Place
from peft_demo.runs.reading.syntax import attempt

_MOST_CHARACTERS = 600_000
"""Of all attempts at one piece, so that a text made to fail takes no long time."""

_MOST_FRESH_STARTS = 50
"""Brackets that are never closed, after each of which the next line is looked at by itself."""

_LONGEST_CALL = 400
"""Lines."""

_SHELL = re.compile(r"^(\s*)(?:[\w, ]+=\s*)?[!%].*$|^(\s*)\w[\w.]*\?{1,2}\s*$")
"""A line for the shell, a magic of IPython, or a question to it."""

_CONTINUES = re.compile(r"(?:else|elif|except|finally|case)\b")
_HEADER = re.compile(
    r"(?:def|class|if|for|while|with|try|else|elif|except|finally|async|@)\b.*:\s*$"
)
_CALL = re.compile(r"(?:Config|TrainingArguments)\s*(?=\()|\{(?=\s*['\"])")
"""The end of a name that is called, or a dictionary: to be read even in the midst of a sentence."""

_LONGEST_NAME = 100

_CODE = re.compile(r"=|\w\(|[\[{]|^\s*(?:print|exec|raise|import|from|def|class|return|del)\b")


@dataclass(frozen=True)
class Broken:
    """Lines that are no Python."""

    places: tuple[Place, ...]
    reason: str
    is_code: bool
    """Not a sentence for people."""
    has_call: bool
    """It names what could have been a configuration."""


@dataclass(frozen=True)
class Unit:
    """Statements that were parsed together."""

    lines: list[str]
    body: list[ast.stmt]
    first: int = 0
    """How many lines of its piece stand before its own."""
    cell: int = 0

    def place(self, node: ast.AST) -> Place:
        """Where a part of it stands."""
        return Place(self.cell, self.first + getattr(node, "lineno", 1))

    def source(self, node: ast.AST, most: int = 60) -> str:
        """A part of it as it was written, on one line, cut where it is long."""
        first, last = getattr(node, "lineno", 1) - 1, getattr(node, "end_lineno", None) or 1
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)
        taken = [line.encode() for line in self.lines[first : min(last, first + 5)]]
        if last <= first + 5 and end is not None:
            taken[-1] = taken[-1][:end]
        taken[0] = taken[0][start:]
        text = " ".join(part.decode(errors="ignore").strip() for part in taken)
        return text if len(text) <= most else f"{text[:most]}…"


@dataclass
class Parsed:
    """What a piece of code holds."""

    units: list[Unit] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    is_whole: bool = False
    """All of it is Python."""


def parse(piece: Piece) -> Parsed:
    """Its statements; where it is no Python as a whole, those of the parts that are."""
    for code in dict.fromkeys([piece.code, mended(piece.code)]):
        body, _ = attempt(code)
        if body is not None:
            return Parsed([Unit(code.split("\n"), body, 0, piece.cell)], is_whole=True)
    return _Pieces(piece).read()


def told(reason: str, piece_line: int, cell: int) -> str:
    """A reason of ``attempt`` with the place where its code begins taken into account."""
    words, _, line = reason.rpartition("|")
    words = words.partition("\n")[0].partition("; use sys.")[0].partition(" (detected")[0]
    words = cut(words.rstrip("."), 120)
    return f"{words} in {Place(cell, piece_line + int(line))}"


@dataclass
class _Calls:
    """What became of the calls in lines that are no Python."""

    taken: bool = False
    """There are some."""
    lost: bool = False
    """There are some that cannot be read either."""
    lines: int = 0
    """From the first line to where the last of them ends."""


class _Pieces:
    """Reads code statement by statement, as far as each of them is Python."""

    def __init__(self, piece: Piece) -> None:
        self._cell = piece.cell
        self._lines = piece.code.split("\n")
        self._parsed = Parsed()
        self._left = _MOST_CHARACTERS
        self._fresh_starts = _MOST_FRESH_STARTS
        self._reason = ""

    def read(self) -> Parsed:
        """All of it."""
        start = 0
        while start < len(self._lines):
            start = self._read_from(start)
        return self._parsed

    def _read_from(self, start: int) -> int:
        """Read statements until a bracket is not closed; the index of the line to go on with."""
        logical = self._without_shell(logical_lines(self._lines, start))
        at = 0
        while at < len(logical):
            end = self._end_of_block(logical, at)
            if self._take(logical[at].first, logical[end - 1].end, logical[at].indent):
                at = end
                continue
            line = logical[at]
            if end > at + 1 and self._take(line.first, line.end, line.indent):
                at += 1
                continue
            next_line = self._salvage(line)
            if next_line < line.end and self._fresh_starts:
                self._fresh_starts -= 1
                return next_line
            while at < len(logical) and logical[at].first < next_line:
                at += 1
        return len(self._lines)

    def _without_shell(self, logical: list[LogicalLine]) -> list[LogicalLine]:
        """Lines for the shell become statements that do nothing; comments are left out."""
        kept, is_joined = [], False
        for line in logical:
            text = self._lines[line.first]
            shell = _SHELL.match(text)
            if shell or is_joined:
                is_joined = text.rstrip().endswith("\\")
                indent = (shell and (shell[1] or shell[2])) or ""
                self._lines[line.first : line.end] = [f"{indent}pass"] + [""] * (
                    line.end - line.first - 1
                )
            elif text.lstrip().startswith("#"):
                continue
            kept.append(line)
        return kept

    def _end_of_block(self, logical: list[LogicalLine], at: int) -> int:
        """The index after the last logical line that belongs to the statement at ``at``."""
        indent, end = logical[at].indent, at + 1
        start = self._lines[logical[at].first].lstrip()
        decorated, is_rest = start.startswith("@"), _CONTINUES.match(start) is not None
        while end < len(logical):
            text = self._lines[logical[end].first].lstrip()
            if logical[end].indent == indent and decorated:
                decorated = text.startswith("@")
            elif logical[end].indent < indent or (
                logical[end].indent == indent and (is_rest or not _CONTINUES.match(text))
            ):
                break
            end += 1
        return end

    def _take(self, first: int, end: int, indent: int) -> bool:
        """Take the lines' statements, if they are Python."""
        if self._left < 0:
            return False
        code = "\n".join(self._lines[first:end])
        for text in dict.fromkeys([code, mended(code)]):
            self._left -= len(text)
            if self._left < 0:
                return False
            # A block of its own, so that its indentation may stay.
            body, self._reason = attempt(f"if 1:\n{text}" if indent else text)
            if body is not None:
                block = body[0].body if indent and isinstance(body[0], ast.If) else body
                lines = ["", *text.split("\n")] if indent else text.split("\n")
                self._add(lines, block, first - bool(indent))
                return True
        return False

    def _add(self, lines: list[str], body: list[ast.stmt], first: int) -> None:
        self._parsed.units.append(Unit(lines, body, first, self._cell))

    def _salvage(self, line: LogicalLine) -> int:
        """Take the calls in lines that are no Python; the index of the line to go on with."""
        is_whole = line.is_closed or not self._fresh_starts
        end = line.end if is_whole else line.first + 1
        text = "\n".join(self._lines[line.first : end])
        found = self._calls_in(text, line.first) if _CALL.search(text) else _Calls()
        if not found.taken and not _HEADER.match(text.strip()):
            reason = self._reason if self._left >= 0 else "too much that is no Python|1"
            first = line.first - bool(line.indent and self._left >= 0)
            self._parsed.broken.append(
                Broken(
                    tuple(Place(self._cell, number + 1) for number in range(line.first, end)),
                    told(reason, first, self._cell),
                    _CODE.search(text) is not None,
                    found.lost,
                )
            )
        return max(end, line.first + found.lines)

    def _calls_in(self, text: str, first: int) -> _Calls:
        """Take the calls that begin in a text, whose first line has the index ``first``."""
        code = "\n".join(self._lines[first : first + text.count("\n") + _LONGEST_CALL])
        position, found = 0, _Calls()
        while self._left >= 0 and (match := _CALL.search(code, position, len(text))):
            self._left -= len(text)
            is_dict = code[match.start()] == "{"
            close = closing(code, match.start() if is_dict else match.end())
            start = match.start() if is_dict else _start_of_name(code, match.start())
            before = code.count("\n", 0, start)
            position = match.end()
            if close >= 0 and self._take_call(code[start:close], first + before):
                position = close
                found.taken, found.lines = True, code.count("\n", 0, close) + 1
            elif not is_dict:
                found.lost = True
        return found

    def _take_call(self, code: str, first: int) -> bool:
        for text in dict.fromkeys([code, mended(code)]):
            self._left -= len(text)
            body, _ = attempt(text)
            if body is not None:
                self._add(text.split("\n"), body, first)
                return True
        return False


def _start_of_name(code: str, position: int) -> int:
    """Where the name begins that goes on at ``position``, with what it is an attribute of."""
    start, first = position, max(0, position - _LONGEST_NAME)
    while start > first and (code[start - 1].isalnum() or code[start - 1] in "._"):
        start -= 1
    return start
