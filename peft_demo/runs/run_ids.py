"""Ids of several runs, as somebody names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn

from peft_demo.errors import refuse
from peft_demo.fields import shown


def each_once(run_ids: object) -> list[str]:
    """The ids in their order, without repetitions; None names no runs.

    Raises:
        InvalidFieldsError: it is no list of texts; one text is not taken letter by letter.
    """
    if run_ids is None:
        return []
    if not isinstance(run_ids, Iterable) or isinstance(run_ids, (str, bytes, Mapping)):
        _refuse(run_ids)
    listed = list(run_ids)
    if not all(isinstance(run_id, str) for run_id in listed):
        _refuse(listed)
    return list(dict.fromkeys(listed))


def _refuse(came: object) -> NoReturn:
    refuse("run_ids", f"run_ids must be a list of ids of runs, got {shown(came)}.")
