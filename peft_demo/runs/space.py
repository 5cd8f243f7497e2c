"""What a search looks through: the fields that it may vary, and the values of each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import (
    Blocks,
    Choice,
    Field,
    Integer,
    Modules,
    Number,
    Switch,
    Value,
    shown,
)
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs.config import RunConfig
from peft_demo.runs.run_fields import LEARNING_RATE, METHOD, PART_SEEDS
from peft_demo.runs.search import Search
from peft_demo.runs.sweeps import combined, sweepable

DECADE = 10.0
"""A learning rate is looked for from a tenth of the method's measured one to ten times it."""

_NOT_SEARCHED = ("num_train_epochs", "early_stopping_patience", "num_reviews", *PART_SEEDS)
"""What a search spends, and what would have its trials validated on different texts."""

_DOUBLED = tuple(2**power for power in range(8))
_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3)
_FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)


def searchable(method_id: str, base: RunConfig) -> list[Field]:
    """The fields of a method that a search may vary."""
    fields = sweepable(method_id, base.base_model, base.dataset)
    return [field for field in fields if field.name not in _NOT_SEARCHED and _is_known(field, base)]


def options(field: Field, base: RunConfig) -> tuple[Value, ...]:
    """The values that are tried of a field; of the learning rate see ``DECADE``."""
    match field:
        case Choice():
            return tuple(METHODS) if field.name == METHOD.name else tuple(field.choices)
        case Switch():
            return (False, True)
        case Modules():
            return _modules(field, base)
        case Blocks():
            half = (field.maximum + 1) // 2
            halves = (tuple(range(half)), tuple(range(half, field.maximum + 1)))
            return ((), *(blocks for blocks in halves if blocks))
        case Integer():
            return _within(field, _DOUBLED)
        case Number() if field.is_logarithmic and field.default:
            return _within(field, [field.default * factor for factor in _FACTORS])
        case Number():
            return _within(field, _SHARES)
    return ()


def options_of(search: Search, name: str) -> tuple[Value, ...]:
    """The values that a search may give a field of its configuration; none that it leaves alone."""
    if name not in search.over:
        return ()
    field = next(one for one in searchable(search.base.method, search.base) if one.name == name)
    return tuple(search.among.get(name) or options(field, search.base))


def checked_over(
    over: object, among: Mapping[str, object], base: RunConfig
) -> tuple[tuple[str, ...], dict[str, list[Any]]]:
    """The fields to search over, as a list or a text with commas, and what some may only be.

    Raises:
        InvalidFieldsError: at ``over`` or at a field that is unknown, or that no method in play
            has; names what can be searched.
    """
    given = over.split(",") if isinstance(over, str) else over
    if not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        refuse("over", f"over must be a list of fields, got {shown(over)}.")
    listed = [*(name.strip() for name in given if name.strip()), *among]
    names = tuple(dict.fromkeys(listed))
    if not names:
        example = ", ".join(field.name for field in searchable(base.method, base)[:3])
        refuse("over", f"over must name at least one field, such as {example}, got nothing.")
    kept: dict[str, list[Any]] = {}
    # Methods first: they decide which fields there are.
    for name in sorted(among, key=lambda one: one != METHOD.name):
        kept[name] = _listed(_field(name, methods(names, kept, base), base), among[name])
    for name in names:
        _field(name, methods(names, kept, base), base)
    return names, kept


def methods(
    over: Iterable[str], among: Mapping[str, Sequence[Any]], base: RunConfig
) -> tuple[str, ...]:
    """The methods that a search may choose."""
    if METHOD.name not in over:
        return (base.method,)
    return tuple(among.get(METHOD.name) or METHODS)


def with_methods(base: RunConfig, method_ids: Iterable[str]) -> list[RunConfig]:
    """A configuration, and it with each of these other methods that go with its settings."""
    found = [base]
    for method_id in method_ids:
        if method_id != base.method:
            with suppress(InvalidFieldsError):
                found.append(combined(base.flat(), {METHOD.name: method_id}))
    return found


def num_candidates(
    over: Collection[str], among: Mapping[str, Sequence[Any]], base: RunConfig
) -> float:
    """How many configurations there are at most, the recommended one included."""

    def count(field: Field) -> float:
        if field.name == LEARNING_RATE.name and field.name not in among:
            return math.inf
        return len(among.get(field.name) or options(field, base))

    varied = {*over} - {METHOD.name}
    spaces = (searchable(method_id, base) for method_id in methods(over, among, base))
    return 1 + sum(
        math.prod(count(field) for field in fields if field.name in varied) for fields in spaces
    )


def _field(name: str, in_play: Sequence[str], base: RunConfig) -> Field:
    """The field of that name, of the first method in play that has it."""
    known: dict[str, Field] = {}
    for method_id in in_play:
        for field in searchable(method_id, base):
            known.setdefault(field.name, field)
    if name not in known:
        label = METHODS[in_play[0]].label if len(in_play) == 1 else "these methods"
        refuse(
            name,
            f"{shown(name)} cannot be searched for {label}; what can is {', '.join(known)}.",
        )
    return known[name]


def _listed(field: Field, given: object) -> list[Any]:
    if isinstance(given, str):
        given = [part.strip() for part in given.split(field.separator) if part.strip()]
    if not isinstance(given, Sequence) or not given:
        refuse(field.name, f"{field.name} must have at least one value, got {shown(given)}.")
    return list(dict.fromkeys(field.check(value) for value in given))


def _is_known(field: Field, base: RunConfig) -> bool:
    return field.name == LEARNING_RATE.name or bool(options(field, base))


def _within(field: Integer | Number, values: Iterable[float]) -> tuple[Value, ...]:
    found = [value for value in values if field.minimum <= value <= field.maximum]
    if field.default is not None:
        found.append(field.default)
    whole = isinstance(field, Integer)
    return tuple(sorted({int(value) if whole else float(f"{value:.3g}") for value in found}))


def _modules(field: Modules, base: RunConfig) -> tuple[Value, ...]:
    """Sets that people choose: query and value, attention, feed-forward, all linear layers."""
    family = BASES[base.base_model].shape.architecture
    groups = (
        (family.query, family.value),
        family.attention,
        family.feedforward,
        family.linear,
        field.default,
    )
    sets = (tuple(name for name in field.choices if name in group) for group in groups)
    return tuple(dict.fromkeys(modules for modules in sets if modules or field.may_be_empty))
