"""Names of modules that tell more than a list of modules can: single blocks, patterns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from peft_demo.errors import refuse
from peft_demo.fields import Field, Modules, shown
from peft_demo.methods.method import LAYERS
from peft_demo.models import Named, Shape, is_pattern, listed, named


def read_names(field: Modules, value: object, base: Shape) -> Named | None:
    """What names of modules mean on a base; None if the value is neither a text nor a list.

    Raises:
        InvalidFieldsError: blocks differ in their modules; or it is a pattern that finds nothing.
    """
    names = listed(value)
    if names is None:
        return None
    try:
        found = named(names, base.architecture, base.n_layers)
    except ValueError as error:
        refuse(field.name, f"{field.name} must name {error}.")
    if isinstance(value, str) and found.unknown and is_pattern(names[0]):
        example = base.architecture.block(0) + base.architecture.path(field.choices[0])
        refuse(
            field.name,
            f"{field.name} must be {field.allowed}, or a regular expression for some of their "
            f"paths ({example}), got {shown(value)}.",
        )
    return found


def with_blocks(fields: Iterable[Field], values: Mapping[str, Any], base: Shape) -> dict[str, Any]:
    """The values, with a plain list of modules where names tell blocks apart or are patterns.

    What has no meaning stays as it is; the field's own check refuses it.

    Raises:
        InvalidFieldsError: see ``read_names``; or the method takes all blocks or none.
    """
    known = {field.name: field for field in fields}
    plain = dict(values)
    for field in known.values():
        if not isinstance(field, Modules) or field.name not in values:
            continue
        found = read_names(field, values[field.name], base)
        if found is None or found.unknown or not found.modules:
            continue
        plain[field.name] = list(found.modules)
        if found.blocks:
            plain[LAYERS.name] = _blocks(
                field, found, values.get(LAYERS.name), LAYERS.name in known
            )
    return plain


def _blocks(field: Modules, found: Named, given: object, has_layers: bool) -> list[int]:
    """The blocks that names tell, which must be those of ``layers_to_transform`` if it is given."""
    told = ", ".join(map(str, found.blocks))
    if not has_layers:
        refuse(
            field.name,
            f"{field.name} must mean all blocks for this method, got the modules of {told} alone.",
        )
    if given not in (None, "", [], ()):
        refuse(
            LAYERS.name,
            f"{LAYERS.name} must be left out where {field.name} names blocks itself ({told}).",
        )
    return list(found.blocks)


def check_blocks(values: Mapping[str, Any], base: Shape) -> None:
    """Refuse blocks that a base has not: a folder of one's own may hold a smaller network."""
    missing = [number for number in values.get(LAYERS.name, ()) if number >= base.n_layers]
    if missing:
        refuse(
            LAYERS.name,
            f"{LAYERS.name} must be some of the base's blocks 0 to {base.n_layers - 1}, or empty "
            f"for all, got {shown(missing)}.",
        )
