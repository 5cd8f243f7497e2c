"""Edited pairs: texts, and the same with few words changed so that their label turns.

After Gardner et al. 2020 (contrast sets): what counts is to be right on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from peft_demo.capabilities.capability import LABELS
from peft_demo.data import clean
from peft_demo.data.own import Source
from peft_demo.data.text import LONGEST_TEXT
from peft_demo.errors import refuse
from peft_demo.fields import shown

COLUMNS = ("original", "edited", "label", "edited_label")
"""Of a file of pairs, in any order; others are left alone."""

MOST_PAIRS = 1_000


@dataclass(frozen=True)
class Pairs:
    """Texts with their labels, before and after their edit."""

    name: str
    originals: tuple[str, ...]
    edits: tuple[str, ...]
    labels: tuple[int, ...]
    """Of the originals, as numbers of ``LABELS``."""
    edited_labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.originals)

    @property
    def texts(self) -> tuple[str, ...]:
        """Each original, followed by its edit."""
        both = zip(self.originals, self.edits, strict=True)
        return tuple(text for pair in both for text in pair)


@cache
def built_in() -> Pairs:
    """The pairs that come with the program, edited by hand."""
    path = Path(__file__).with_name("pairs.csv")
    return read_pairs(Source(path.name, path.read_bytes()), "edited pairs")


def read_pairs(source: Source, name: str = "", field: str = "file") -> Pairs:
    """The pairs in somebody's file.

    Args:
        source: CSV, TSV, JSON Lines or Parquet with the columns of ``COLUMNS``; labels are called
            as ``LABELS`` are, in any case, or 0 and 1.
        name: what they are called; as the file if it is empty.
        field: which file it is, for refusals.

    Raises:
        InvalidFieldsError: a column is missing, there are no pairs or too many, or a row cannot be
            one: it says which row, what it needs, and what came.
    """
    table = source.table(field)
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        refuse(
            field,
            f"{field} must have the columns {', '.join(COLUMNS)}, got "
            f"{shown(list(table.columns))}: without {', '.join(missing)}.",
        )
    if table.refused:
        row, reason = table.refused[0]
        refuse(field, f"{field} row {row} must have all columns, got {reason}.")
    if not 1 <= len(table.rows) <= MOST_PAIRS:
        refuse(field, f"{field} must have 1 to {MOST_PAIRS:,} pairs, got {len(table.rows):,}.")
    places = [table.columns.index(column) for column in COLUMNS]
    rows = [_pair(row, [values[place] for place in places], field) for row, values in table.rows]
    seen: dict[str, int] = {}
    for (row, _), (original, *_rest) in zip(table.rows, rows, strict=True):
        if (before := seen.setdefault(original, row)) != row:
            refuse(
                field,
                f"{field} row {row}: original must not come twice, got that of row {before}.",
            )
    originals, edits, labels, edited_labels = zip(*rows, strict=True)
    return Pairs(name or source.name, originals, edits, labels, edited_labels)


def _pair(row: int, values: list[Any], field: str) -> tuple[str, str, int, int]:
    where = f"{field} row {row}"
    original, edited = (
        _text(where, column, value) for column, value in zip(COLUMNS, values[:2], strict=False)
    )
    label, edited_label = (
        _label(where, column, value) for column, value in zip(COLUMNS[2:], values[2:], strict=True)
    )
    if original == edited:
        refuse(field, f"{where}: edited must differ from original, got {shown(edited)} for both.")
    if label == edited_label:
        refuse(
            field,
            f"{where}: edited_label must differ from label, got {LABELS[label]} for both.",
        )
    return original, edited, label, edited_label


def _text(where: str, column: str, value: object) -> str:
    cleaned = clean(value) if isinstance(value, str) else ""
    if not cleaned or len(cleaned) > LONGEST_TEXT:
        came = f"{len(cleaned):,} characters" if cleaned else shown(value)
        refuse(
            where.partition(" ")[0],
            f"{where}: {column} must be a text of 1 to {LONGEST_TEXT:,} characters, got {came}.",
        )
    return cleaned


def _label(where: str, column: str, value: object) -> int:
    names = {name: number for number, name in enumerate(LABELS)}
    names |= {str(number): number for number in names.values()}
    said = str(value).strip().casefold().removesuffix(".0")
    if said not in names:
        refuse(
            where.partition(" ")[0],
            f"{where}: {column} must be {' or '.join(LABELS)}, got {shown(value)}.",
        )
    return names[said]
