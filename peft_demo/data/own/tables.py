"""Table: what any file of labelled texts is read into, before anybody knows its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 1_000_000

Row = tuple[int, tuple[Any, ...]]
"""A row's number, as a spreadsheet or an editor shows it, and its values."""


@dataclass(frozen=True)
class Table:
    """Rows with as many values as there are columns, and those that are none, with the reasons."""

    columns: tuple[str, ...]
    rows: list[Row]
    refused: list[tuple[int, str]] = field(default_factory=list)
    kind: str = ""
    """What the file is: ``CSV``."""
    notes: tuple[str, ...] = ()
    """What was taken for granted, in sentences."""
    label_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of columns with numbers that the file itself names."""

    def values(self, column: str) -> list[Any]:
        """A column from top to bottom."""
        place = self.columns.index(column)
        return [values[place] for _, values in self.rows]
