"""What an unpacked adapter is, read from its configuration and its tensors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from peft_demo.adapters import files
from peft_demo.adapters.importing.archive import LARGEST_CONFIG, check_size
from peft_demo.adapters.importing.labels import order_of_labels, reorder_labels
from peft_demo.adapters.importing.lengths import reading_length
from peft_demo.adapters.importing.options import options_told
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.adapters.importing.sanitising import sanitised
from peft_demo.adapters.importing.trial import Tensors, try_out
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, cause
from peft_demo.fields import shown
from peft_demo.methods import METHODS, Method
from peft_demo.models import BASES, BUILTIN_BASE, Architecture, shape_of
from peft_demo.runs import NAME, ImportedConfig, reading, run_field
from peft_demo.runs.imported import PEFT_CONFIG

_DEEPEST = 5
"""Levels of lists and objects in adapter_config.json; peft's own has three."""


def describe(
    folder: Path,
    name: str = "",
    dataset: str = DEFAULT_DATASET,
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
        max_length: tokens to test it at; if it is not given, what its files say.
        swap_labels: whether its head's two outputs are in the other order than the labels.

    Raises:
        InvalidFieldsError: it cannot be used here; says why, at ``adapter``; or there is no such
            data set.
        AssetError: the base model cannot be loaded.
    """
    labels = DATASETS[str(run_field("dataset").check(dataset))].labels
    run_name = NAME.check(name or folder.name)
    config = _read_config(folder / files.CONFIG)
    tensors = _read_tensors(folder / files.WEIGHTS)
    base_id = _base_of(config, tensors, labels)
    method = _method_of(config)
    safe = sanitised(config, base_id, method.id)
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
    return run


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise refusal(f"must have an {path.name} in JSON, got one that is damaged.") from error
    if _is_deep(config, _DEEPEST):
        raise refusal(f"must have an {path.name} without values in values in values, got one.")
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise refusal(f"must have an {path.name} with a peft_type, got one without.")
    if config.get("task_type") != "SEQ_CLS":
        raise refusal(
            "must be for the task_type SEQ_CLS (classifying texts), got "
            f"{shown(config.get('task_type'))}."
        )
    return config


def _is_deep(value: object, levels: int) -> bool:
    """Whether a value is nested more deeply; whoever walks it would run out of stack."""
    if not isinstance(value, (list, dict)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inner)


def _read_tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes in a safetensors file, whose header the library checks against the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:
            check_size(int.from_bytes(file.read(8), "little"), LARGEST_CONFIG, "its header")
        with safe_open(path, framework="np") as opened:
            return {
                name: tuple(opened.get_slice(name).get_shape())
                for name in opened.keys()  # noqa: SIM118
            }
    except (OSError, ValueError, SafetensorError) as error:
        raise refusal(
            f"must have an {path.name} that is complete, got one that is damaged ({cause(error)})."
        ) from error


def _base_of(config: Mapping[str, Any], tensors: Tensors, labels: Sequence[str]) -> str:
    """The base that the adapter names, or the one that fits where it names a folder instead."""
    came = str(config.get("base_model_name_or_path") or "")
    named = [base_id for base_id in BASES if _last_part(base_id) == _last_part(came)]
    # The Hub has networks of the usual width with other weights; export-base writes the built-in
    # base into folders of any name.
    is_path = re.match(r"[./\\~]|[A-Za-z]:", came) is not None
    possible = named or [base for base in BASES if is_path or base == BUILTIN_BASE]
    family = _family_of(possible, tensors)
    width = _head_width(tensors, labels, family)
    for base_id in possible:
        if (shape_of(base_id).architecture, shape_of(base_id).dim) == (family, width):
            return base_id
    known = ", ".join(f"{base_id} ({shape_of(base_id).dim} wide)" for base_id in BASES)
    raise refusal(
        f"must be for one of the base models here, {known}, got one for {shown(came)} with a head "
        f"that is {width} wide."
    )


def _last_part(name: str) -> str:
    return PureWindowsPath(name).name


def _family_of(possible: Sequence[str], tensors: Tensors) -> Architecture:
    """The first family of these bases whose head is there, or the first of all."""
    families = [BASES[base_id].architecture for base_id in possible]
    return next(
        (row for row in families if all(_of_head(tensors, part, "weight") for part in row.head)),
        families[0],
    )


def _head_width(tensors: Tensors, labels: Sequence[str], family: Architecture) -> int:
    """The width of the base that the head was trained on, once the head is known to be there."""
    for part in family.head:
        for kind in ("weight", "bias"):
            if not _of_head(tensors, part, kind):
                listed = ", ".join(family.head)
                raise refusal(
                    f"must have a trained head, all of {listed}, got no {part}.{kind} in "
                    f"{files.WEIGHTS}: train it with modules_to_save={list(family.head)}."
                )
    *inner, last = (_of_head(tensors, part, "weight") for part in family.head)
    if len(last) != 2 or last[0] != len(labels):
        listed = ", ".join(f"{number} {label}" for number, label in enumerate(labels))
        raise refusal(
            f"must have a head for {len(labels)} labels ({listed}), got one of shape {shown(last)}."
        )
    for part, shape in zip(family.head, inner, strict=False):
        if shape != (last[1], last[1]):
            raise refusal(
                f"must have a {part} as wide as its {family.head[-1]} ({last[1]}), got one "
                f"of shape {shown(shape)}."
            )
    return last[1]


def _of_head(tensors: Tensors, part: str, kind: str) -> tuple[int, ...]:
    """The shape of one of the head's tensors; empty if it is not there."""
    return next((s for name, s in tensors.items() if name.endswith(f".{part}.{kind}")), ())


def _method_of(config: dict[str, Any]) -> Method:
    """The row that the adapter belongs to, whatever its fields would allow."""
    try:
        return METHODS[str(reading.read(json.dumps(config)).values["method"])]
    except InvalidFieldsError as error:
        kept = {key: value for key, value in config.items() if key not in error.problems}
        if len(kept) == len(config):
            # How its training began makes no method of its own: "gaussian", "orthogonal".
            kept = {key: value for key, value in config.items() if not _is_start(key, value)}
        if len(kept) == len(config) or "peft_type" in error.problems:
            raise refusal(f"cannot be used: {error}") from error
        return _method_of(kept)


def _is_start(key: str, value: object) -> bool:
    return key.startswith("init_") and isinstance(value, str)
