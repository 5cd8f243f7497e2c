"""The row of METHODS that an adapter's own configuration belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.adapters.importing.refusals import refusal
from peft_demo.fields import shown
from peft_demo.methods import METHODS, UNSUPPORTED, Method
from peft_demo.runs.matching import plain


def row_of(config: Mapping[str, Any]) -> Method:
    """The row whose fixed options the configuration has, whatever else it says.

    One that has those of several (DoRA with rsLoRA) belongs to the row that matters for how it is
    loaded; its other options are told beside.

    Raises:
        InvalidFieldsError: peft has no such method, or none of the rows is of it; at ``adapter``.
    """
    from peft_demo.libraries import peft

    peft_type = config["peft_type"]
    found = peft.mapping.PEFT_TYPE_TO_CONFIG_MAPPING.get(peft_type)
    if found is None:
        raise refusal(
            f"cannot be used: peft_type must be one that peft has, got {shown(peft_type)}."
        )
    rows = [
        row
        for row in METHODS.values()
        if row.peft_config and row.peft_config.name == found.__name__
    ]
    if not rows:
        other = next((row for row in UNSUPPORTED if row.peft_type == peft_type), None)
        why = f"{other.label} is not offered here: {other.reason}" if other else None
        raise refusal(f"cannot be used: {why or f'{peft_type} is not offered here.'}")
    return max(rows, key=lambda row: _closeness(row, config))


def _closeness(row: Method, config: Mapping[str, Any]) -> tuple[int, int, bool, bool]:
    """Compares rows: fixed options that are others, then that are the given ones, then loading."""
    assert row.peft_config is not None
    fixed = {name: plain(value) for name, value in row.peft_config.options.items()}
    same = sum(config.get(name) == value for name, value in fixed.items())
    return (same - len(fixed), same, row.writes_to_base, row.merges_to_predict)
