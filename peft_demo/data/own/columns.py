"""Which column of a table holds the texts, and which the labels."""

from __future__ import annotations

import re
from statistics import fmean
from typing import Any, NoReturn

from peft_demo.data.own.tables import Table
from peft_demo.errors import refuse
from peft_demo.fields import shown

MOST_LABELS = 20

TEXTS = re.compile(
    r"text|texts|sentence|sentences|review|reviews|review_text|content|message|comment|body|tweet"
    r"|document|post|question|utterance|satz|kommentar|phrase|title",
    re.IGNORECASE,
)

_LABELS = re.compile(
    r"labels?|class|classes|category|categories|target|sentiment|intent|topic|y|rating|stars|score"
    r"|emotion|klasse|kategorie|etikett|label_text|tag|is_\w+",
    re.IGNORECASE,
)
"""What such columns are often called."""

_LOOKED_AT = 5_000
"""Rows from which columns are guessed."""


def chosen(
    table: Table, text_column: str | None, label_column: str | None, field: str = "file"
) -> tuple[str, str]:
    """The names of both columns: those that somebody said, else those that look like it.

    Raises:
        InvalidFieldsError: there is no such column, one is both, or nothing looks like it.
    """
    _check_said(table, text_column, label_column)
    label = label_column or _label(table, text_column)
    text = text_column or _text(table, label)
    if label is None or text is None:
        lacking = "texts" if text is None else "labels"
        refuse(
            field,
            f"{field} must have a column of texts and one of 2 to {MOST_LABELS} labels, got "
            f"{shown(list(table.columns))}: none looks like {lacking}.",
        )
    if text == label:
        _refuse_both(label)
    return text, label


def with_texts(
    table: Table, text_column: str | None, label_column: str | None
) -> tuple[str, str | None]:
    """The name of the column of texts, and that of labels if one is said or called so.

    Raises:
        InvalidFieldsError: there is no such column, one is both, or none looks like texts.
    """
    _check_said(table, text_column, label_column)
    others = [column for column in table.columns if column != text_column]
    named = [column for column in others if _LABELS.fullmatch(column.strip())]
    label = label_column or (named[-1] if named else None)
    text = text_column or _text(table, label)
    if text is None:
        refuse(
            "file",
            f"file must have a column of texts, got {shown(list(table.columns))}: "
            "none looks like texts.",
        )
    if text == label:
        _refuse_both(label)
    return text, label


def _check_said(table: Table, text_column: str | None, label_column: str | None) -> None:
    for name, said in (("text_column", text_column), ("label_column", label_column)):
        if said and said not in table.columns:
            refuse(name, f"{name} must be one of {shown(list(table.columns))}, got {shown(said)}.")


def _refuse_both(label: str) -> NoReturn:
    refuse(
        "label_column",
        f"label_column must be another column than text_column, got {shown(label)} for both.",
    )


def _text(table: Table, label: str | None) -> str | None:
    """The column with the longest texts, one that is called so before all others."""
    lengths = {}
    for column in table.columns:
        values = [value for value in _seen(table, column) if isinstance(value, str)]
        if column != label and values:
            lengths[column] = fmean(map(len, values))
    named = [column for column in lengths if TEXTS.fullmatch(column.strip())]
    return max(named or lengths, key=lambda column: lengths[column], default=None)


def _label(table: Table, text: str | None) -> str | None:
    """The column with few different values, one that is called so before all others."""
    others = [column for column in table.columns if column != text]
    named = [column for column in others if _LABELS.fullmatch(column.strip())]
    few = {}
    for column in others:
        seen = [str(value).strip() for value in _seen(table, column)]
        values = {value for value in seen if value}
        is_few = 2 <= len(values) <= MOST_LABELS and max(map(len, values)) <= 60
        if is_few and (column in named or 2 * len(values) <= len(seen)):
            few[column] = len(values)
    fitting = [column for column in named if column in few]
    if named and not fitting:
        return named[0]  # which is refused for what it holds
    # The last of equals: labels mostly stand after what they label.
    ordered = fitting or [*few][::-1]
    return min(ordered, key=lambda column: few[column], default=None)


def _seen(table: Table, column: str) -> list[Any]:
    place = table.columns.index(column)
    step = max(1, len(table.rows) // _LOOKED_AT)  # files may be sorted by label
    return [
        values[place]
        for _, values in table.rows[::step]
        if values[place] is not None and values[place] == values[place]
    ]
