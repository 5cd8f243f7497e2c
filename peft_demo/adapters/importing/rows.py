"""The row of METHODS that an adapter's own configuration belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.adapters.importing.refusals import refusal
from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import Method
from peft_demo.runs.matching import class_of, plain, rows_of


def row_of(config: Mapping[str, Any]) -> Method:
    """The row whose fixed options the configuration has, whatever else it says.

    One that has those of several (DoRA with rsLoRA) belongs to the row that matters for how it is
    loaded; its other options are told beside.

    Raises:
        InvalidFieldsError: peft has no such method, or none of the rows is of it; at ``adapter``.
    """
    try:
        rows = rows_of(class_of(config["peft_type"])[1], config["peft_type"])
    except InvalidFieldsError as error:
        raise refusal(f"cannot be used: {error}") from None
    return max(rows, key=lambda row: _closeness(row, config))


def _closeness(row: Method, config: Mapping[str, Any]) -> tuple[int, int, bool, bool]:
    """Compares rows: fixed options that are others, then that are the given ones, then loading."""
    assert row.peft_config is not None
    fixed = {name: plain(value) for name, value in row.peft_config.options.items()}
    same = sum(config.get(name) == value for name, value in fixed.items())
    return (same - len(fixed), same, row.writes_to_base, row.merges_to_predict)
