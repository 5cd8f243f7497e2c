"""What an unpacked adapter is, read from its configuration and its tensors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft_demo.adapters import files
from peft_demo.adapters.importing import heads
from peft_demo.adapters.importing.absence import ADAPTER_HUB
from peft_demo.adapters.importing.archive import FILES
from peft_demo.adapters.importing.bases import base_of
from peft_demo.adapters.importing.labels import order_of_labels, reorder_labels
from peft_demo.adapters.importing.lengths import reading_length
from peft_demo.adapters.importing.options import check_ranks, options_told
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.adapters.importing.rows import row_of
from peft_demo.adapters.importing.sanitising import sanitised
from peft_demo.adapters.importing.tensors import Tensors, read_tensors
from peft_demo.adapters.importing.trial import try_out
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.fields import shown
from peft_demo.models import BASES
from peft_demo.runs import NAME, ImportedConfig, run_field
from peft_demo.runs.imported import PEFT_CONFIG

_TASK = "SEQ_CLS"
"""What peft calls the classifying of texts."""

_TRAILING_COMMA = re.compile(r".?,\s*[}\]]", re.DOTALL)

_DEEPEST = 5
"""Levels of lists and objects in adapter_config.json; peft's own has three."""


def describe(
    folder: Path,
    name: str = "",
    dataset: str = DEFAULT_DATASET,
    base_model: str | None = None,
    *,
    max_length: int | None = None,
    swap_labels: bool = False,
) -> ImportedConfig:
    """What an unpacked adapter is, as the configuration of its run; proven to load and answer.

    Its adapter_config.json is replaced by one that is safe to load; what is told of its settings is
    what that says, whatever a form would allow.

    Args:
        folder: from ``unpack``.
        name: how to call the run; the folder's name if it is empty.
        dataset: what to test it on; it must have learned the labels of this.
        base_model: what it was trained on, where its file does not say that.
        max_length: tokens to test it at; if it is not given, what its files say.
        swap_labels: whether its head's two outputs are in the other order than the labels.

    Raises:
        UndecidedError: it must be said what it was trained on.
        InvalidFieldsError: it cannot be used here; says why, at ``adapter``; or there is no such
            data set or base.
        AssetError: the base model cannot be loaded.
    """
    labels = DATASETS[str(run_field("dataset", dataset).check(dataset))].labels
    run_name = NAME.check(name or folder.name)
    config = _read_config(folder / files.CONFIG)
    tensors = read_tensors(folder / files.WEIGHTS)
    config = _for_classifying(config, tensors)
    base_id = base_of(config, tensors, labels, base_model)
    method = row_of(config)
    safe = sanitised(config, base_id, method.id)
    check_ranks(safe, tensors)
    (folder / files.CONFIG).write_text(json.dumps(safe, indent=2), encoding="utf-8")
    length, length_from = reading_length(folder, base_id, max_length)
    order = order_of_labels(folder, labels, is_swapped=swap_labels)
    architecture = BASES[base_id].architecture
    run = ImportedConfig(
        {
            "name": run_name,
            "method": method.id,
            "base_model": base_id,
            "dataset": dataset,
            "max_length": length,
            "max_length_from": length_from,
            "label_order": order,
            PEFT_CONFIG: safe,
            **options_told(safe, method, architecture),
        }
    )
    if order:
        reorder_labels(folder, order, architecture.head[-1])
    try_out(folder, run, tensors)
    for path in [*folder.iterdir()]:
        if path.name not in FILES:  # read by now
            path.unlink()
    return run


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())  # which tells UTF-8 from UTF-16, mark or not
    except (OSError, ValueError, RecursionError) as error:
        raise refusal(
            f"must have an {path.name} in JSON, got one that is damaged{_place(error)}."
        ) from error
    if _is_deep(config, _DEEPEST):
        raise refusal(f"must have an {path.name} without values in values in values, got one.")
    if (
        isinstance(config, dict)
        and "config" in config
        and {"model_class", "model_type"} & {*config}
    ):
        raise refusal(ADAPTER_HUB)
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise refusal(f"must have an {path.name} with a peft_type, got one without.")
    return {**config, "peft_type": config["peft_type"].upper()}


def _place(error: Exception) -> str:
    """Where JSON ends to be JSON: often a trailing comma, or a comment."""
    if not isinstance(error, json.JSONDecodeError) or not error.doc:
        return ""
    around = error.doc[: error.pos].rstrip()[-1:] + error.doc[error.pos :][:80]
    what = ": a comma before the end of a list or object" if _TRAILING_COMMA.match(around) else ""
    return f" in line {error.lineno}{what}"


def _for_classifying(config: Mapping[str, Any], tensors: Tensors) -> dict[str, Any]:
    """The configuration with the task that its tensors show, whatever it was saved for."""
    task = config.get("task_type")
    families = {row.architecture.model_type: row.architecture for row in BASES.values()}
    if task not in (None, _TASK) and all(heads.missing(tensors, row) for row in families.values()):
        raise refusal(f"must be for the task_type {_TASK} (classifying texts), got {shown(task)}.")
    return {**config, "task_type": _TASK}


def _is_deep(value: object, levels: int) -> bool:
    """Whether a value is nested more deeply; whoever walks it would run out of stack."""
    if not isinstance(value, (list, dict)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inner)
