"""A file of reviews to be answered, perhaps with labels: of the same kinds as people's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from peft_demo.data.own import columns, labels
from peft_demo.data.own.preparing import Source, check_size, text_in
from peft_demo.data.own.report import RefusedRow
from peft_demo.errors import refuse
from peft_demo.fields import shown

MOST_REVIEWS = 10_000
"""Rows with a text in one file."""


@dataclass(frozen=True)
class Reviews:
    """The rows that can be answered, cleaned, and those that cannot."""

    rows: tuple[int, ...]
    """Their numbers, as a spreadsheet or an editor shows them."""
    texts: tuple[str, ...]
    labels: tuple[str | None, ...]
    """As the runs spell them; None where a row has none, or there is no column of labels."""
    refused: tuple[RefusedRow, ...]
    text_column: str
    label_column: str | None


def read_reviews(
    source: Source,
    known: Sequence[str],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    numbered: Sequence[str] = (),
) -> Reviews:
    """Read a file's reviews.

    Args:
        source: the file.
        known: the labels that are told apart by whoever is asked.
        text_column: where the texts stand; guessed if it is left out.
        label_column: where the labels stand; if it is left out, a column that is called as such
            and has any label that is known.
        numbered: what 0, 1 … mean where a column holds nothing else.

    Raises:
        InvalidFieldsError: one sentence about the field that keeps the file from being read.
    """
    check_size("file", source)
    table = source.table("file", texts_alone=True)
    text, label = columns.with_texts(table, text_column, label_column)
    spelled = {name.casefold(): name for name in known}
    if label is not None:
        found = {str(value).strip() for value in table.values(label) if value is not None} - {""}
        numbers = {str(number): name for number, name in enumerate(numbered)}
        if {name.partition(".0")[0] for name in found} <= numbers.keys() - spelled.keys():
            spelled |= numbers
            found = {name.partition(".0")[0] for name in found}
        if not any(name.casefold() in spelled for name in found):
            if label_column:
                refuse(
                    "label_column",
                    f"label_column must hold labels of the chosen runs ({', '.join(known)}), got "
                    f"{shown(sorted(found)[:5])} in {label}.",
                )
            label = None
    text_at = table.columns.index(text)
    label_at = None if label is None else table.columns.index(label)
    good: list[tuple[int, str, str | None]] = []
    refused = list(table.refused)
    for number, values in table.rows:
        try:
            named = None if label_at is None else labels.name_in(values[label_at])
            if named is not None and named.casefold() not in spelled:
                raise ValueError(f"its label {named} is none of {', '.join(known)}")
            good.append((number, text_in(values[text_at]), named and spelled[named.casefold()]))
        except ValueError as error:
            refused.append((number, str(error)))
    told = tuple(
        RefusedRow(row=number, reason=why, file="training") for number, why in sorted(refused)
    )
    if not 1 <= len(good) <= MOST_REVIEWS:
        why = f" (row {told[0].row}: {told[0].reason})" if told else ""
        refuse(
            "file",
            f"file must have 1 to {MOST_REVIEWS:,} rows with a text, got {len(good):,}{why}.",
        )
    rows, texts, found_labels = zip(*good, strict=True)
    return Reviews(rows, texts, found_labels, told, text, label)
