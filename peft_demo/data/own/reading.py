"""A file's bytes as a table, whatever kind of file it is."""

from __future__ import annotations

import codecs
import io
import json
from pathlib import PurePath
from typing import Any

from peft_demo.data.own import delimited, parquet
from peft_demo.data.own.tables import MOST_ROWS, Table
from peft_demo.errors import refuse
from peft_demo.fields import shown

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16's, which it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte-order marks that a text may begin with, and the encodings that they say."""

_OTHER_KINDS = (
    (b"PK\x03\x04", "an Excel file or a zip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"%PDF", "a PDF"),
)


def read(content: bytes, name: str, field: str = "file", *, texts_alone: bool = False) -> Table:
    """The table in a file.

    Args:
        content: of the file.
        name: of the file; its ending decides where the content could be either.
        field: which file it is, for refusals.
        texts_alone: whether lines may be texts without labels.

    Raises:
        InvalidFieldsError: it is none of the kinds that can be read, or holds nothing.
    """
    for mark, what in _OTHER_KINDS:
        if content.startswith(mark):
            refuse(
                field,
                f"{field} must be CSV, TSV, JSON Lines, Parquet or lines of text, got {what}: "
                "save it as CSV.",
            )
    if content.startswith(parquet.MARK):
        return parquet.read(content, field)
    text, notes = _decoded(content, field)
    ending = PurePath(name).suffix.lower()
    if not text.strip():
        if texts_alone:
            refuse(field, f"{field} must hold texts, got an empty file.")
        refuse(field, f"{field} must hold texts with labels, got an empty file.")
    if text.lstrip()[0] in "{[" and (found := _json(text, field, notes)):
        return found
    return delimited.read(text, ending, field, notes, texts_alone=texts_alone)


def _decoded(content: bytes, field: str) -> tuple[str, tuple[str, ...]]:
    """The text, and a note where its encoding had to be guessed."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), ()
            except UnicodeDecodeError:
                refuse(field, f"{field} must be in UTF-8, got bytes that are not {encoding}.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(content, field)
    if "\0" in text:
        refuse(field, f"{field} must be a text file or Parquet, got one with zero bytes.")
    return text, ()


def _guessed(content: bytes, field: str) -> tuple[str, tuple[str, ...]]:
    import charset_normalizer

    # Some parts of it say as much as all: looking through 50 MB would take minutes.
    best = charset_normalizer.from_bytes(content[:1_000_000]).best()
    text = None
    if best is not None:
        try:
            text = content.decode(best.encoding)
        except UnicodeDecodeError:
            text = None
    if text is None or "\0" in text:
        refuse(field, f"{field} must be a text file in UTF-8 or Parquet, got unknown bytes.")
    assert best is not None
    return text, (
        f"Its encoding is not said and looks like {best.encoding}: look whether letters with "
        "accents are right, and else save it as UTF-8.",
    )


def _json(text: str, field: str, notes: tuple[str, ...]) -> Table | None:
    """Of JSON Lines or one list of objects; None if it does not begin as either."""
    rows: list[tuple[int, dict[str, Any]]] = []
    refused = []
    kind = "JSON Lines"
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            return None
        kind, found = "JSON", enumerate(listed, start=1)
    else:
        # A line separator (U+2028) within a text ends no line.
        found = enumerate(map(_line, io.StringIO(text, newline=None)), start=1)
    for number, value in found:
        if isinstance(value, dict):
            rows.append((number, value))
        elif value is not None:
            refused.append((number, "no JSON object with a text and a label"))
        if number > MOST_ROWS:
            refuse(field, f"{field} must have at most {MOST_ROWS:,} rows, got more.")
    if len(rows) <= len(refused):
        return None
    columns = tuple(dict.fromkeys(str(name) for _, row in rows for name in row))
    table = [(number, tuple(row.get(name) for name in columns)) for number, row in rows]
    return Table(columns, table, refused, kind, notes)


def _line(line: str) -> Any:
    """What a line holds: None if nothing, the line itself if it is no JSON."""
    if not line.strip():
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line


def file_name(name: str) -> str:
    """A file's name without its folder and ending, to call a data set by."""
    return PurePath(name).stem.strip()[:60] or shown(name)
