"""Configurations of peft in a text, and which of several is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import cut, shown
from peft_demo.models import BASES, BUILTIN_BASE
from peft_demo.runs.matching import plain, type_of
from peft_demo.runs.reading.parsing import place_of
from peft_demo.runs.reading.values import Alternatives, Made, holds_unknown

_OTHER_LIBRARIES = ("adapters", "opendelta", "transformers")
"""They have classes that are called as peft's are."""

_MOST = 50
"""Configurations of one text."""

_MOST_TELLING = 4
"""Options that are named to tell a configuration from others."""


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
    title: str = ""
    """Its class, what it is called, and its place, as people find it."""


class SeveralConfigurationsError(InvalidFieldsError):
    """A text has several configurations, and nobody has said which is meant."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        listed = "; ".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))
        super().__init__(
            {
                "config": f"config holds {len(labels)} configurations, and choice must be the "
                f"number of the one that is meant: {listed}."
            }
        )


def peft_type_of(made: Made) -> object:
    """The PeftType that an object of a script configures, or None."""
    if made.kind in ("", "PeftConfig"):  # which says itself which one it is
        return made.get("peft_type")
    if not made.kind.endswith("Config") or made.module.startswith(_OTHER_LIBRARIES):
        return None
    try:
        return type_of(made.kind)
    except InvalidFieldsError:
        return None


def configuration_of(made: Made, peft_type: object, base: object) -> Configuration:
    """An object of a script as a configuration.

    Args:
        made: the object.
        peft_type: which PeftType it configures.
        base: the base in use, for whose modules the sides of a condition are compared.
    """
    given, unknown, notes = {}, {}, list(made.notes)
    for option, value in made.items():
        if isinstance(value, Alternatives):
            value, note = _side(option, value, base)
            notes.append(note)
        if holds_unknown(value):
            unknown[option] = made.sources.get(option, cut(option))
        else:
            given[option] = plain(value)
    title = made.kind or "configuration"
    if made.name:
        title = f"{cut(made.name)}, {'a ' if not made.kind else ''}{title}"
    return Configuration(
        peft_type,
        given,
        unknown,
        made.is_partial,
        tuple(notes),
        f"{title} in {place_of(made.line)}",
    )


def _side(option: str, either: Alternatives, base: object) -> tuple[Any, str]:
    """The side that names more of the base's modules, or the first; and a sentence about it."""
    taken = max(either.sides, key=lambda side: _modules_in(side, base))
    fits = f", which fits {base}" if _modules_in(taken, base) else ""
    return taken, (
        f"{cut(option)} depends on {either.condition}, which cannot be known without running the "
        f"code; {cut(repr(taken))} is taken{fits}."
    )


def _modules_in(value: Any, base: object) -> int:
    """How many of a value's names are those of modules of the base."""
    row = BASES.get(str(base), BASES[BUILTIN_BASE]).architecture
    paths = [f".{row.path(module)}" for module in row.modules]
    names = value if isinstance(value, (list, tuple, set)) else [value]
    return sum(any(path.endswith(f".{name}") for path in paths) for name in names)


def chosen(configurations: Sequence[Configuration], choice: object) -> Configuration:
    """The one with the number ``choice``, counted from 1; the only one if all are the same.

    Raises:
        InvalidFieldsError: there are too many, at ``config``; no such number, at ``choice``.
        SeveralConfigurationsError: there are several, and ``choice`` is None.
    """
    found: dict[str, Configuration] = {}
    for each in configurations:
        options = {
            name: value
            for name, value in sorted(each.given.items())
            if value is not None and name != "peft_type"
        }
        key = repr((str(each.peft_type), options, sorted(each.unknown.values())))
        found.setdefault(key, each)
    count, several = len(found), list(found.values())
    if count > _MOST:
        refuse("config", f"config must hold 1 to {_MOST} configurations, got {count:,}.")
    if choice is None:
        if count > 1:
            raise SeveralConfigurationsError(_labels(several))
        return several[0]
    if isinstance(choice, bool) or not isinstance(choice, int) or not 1 <= choice <= count:
        refuse(
            "choice", f"choice must be a whole number between 1 and {count}, got {shown(choice)}."
        )
    return several[choice - 1]


def _labels(configurations: Sequence[Configuration]) -> list[str]:
    """What to call each of them: class, place, and the options that tell it from the others."""
    names = dict.fromkeys(name for each in configurations for name in each.given)
    telling = [
        name
        for name in names
        if name != "peft_type" and len({repr(each.given.get(name)) for each in configurations}) > 1
    ]
    labels = []
    for each in configurations:
        given = [
            f"{cut(name, 40)}={cut(repr(each.given[name]), 50)}"
            for name in telling
            if each.given.get(name) is not None
        ]
        title = each.title or str(plain(each.peft_type))[:60]
        labels.append(f"{title} ({', '.join(given[:_MOST_TELLING])})" if given else title)
    return labels
