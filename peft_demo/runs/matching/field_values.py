"""Values for a method's fields from the options of a configuration of peft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Field, Modules, shown
from peft_demo.methods import Method, peft_values
from peft_demo.methods.method import LAYERS
from peft_demo.methods.targets import read_names
from peft_demo.models import Pretrained
from peft_demo.runs.matching import notes

_TARGETS = "target_modules"


@dataclass(frozen=True)
class Taken:
    """What the options say of the fields."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def field_values(
    method: Method, base: Pretrained, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> Taken:
    """Values for the method's fields, those of peft where none is given; notes where neither is.

    Raises:
        InvalidFieldsError: names of modules mean nothing that a field can hold.
    """
    taken = Taken()
    fields = method.fields_on(base.shape)
    has_layers = any(own.name == LAYERS.name for own in fields)
    for own in fields:
        value = given.get(own.name)
        value = usual.get(own.name) if value is None else value
        if own.is_rare:
            if own.name not in taken.values:  # the target modules' names may have told the blocks
                _take_rare(own, value, taken)
        elif value is not None:
            taken.values[own.name] = value
        elif isinstance(own, Modules) and own.name != _TARGETS:
            _choose_among_targets(own, taken)
        else:
            taken.notes.append(f"{own.name} is not given and peft has no default; ours stays.")
        if isinstance(own, Modules) and value is not None:
            _name(own, value, base, taken, has_layers=has_layers)
    _exclude(fields, given.get("exclude_modules"), base, taken)
    return taken


def allows(method: Method, name: str, value: object, base: Pretrained) -> bool:
    """Whether a value of peft's is allowed for a method's field of that name."""
    for own in method.fields_on(base.shape):
        if own.name == name:
            try:
                own.check(peft_values.from_peft(name, value))
            except InvalidFieldsError:
                return False
            return True
    return False


def _take_rare(own: Field, value: object, taken: Taken) -> None:
    """A value of a field that few need: where it is not allowed, the default is used."""
    ours = peft_values.from_peft(own.name, value)
    try:
        taken.values[own.name] = own.check(ours)
    except InvalidFieldsError:
        taken.values[own.name] = own.default
        default = peft_values.to_peft(own.name, own.default)
        taken.notes.append(
            f"{own.name}={notes.quoted(value)} cannot be honoured here; {notes.quoted(default)} "
            "is used."
        )


def _name(own: Modules, value: object, base: Pretrained, taken: Taken, *, has_layers: bool) -> None:
    """Names of modules as those of the base, and blocks that they tell apart."""
    found = read_names(own, value, base.shape)
    if found is None or found.unknown or not found.modules:
        taken.values[own.name] = value  # refused by the field's own check
        return
    taken.values[own.name] = list(found.modules)
    taken.notes.extend(notes.about_names(own.name, found, base))
    if not found.blocks:
        return
    told = ", ".join(map(str, found.blocks))
    if not has_layers:
        taken.notes.append(f"{own.name}: all blocks get an adapter here, not {told} alone.")
    elif own.name == _TARGETS:
        taken.values[LAYERS.name] = list(found.blocks)


def _choose_among_targets(own: Modules, taken: Taken) -> None:
    """Modules that peft knows for some networks only: those of our default that are targets."""
    targets = taken.values.get(_TARGETS)
    if not isinstance(targets, Sequence):
        return
    chosen = [module for module in own.default if module in targets]
    taken.values[own.name] = chosen
    told = f"{shown(chosen)} of the target modules" if chosen else "none of the target modules"
    taken.notes.append(f"{own.name} is not given; {told} is used.")


def _exclude(fields: Sequence[Field], excluded: object, base: Pretrained, taken: Taken) -> None:
    """What ``exclude_modules`` takes out of the target modules."""
    targets = next((own for own in fields if own.name == _TARGETS), None)
    if notes.is_nothing(excluded):
        return
    chosen = taken.values.get(_TARGETS)
    found = None
    if isinstance(targets, Modules):
        try:
            found = read_names(targets, excluded, base.shape)
        except InvalidFieldsError:
            found = None
    if found is None or found.blocks or not isinstance(chosen, list):
        taken.notes.append(f"exclude_modules={notes.quoted(excluded)} cannot be honoured here.")
        return
    left = [module for module in chosen if module not in found.modules]
    if chosen and not left:
        refuse(
            "exclude_modules",
            f"exclude_modules must leave some of the target modules ({shown(chosen)}), got "
            f"{shown(excluded)}.",
        )
    taken.values[_TARGETS] = left
    taken.notes.extend(notes.about_names("exclude_modules", found, base))
    head = {*base.architecture.head, *base.architecture.saved, "score"}
    strange = [name for name in found.unknown if name.rpartition(".")[2] not in head]
    if strange:
        taken.notes.append(f"exclude_modules: there is no {shown(strange)} on {base.id}.")
