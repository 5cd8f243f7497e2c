"""Code as statements, also where parts of it are no Python."""

from __future__ import annotations

import ast
import re
import threading
import warnings
from dataclasses import dataclass, field

from peft_demo.fields import cut
from peft_demo.runs.reading.pieces import Piece, mended, without_shell

_CELL = 1_000_000
"""A statement's ``lineno`` holds the notebook's cell, counted from 1, times this."""

_WINDOW, _LONGEST_CALL = 400, 3_000
"""Lines that are parsed together; characters of a call that stands in what is no Python."""

_MOST_CHARACTERS = 1_000_000
"""Of all attempts at one piece, so that a text made to fail takes no long time."""

_HEADER = re.compile(
    r"(?:def|class|if|for|while|with|try|else|elif|except|finally|async|@)\b.*:\s*$"
)
_CALL = re.compile(r"(?:\b\w[\w.]{0,99})?(?:Config|TrainingArguments)\s*\(|\{(?=\s*['\"])")
"""To be read even in the midst of a sentence: a call, or a dictionary."""

_CODE = re.compile(r"=|\w\(|[\[{]|^\s*(?:print|exec|raise|import|from|def|class|return|del)\b")

_warnings = threading.Lock()


@dataclass(frozen=True)
class Broken:
    """Lines that are no Python."""

    place: str
    reason: str
    is_code: bool
    """Not a sentence for people."""


@dataclass
class Parsed:
    """What a piece of code holds."""

    statements: list[ast.stmt] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


def place_of(where: ast.AST | int) -> str:
    """Where a part of the code or a line stands, as its author would look for it."""
    line = where if isinstance(where, int) else getattr(where, "lineno", 1)
    cell, line = divmod(line, _CELL)
    return f"cell {cell}, line {line}" if cell else f"line {line}"


def source_of(node: ast.AST, most: int = 60) -> str:
    """A part of the code on one line, cut where it is long."""
    try:
        text = ast.unparse(node)
    except (RecursionError, ValueError):  # too deep, or a number that is too long
        return "…"
    return cut(" ".join(text.split()), most)


def attempt(code: str) -> tuple[list[ast.stmt] | None, str, int]:
    """A text's statements, or None, why it is no Python, and the line where this shows."""
    try:
        # Python warns of a backslash that escapes nothing, as in a regular expression.
        with _warnings, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code).body, "", 0
    except SyntaxError as error:
        reason, line = error.msg.partition(" (detected")[0].rstrip("."), error.lineno or 1
    except (RecursionError, MemoryError):
        reason, line = "nested too deeply", 1
    except ValueError as error:
        reason, line = str(error), 1
    return None, cut(reason.partition("; use sys.")[0], 120), line


def parse(piece: Piece) -> Parsed:
    """Its statements; where it is no Python as a whole, those of the parts that are."""
    reader = _Reader(piece)
    for code in dict.fromkeys([piece.code, mended(piece.code)]):
        body, _, _ = attempt(code)
        if body is not None:
            reader.take(body, 0)
            return reader.parsed
    return reader.read()


class _Reader:
    def __init__(self, piece: Piece) -> None:
        self.parsed = Parsed()
        self._lines = mended(without_shell(piece.code)).split("\n")
        self._cell = piece.cell * _CELL
        self._left, self._window = _MOST_CHARACTERS, _WINDOW

    def take(self, body: list[ast.stmt], first: int) -> None:
        """Keep statements before which there are ``first`` lines in the piece."""
        for statement in body:
            ast.increment_lineno(statement, self._cell + first)
        self.parsed.statements += body

    def read(self) -> Parsed:
        """All of it."""
        at = 0
        while at < len(self._lines):
            at = self._read_from(at) if self._lines[at].strip() else at + 1
        return self.parsed

    def _read_from(self, at: int) -> int:
        """Read from a line on until something is no Python; the line to go on with."""
        for size in dict.fromkeys([self._window, _WINDOW]):
            end = last = min(at + size, len(self._lines))
            body, reason, bad = self._attempt(at, end)
            told = reason, bad
            while body is None and at < bad < end:
                end, told = bad, (reason, bad)
                body, reason, bad = self._attempt(at, end)
            if body is not None:
                self._window = min(2 * size, _WINDOW)
                return end
            if last == len(self._lines) or "never closed" not in reason:
                break
        self._window = _WINDOW // 40  # of lines among which many are no Python
        return self._leave_out(at, f"{told[0]} in {place_of(self._cell + told[1] + 1)}")

    def _attempt(self, at: int, end: int) -> tuple[list[ast.stmt] | None, str, int]:
        """Take the lines' statements, or say which line is wrong, by its index."""
        code = "\n".join(self._lines[at:end])
        # A block of its own, so that its indentation may stay.
        is_block = code[:1].isspace()
        body, reason, line = self._parse(f"if 1:\n{code}" if is_block else code)
        if body is None:
            return None, reason, max(at, at + line - 1 - is_block)
        self.take(body, at - is_block)
        return body, "", end

    def _parse(self, code: str) -> tuple[list[ast.stmt] | None, str, int]:
        self._left -= len(code) + 50
        return attempt(code) if self._left > 0 else (None, "too much that is no Python", 1)

    def _leave_out(self, at: int, reason: str) -> int:
        """Leave out a line but for the calls that begin in it; the line to go on with."""
        text, end, position, is_taken = self._lines[at], at + 1, 0, False
        code = "\n".join(self._lines[at : at + _WINDOW]) if _CALL.search(text) else ""
        while self._left > 0 and (match := _CALL.search(code, position, len(text))):
            start, position = match.start(), match.end()
            body, close = self._call(code, start)
            if body is not None:
                self.take(body, at + code.count("\n", 0, start))
                is_taken, position = True, close
                end = max(end, at + code.count("\n", 0, close) + 1)
        if not is_taken and not _HEADER.match(text.strip()):
            place = place_of(self._cell + at + 1)
            self.parsed.broken.append(Broken(place, reason, bool(_CODE.search(text))))
        return end

    def _call(self, code: str, start: int) -> tuple[list[ast.stmt] | None, int]:
        """The call that begins at ``start``, up to the first bracket that ends it, and its end."""
        for close in re.finditer(r"[)}]", code[start : start + _LONGEST_CALL]):
            body, _, _ = self._parse(code[start : start + close.end()])
            if body is not None or self._left <= 0:
                return body, start + close.end()
        return None, start
