"""Which base an adapter belongs to: as its file says, or as who brings it says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from peft_demo.adapters.importing import heads
from peft_demo.adapters.importing.refusals import question, refusal
from peft_demo.adapters.importing.tensors import Tensors
from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.models import (
    BASES,
    Architecture,
    Pretrained,
    base_named,
    is_folder,
    is_relative,
    shape_of,
)
from peft_demo.runs import run_field

FIELD = "base_model"

_IN_A_BLOCK = re.compile(r"\.\d+\.")


def base_of(
    config: Mapping[str, Any], tensors: Tensors, labels: Sequence[str], choice: str | None = None
) -> str:
    """The id of the base that an adapter was trained on.

    Args:
        config: its adapter_config.json.
        tensors: what it holds.
        labels: what its head must tell apart.
        choice: what who brings it says, needed where the file names a folder, or nothing that is
            known: that could hold any base.

    Raises:
        UndecidedError: it must be said; the choices are the bases that fit.
        InvalidFieldsError: it is for no base here, at ``adapter``; or the choice does not fit, at
            ``base_model``.
    """
    wanted = str(config.get("base_model_name_or_path") or "")
    named = base_named(wanted)
    chosen = str(run_field(FIELD).check(choice)) if choice else None
    _refuse_other_networks(wanted, tensors)
    family = _family_of([named] if named else [chosen] if chosen else [*BASES], tensors)
    heads.check(tensors, labels, family)
    width = heads.width(tensors, family)
    fitting = [name for name in BASES if _measures(name) == (family, width)]
    if not fitting or (named and named not in fitting):
        raise refusal(
            f"must be for one of the base models here, {_known()}, got one for {shown(wanted)} "
            f"with a head that is {width} wide."
        )
    if chosen:
        _check_choice(chosen, named, fitting, width)
    if base_id := named or chosen:
        return base_id
    raise question(FIELD, _question(wanted, fitting), [(BASES[one].label, one) for one in fitting])


def not_at_hand(row: Pretrained) -> str:
    """Why an adapter's base cannot be loaded now, which others can, and how to get it."""
    here = ", ".join(other.id for other in BASES.values() if other.is_at_hand())
    return (
        f"is for the base {row.id}, which must be on this machine already (here are {here}): "
        f"{row.how_to_get}."
    )


def _refuse_other_networks(wanted: str, tensors: Tensors) -> None:
    """Refuse what belongs to another network by its base's name, or by its modules' names."""
    if is_relative(wanted):
        raise refusal(
            f"must be for one of the base models here, {_known()}, got one for {shown(wanted)}, "
            "which is another network; it may be added to them first."
        )
    paths = [f".{row.architecture.block_path}" for row in BASES.values()]
    inside = [name for name in tensors if _IN_A_BLOCK.search(name)]
    if inside and not any(path in name for name in inside for path in paths):
        raise refusal(
            f"must be for one of the base models here, {_known()}, got one for {shown(wanted)}, "
            f"a network whose modules have other names: {shown(inside[0])}."
        )


def _family_of(possible: Sequence[str], tensors: Tensors) -> Architecture:
    """The first family of these bases whose head is there, or the first of all."""
    families = [BASES[base_id].architecture for base_id in possible]
    inside = [row for row in families if any(f".{row.block_path}" in name for name in tensors)]
    fitting = (row for row in inside or families if not heads.missing(tensors, row))
    return next(fitting, (inside or families)[0])


def _check_choice(
    chosen: str, named: str | None, fitting: Sequence[str], width: int | None
) -> None:
    if named and chosen != named:
        refuse(
            FIELD,
            f"{FIELD} must be left out or {named}, which the adapter's file names, got {chosen}.",
        )
    if chosen not in fitting:
        raise question(
            FIELD,
            f"must fit the adapter, whose head is {width} wide ({', '.join(fitting)}), got "
            f"{chosen}, which is {shape_of(chosen).dim} wide.",
            [(BASES[one].label, one) for one in fitting],
        )


def _question(wanted: str, fitting: Sequence[str]) -> str:
    if is_folder(wanted):
        why = f"the folder {shown(wanted)}, which could hold any"
    elif wanted:
        why = f"{shown(wanted)}, which is not one of those here unless it is a copy"
    else:
        why = "none"
    return (
        f"must be chosen, because the adapter's file names {why}: what fits is "
        f"{' or '.join(fitting)}."
    )


def _measures(base_id: str) -> tuple[Architecture, int]:
    shape = shape_of(base_id)
    return shape.architecture, shape.dim


def _known() -> str:
    return ", ".join(f"{base_id} ({shape_of(base_id).dim} wide)" for base_id in BASES)
