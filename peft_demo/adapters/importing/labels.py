"""The order of an adapter's labels: what its files say, and its head put into ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from peft_demo.adapters import files
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.errors import refuse

LARGEST_CONFIG = 1_000_000
"""Bytes of a config.json that is looked into."""


def order_of_labels(folder: Path, labels: Sequence[str], *, is_swapped: bool) -> tuple[int, ...]:
    """For each label here, which of the head's outputs it is; empty if they are in order.

    Args:
        folder: the unpacked adapter. A config.json beside it, as a Trainer saves it, may name the
            outputs (``id2label``); it is taken away, since it would make a whole model of these.
        labels: those of the data set that it is tested on.
        is_swapped: whether a person says that the two are in the other order.

    Raises:
        InvalidFieldsError: there are not two labels to be swapped.
    """
    said = _said(folder / files.FULL_CONFIG, labels)
    (folder / files.FULL_CONFIG).unlink(missing_ok=True)
    if not is_swapped:
        return () if said == (*range(len(labels)),) else said
    return swapped(said, labels)


def swapped(order: Sequence[int], labels: Sequence[str]) -> tuple[int, ...]:
    """That order of two labels the other way round; empty if it is ours.

    Raises:
        InvalidFieldsError: there are more.
    """
    if len(labels) != 2:
        refuse(
            "swap_labels",
            f"swap_labels must be for a data set with two labels, got {len(labels)} "
            f"({', '.join(labels)}).",
        )
    other = tuple(reversed(order or (0, 1)))
    return () if other == (0, 1) else other


def reorder_labels(folder: Path, order: Sequence[int], last: str) -> None:
    """Put the outputs of the head's last layer into another order, in the adapter's file.

    Args:
        folder: with the adapter.
        order: for each output, which one it was.
        last: the name of that layer.

    Raises:
        InvalidFieldsError: the adapter changes that layer in a way that has no such order.
    """
    from safetensors.torch import load_file, save_file

    path = folder / files.WEIGHTS
    tensors = load_file(path)
    of_last = [name for name in tensors if re.search(rf"\.{re.escape(last)}\.", f".{name}")]
    for name in of_last:
        kind = re.search(r"(weight|bias)$", name)
        is_plain = kind and ("lora_B" in name or ".lora_" not in name)
        if is_plain and len(tensors[name]) == len(order):
            tensors[name] = tensors[name][list(order)].contiguous()
        elif "lora_A" not in name:
            raise refusal(
                f"must have a {last} of weights and biases for its labels to be put into another "
                f"order, got {name}."
            )
    save_file(tensors, path, metadata={"format": "pt"})


def _said(path: Path, labels: Sequence[str]) -> tuple[int, ...]:
    """The order by the names in a config.json; ours where it has no such names."""
    ours = [label.casefold() for label in labels]
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            return ()
        named = json.loads(path.read_text(encoding="utf-8-sig"))["id2label"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()
    if not isinstance(named, Mapping):
        return ()
    theirs = [str(named.get(str(number))).casefold() for number in range(len(labels))]
    return tuple(theirs.index(name) for name in ours) if sorted(theirs) == sorted(ours) else ()
