"""Objects of a script that are configurations of peft, and those that are others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import cut
from peft_demo.models import BASES, BUILTIN_BASE
from peft_demo.runs.matching import plain, type_of
from peft_demo.runs.reading.places import Place
from peft_demo.runs.reading.values import Alternatives, CannotKnowError, Function, Made, Namespace

_OTHER_LIBRARIES = ("adapters", "opendelta", "transformers")
"""They have classes that are called as peft's are."""

_ANY = "PeftConfig"
"""The class above all of them, which says in ``peft_type`` which one it is."""


@dataclass(frozen=True)
class Configuration:
    """One of peft's configurations, as a text gives it."""

    peft_type: object
    given: Mapping[str, Any]
    """Its options, as plain values."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Options whose values cannot be known, with source and place."""
    is_partial: bool = False
    """It has more options, of which nothing is known."""
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    """Why Python itself would not make it."""
    title: str = ""
    """Its class, or what it is called."""
    place: Place | None = None

    @property
    def where(self) -> str:
        """Its title and place, as people find it."""
        return f"{self.title} in {self.place}" if self.place else self.title


def configurations_of(
    found: Iterable[Made], base: object
) -> tuple[list[Configuration], list[Made]]:
    """Those of peft, in the order of their places, and the other objects.

    Args:
        found: all objects that a script makes.
        base: the base in use, for whose modules the sides of a condition are compared.
    """
    configurations, others = [], []
    for made in sorted(found, key=lambda made: made.place):
        peft_type = _peft_type(made)
        if peft_type is None:
            others.append(made)
        elif not made.is_used:
            configurations.append(_configuration(made, peft_type, base))
    return configurations, others


def _peft_type(made: Made) -> object:
    """The PeftType that an object configures, or None."""
    if made.kind in ("", _ANY):
        return made.options.get("peft_type")
    if not made.kind.endswith("Config") or made.module.startswith(_OTHER_LIBRARIES):
        return None
    try:
        return type_of(made.kind)
    except InvalidFieldsError:
        return None


def _configuration(made: Made, peft_type: object, base: object) -> Configuration:
    given, unknown, notes = {}, dict(made.unknown), list(made.notes)
    for option, value in made.options.items():
        try:
            if isinstance(value, Alternatives):
                value, note = _chosen(option, value, base)
                notes.append(note)
            given[option] = plain(_without_objects(value))
        except CannotKnowError:
            unknown[option] = cut(option)
    title = made.kind or "configuration"
    if made.name:
        title = f"{cut(made.name)}, {'a ' if not made.kind else ''}{title}"
    return Configuration(
        peft_type,
        given,
        unknown,
        made.is_partial,
        tuple(notes),
        tuple(made.faults),
        title,
        made.place,
    )


def _without_objects(value: Any) -> Any:
    """A value in which objects are the options that they were given."""
    if isinstance(value, Made):
        return _without_objects(value.options)
    if isinstance(value, (Namespace, Alternatives, Function)):
        raise CannotKnowError
    if isinstance(value, dict):
        return {name: _without_objects(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_objects(one) for one in value]
    return value


def _chosen(option: str, either: Alternatives, base: object) -> tuple[Any, str]:
    """The side that names more of the base's modules, or the first; and a sentence about it."""
    sides = list(either.sides())
    taken = max(sides, key=lambda side: _modules_in(side, base))
    fits = f", which fits {base}" if _modules_in(taken, base) else ""
    return taken, (
        f"{cut(option)} depends on {either.condition}, which cannot be known without running the "
        f"code; {_cut(taken)} is taken{fits}."
    )


def _modules_in(value: Any, base: object) -> int:
    """How many of a value's names are those of modules of the base."""
    row = BASES.get(str(base), BASES[BUILTIN_BASE]).architecture
    paths = [f".{row.path(module)}" for module in row.modules]
    names = value if isinstance(value, (list, tuple, set)) else [value]
    return sum(any(path.endswith(f".{name}") for path in paths) for name in names)


def _cut(value: object) -> str:
    text = repr(value)
    return cut(text)
