"""The classification head that an adapter must bring, for no base here has one."""

from __future__ import annotations

from collections.abc import Sequence

from peft_demo.adapters import files
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.adapters.importing.tensors import Tensors
from peft_demo.fields import shown
from peft_demo.models import Architecture


def missing(tensors: Tensors, family: Architecture) -> str:
    """The first of the head's tensors that is not there; empty if all are."""
    return next(
        (
            f"{part}.{kind}"
            for part in family.head
            for kind in (("weight",) if part in family.unbiased else ("weight", "bias"))
            if not _shape(tensors, part, kind)
        ),
        "",
    )


def width(tensors: Tensors, family: Architecture) -> int | None:
    """What the head's last layer reads, which is the width of the base; None without one."""
    shape = _shape(tensors, family.head[-1], "weight")
    return shape[1] if len(shape) == 2 else None


def check(tensors: Tensors, labels: Sequence[str], family: Architecture) -> None:
    """Refuse a head of which a part is not there, or that tells other labels apart.

    Raises:
        InvalidFieldsError: says which, at ``adapter``.
    """
    if lacking := missing(tensors, family):
        raise refusal(
            f"must have a trained head, all of {', '.join(family.head)}, got no {lacking} in "
            f"{files.WEIGHTS}{_why(tensors, lacking.partition('.')[0])}: save it with "
            f"modules_to_save={list(family.saved)}."
        )
    *inner, last = (_shape(tensors, part, "weight") for part in family.head)
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


def _why(tensors: Tensors, part: str) -> str:
    """Why it cannot do without that layer."""
    of_part = [name.rpartition(f".{part}.")[2] for name in tensors if f".{part}." in name]
    only = " but only an adapter of that layer" if {*of_part} - {"weight", "bias"} else ""
    return f"{only}, which was drawn at random where it was trained and cannot be made again"


def _shape(tensors: Tensors, part: str, kind: str) -> tuple[int, ...]:
    """The shape of one of the head's tensors; empty if it is not there."""
    return next((s for name, s in tensors.items() if name.endswith(f".{part}.{kind}")), ())
