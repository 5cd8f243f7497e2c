"""CSV and TSV by the standard library's parser, and plain lines that begin with their labels."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from peft_demo.data.own.columns import MOST_LABELS, TEXTS
from peft_demo.data.own.tables import MOST_ROWS, Table
from peft_demo.errors import refuse

_DELIMITERS = ("\t", ",", ";", "|")

_KINDS = {"\t": "TSV"}

_LOOKED_AT = 200
"""Lines from which the delimiter is guessed."""

_MOST_BEGUN_AGAIN = 50
"""Quotes that are never closed; after so many the rest is refused as one."""

_LINES = (
    re.compile(r"__label__(?P<label>\S+)\s+(?P<text>.+)"),
    re.compile(r"(?P<label>[^:]{1,60}?)\s*:\s+(?P<text>.+)"),
)
"""How plain lines name their labels: as fastText has them, or before a colon."""

csv.field_size_limit(50_000_000)

_Record = tuple[int, list[str] | str]
"""A row's number, and its values or why it has none."""


def read(
    text: str,
    ending: str,
    field: str,
    notes: tuple[str, ...] = (),
    *,
    texts_alone: bool = False,
) -> Table:
    """The table in a text.

    Args:
        text: with any line ends.
        ending: of the file's name, such as ``.tsv``.
        field: which file it is, for refusals.
        notes: about the file.
        texts_alone: whether lines may be texts without labels.

    Raises:
        InvalidFieldsError: it has neither columns nor lines that begin with labels.
    """
    # Lines end as the csv module has it: a line separator within a text is none.
    lines = list(io.StringIO(text.rstrip("\r\n"), newline=""))
    if len(lines) > MOST_ROWS:
        refuse(field, f"{field} must have at most {MOST_ROWS:,} rows, got {len(lines):,}.")
    if ending not in (".csv", ".tsv") and (table := _plain(lines, notes)) is not None:
        return table
    delimiter = _delimiter(lines[:_LOOKED_AT], ending)
    # Within texts there are commas and semicolons, but no tabs.
    if texts_alone and (
        delimiter is None or (ending not in (".csv", ".tsv") and delimiter != "\t")
    ):
        return _texts_alone(lines, ending, notes)
    if delimiter is None:
        refuse(
            field,
            f"{field} must have a column of texts and one of labels, or lines such as "
            '"label: text", got neither.',
        )
    records = list(_records(lines, delimiter, csv.QUOTE_MINIMAL))
    if delimiter == "\t" and any(isinstance(values, str) for _, values in records):
        # Many programs write quotes into TSV as they are.
        records = list(_records(lines, delimiter, csv.QUOTE_NONE))
    return _table(records, _KINDS.get(delimiter, "CSV"), notes)


def _delimiter(lines: list[str], ending: str) -> str | None:
    """What parts columns, as many in most rows; None if nothing does."""
    scores = {}
    for delimiter in _DELIMITERS:
        rows = [row for _, row in _records(lines, delimiter, csv.QUOTE_MINIMAL)]
        widths = Counter(len(row) for row in rows if isinstance(row, list) and any(row))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width > 1:
            scores[delimiter] = count / widths.total()
    if ending == ".tsv" and "\t" in scores:
        return "\t"
    return max(scores, key=lambda delimiter: scores[delimiter], default=None)


def _records(lines: list[str], delimiter: str, quoting: Literal[0, 3]) -> Iterator[_Record]:
    """Every row by its number, which counts empty ones and the header as spreadsheets do."""
    number = start = begun = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, quoting=quoting, strict=True)
        before = 0
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # What follows its first line may be rows of their own.
                number += 1
                begun += 1
                if begun > _MOST_BEGUN_AGAIN:
                    yield number, "here and below, quotes that are opened and not closed"
                    return
                yield number, "a quote that is opened and not closed, or not doubled within a text"
                start += before + 1
                break
            number += 1
            before = reader.line_num
            yield number, values


def _table(records: list[_Record], kind: str, notes: tuple[str, ...]) -> Table:
    refused = [(number, values) for number, values in records if isinstance(values, str)]
    rows = [(number, values) for number, values in records if not isinstance(values, str)]
    width = Counter(len(values) for _, values in rows if any(values)).most_common(1)[0][0]
    fitting = []
    for number, values in rows:
        cells = [cell.strip() for cell in values]
        if not any(cells):
            refused.append((number, "empty"))
        elif len(cells) < width:
            refused.append((number, f"only {len(cells)} of {width} columns"))
        elif any(cells[width:]):
            refused.append(
                (number, f"{len(cells)} columns and not {width}: is a text without quotes?")
            )
        else:
            fitting.append((number, tuple(values[:width])))
    columns, has_header = _header(fitting)
    return Table(columns, fitting[has_header:], sorted(refused), kind, notes)


def _header(rows: list[tuple[int, tuple[str, ...]]]) -> tuple[tuple[str, ...], bool]:
    """Names of the columns, and whether they stand in the first row.

    It is none where what stands in it comes again below, as a label does.
    """
    first = [cell.strip() for cell in rows[0][1]] if rows else []
    below = [{values[place].strip() for _, values in rows[1:]} for place in range(len(first))]
    is_header = (
        len(set(first)) == len(first)
        and all(len(cell) <= 60 for cell in first)
        and not any(cell and cell in seen for cell, seen in zip(first, below, strict=True))
        and not any(re.fullmatch(r"[-+]?\d+(\.\d+)?", cell) for cell in first)
    )
    if not is_header:
        return tuple(f"column {place}" for place in range(1, len(first) + 1)), False
    return tuple(cell or f"column {n}" for n, cell in enumerate(first, start=1)), True


def _texts_alone(lines: list[str], ending: str, notes: tuple[str, ...]) -> Table:
    """A text a line, or of a CSV file a row; below a header that calls a column so, if any."""
    if ending in (".csv", ".tsv"):
        records = [
            (number, values if isinstance(values, str) else values[0].strip() if values else "")
            for number, values in _records(lines, ",", csv.QUOTE_MINIMAL)
        ]
    else:
        records = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    name = records[0][1] if TEXTS.fullmatch(records[0][1]) else "text"
    rows = [(number, (text,)) for number, text in records[records[0][1] == name :] if text]
    refused = [(number, "empty") for number, text in records if not text]
    return Table((name,), rows, refused, "lines", notes)


def _plain(lines: list[str], notes: tuple[str, ...]) -> Table | None:
    """Lines that begin with their labels; None if most do not."""
    said = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    filled = sum(bool(line) for _, line in said)
    for form in _LINES:
        found = [(number, form.fullmatch(line), line) for number, line in said]
        rows = [(number, (m["text"], m["label"].strip())) for number, m, _ in found if m]
        labels = {label for _, (_, label) in rows}
        if len(rows) >= 0.8 * filled and 2 <= len(labels) <= MOST_LABELS:
            refused = [
                (number, "no label before the text" if line else "empty")
                for number, m, line in found
                if not m
            ]
            return Table(("text", "label"), rows, refused, "lines", notes)
    return None
