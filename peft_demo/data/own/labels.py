"""What stands in a column of labels, as names in the order of their numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from peft_demo.data.own.columns import MOST_LABELS
from peft_demo.data.text import clean
from peft_demo.errors import refuse
from peft_demo.fields import shown

LONGEST_LABEL = 60


def name_in(value: Any, names: Sequence[str] = ()) -> str | None:
    """What a cell calls a label, or None if it is blank.

    Args:
        value: of the cell: 1, 1.0 and "1" are one label.
        names: of numbers, where the file says them.

    Raises:
        ValueError: it is no label; says what came.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (list, dict, tuple)):
        raise ValueError(f"its label is {shown(str(value))}, and not one name")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if names and isinstance(value, int) and not isinstance(value, bool):
        return names[value] if 0 <= value < len(names) else None  # -1 stands for unlabelled
    name = clean(str(value))
    if re.fullmatch(r"[-+]?\d+\.0+", name):
        name = name.partition(".")[0]
    if len(name) > LONGEST_LABEL:
        raise ValueError(f"its label has {len(name):,} characters, at most {LONGEST_LABEL}")
    return name or None


def in_order(found: Counter[str], column: str, names: Sequence[str] = ()) -> dict[str, str]:
    """Every spelling that came, and the label that it stands for, in the order of the labels.

    Numbers are in their order, names in that of ``names`` or else of the alphabet; spellings that
    differ only in capitals are one label, written as most write it.

    Raises:
        InvalidFieldsError: there are fewer than two labels, or too many.
    """
    spellings: dict[str, Counter[str]] = {}
    for name, count in found.items():
        spellings.setdefault(name.casefold(), Counter())[name] = count
    if not 2 <= len(spellings) <= MOST_LABELS:
        refuse(
            "label_column",
            f"label_column must have 2 to {MOST_LABELS} different labels, got "
            f"{len(spellings):,} in {column}: {shown(sorted(found)[:13])}.",
        )
    written = {key: counted.most_common(1)[0][0] for key, counted in spellings.items()}
    keys = sorted(written)
    if all(re.fullmatch(r"[-+]?\d+(\.\d+)?", key) for key in keys):
        keys.sort(key=float)
    if names:
        numbered = {name.casefold(): number for number, name in enumerate(names)}
        keys.sort(key=lambda key: numbered.get(key, len(numbered)))
    return {name: written[key] for key in keys for name in spellings[key]}


def renamed(labels: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """The labels with the names that somebody gives them.

    Raises:
        InvalidFieldsError: a name is given to what is no label, is too long, or comes twice.
    """
    for label, name in names.items():
        if label not in labels:
            refuse(
                "label_names",
                f"label_names must name {shown(list(labels))}, got {shown(label)}.",
            )
        if not 1 <= len(clean(name)) <= LONGEST_LABEL:
            refuse(
                "label_names",
                f"label_names must be 1 to {LONGEST_LABEL} characters each, got {shown(name)}.",
            )
    given = tuple(clean(names.get(label, label)) for label in labels)
    if len({name.casefold() for name in given}) < len(given):
        refuse("label_names", f"label_names must all be different, got {shown(list(given))}.")
    return given
