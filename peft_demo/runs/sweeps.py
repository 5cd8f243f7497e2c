"""Sweeps and repeats: many configurations from one, as one group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from peft_demo.data import DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Field, Integer, Value, shown
from peft_demo.formats import typed
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs.config import RunConfig
from peft_demo.runs.known import SHORT
from peft_demo.runs.run import GroupKind
from peft_demo.runs.run_fields import (
    LEARNING_RATE,
    METHOD,
    MOST_SEED,
    NAME,
    fields_of,
    method_field,
)

MOST_RUNS = 64
"""Runs of one group: more would keep a laptop busy for a day."""

MOST_AXES = 2
"""Fields that are swept at once: their grid can still be drawn."""

MOST_RACERS = 8
"""Runs that can be followed, and kept in memory, at once."""

REPEATS = Integer(
    "repeats",
    "Repeats",
    "Trains the same configuration this many times with seeds one apart, so that you see how much "
    "of a difference is chance. The seeds below can fix parts of it.",
    1,
    1,
    16,
)


@dataclass(frozen=True)
class Plan:
    """What is going to be queued together."""

    kind: GroupKind
    name: str
    configs: tuple[RunConfig, ...]
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    is_race: bool = False


def plan(
    values: Mapping[str, object],
    axes: Mapping[str, object] | None = None,
    *,
    repeats: object = REPEATS.default,
    race: bool = False,
) -> Plan:
    """Every combination of the axes' values on top of one configuration, each with its repeats.

    Where methods are swept, settings go to those that have them, and each method takes the
    learning rate that was measured for it unless rates are swept or it is the configuration's own.

    Args:
        values: the flat configuration that all have in common.
        axes: the swept fields with their values, as a list or as text: ``{"r": "4, 16"}``; sets of
            modules are parted by semicolons.
        repeats: seeds for each.
        race: whether they are trained in turns.

    Raises:
        InvalidFieldsError: at the swept field, at ``repeats``, ``race`` or ``sweep``.
    """
    count = int(REPEATS.check(repeats))  # type: ignore[arg-type]
    method = str(method_field().check(values.get(METHOD.name, METHOD.default)))
    parsed = _parse(axes or {}, method, values)
    total = math.prod(map(len, parsed.values()), start=count)
    if total > MOST_RUNS:
        factors = [f"{len(listed)} values of {name}" for name, listed in parsed.items()]
        factors += [f"{count} repeats"] if count > 1 else []
        came = f"{' × '.join(factors)} = {total:,}"
        refuse("sweep", f"sweep must be 1 to {MOST_RUNS} runs, got {came}.")
    if race and not 2 <= total <= MOST_RACERS:
        refuse("race", f"race must have 2 to {MOST_RACERS} runs, got {total}.")
    configs = [
        one
        for combination in product(*parsed.values())
        for one in _repeated(combined(values, dict(zip(parsed, combination, strict=True))), count)
    ]
    kind = GroupKind.SWEEP if parsed else GroupKind.REPEATS
    return Plan(kind, _name(parsed, count, configs[0]), tuple(configs), parsed, race)


def sweepable(method_id: str, base_model: object = None, dataset: object = None) -> list[Field]:
    """The fields that can be swept for a method: all but its name and what repeats are for.

    Base and data set limit them; see ``fields_of``.
    """
    fields = fields_of(method_id, base_model, dataset)
    return [field for field in fields if field.name not in _NEVER]


_NEVER = (NAME.name, "base_model", "dataset", "num_test_reviews", "seed")


def _parse(
    axes: Mapping[str, object], method: str, values: Mapping[str, object]
) -> dict[str, tuple[Any, ...]]:
    if len(axes) > MOST_AXES:
        refuse("sweep", f"sweep must be over at most {MOST_AXES} fields, got {len(axes)}.")
    # Methods first: they decide which fields there are.
    ordered = sorted(axes, key=lambda name: name != METHOD.name)
    parsed: dict[str, tuple[Any, ...]] = {}
    for name in ordered:
        methods = parsed.get(METHOD.name, (method,))
        parsed[name] = _values(_field(name, methods, values), axes[name])
    return {name: parsed[name] for name in axes}


def _field(name: str, methods: Iterable[str], values: Mapping[str, object]) -> Field:
    """The field of that name, which all of the methods must have."""
    found = []
    base = values.get("base_model", BUILTIN_BASE)
    dataset = values.get("dataset", DEFAULT_DATASET)
    for method_id in methods:
        known = {field.name: field for field in sweepable(method_id, base, dataset)}
        if name not in known:
            label = METHODS[method_id].label
            refuse(
                name, f"{shown(name)} cannot be swept for {label}; what can is {', '.join(known)}."
            )
        found.append(known[name])
    return found[0]


def _values(field: Field, given: object) -> tuple[Any, ...]:
    if isinstance(given, str):
        given = [part.strip() for part in given.split(field.separator) if part.strip()]
    if not isinstance(given, Sequence):
        given = [given]
    checked = tuple(dict.fromkeys(field.check(value) for value in given))
    if len(checked) < 2:
        refuse(
            field.name,
            f"{field.name} must have at least 2 different {field.several}, got {shown(given)}.",
        )
    return checked


def combined(values: Mapping[str, object], swept: Mapping[str, Value]) -> RunConfig:
    """A configuration with some values of its own, and a name that says them; see ``plan``.

    Raises:
        InvalidFieldsError: these values do not go together.
    """
    if not swept:
        return RunConfig(values)
    before = str(values.get(METHOD.name, METHOD.default))
    method = str(swept.get(METHOD.name, before))
    has = {field.name for field in fields_of(method)}
    kept = {name: value for name, value in values.items() if name in has or method == before}
    if method != before:
        kept.pop(LEARNING_RATE.name, None)
    rest = {name: value for name, value in swept.items() if name != METHOD.name}
    name = " · ".join([METHODS[method].label, *filter(None, [_words(rest)])])
    try:
        return RunConfig({**kept, METHOD.name: method, **swept, NAME.name: _fitting(name)})
    except InvalidFieldsError as error:
        raise InvalidFieldsError(
            {name: f"With {_words(swept)}: {sentence}" for name, sentence in error.problems.items()}
        ) from error


def _repeated(config: RunConfig, count: int) -> list[RunConfig]:
    """The configuration with as many seeds; parts that have a seed of their own keep it."""
    if count == 1:
        return [config]
    seeds = [(config.seed + step) % (MOST_SEED + 1) for step in range(count)]
    return [with_seed(config, seed) for seed in seeds]


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """The configuration with another seed, which its name says."""
    named = {"seed": seed, "name": _fitting(f"{config.name} · seed {seed}")}
    return config.model_copy(update=named)


def _fitting(name: str) -> str:
    """A run's name, or none if it is too long for one."""
    return name if len(name) <= NAME.maximum else ""


def _words(swept: Mapping[str, Any]) -> str:
    """``r 4 · alpha 8``: the swept values as they stand in names."""
    return " · ".join(
        f"{short_name(name)} {_plain(value, 'all' if name == LAYERS.name else 'none')}"
        for name, value in swept.items()
    )


def short_name(name: str) -> str:
    """A field as it stands in the names of runs: ``lr``."""
    short = {LEARNING_RATE.name: "lr", "target_modules": "on", "num_reviews": "reviews"} | SHORT
    return short.get(name, name.removeprefix("lora_"))


def _plain(value: Any, empty: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        parts = (str(part).removesuffix("_lin").removeprefix("ffn.") for part in value)
        return "+".join(parts) or empty
    return typed(value) if isinstance(value, (int, float)) else str(value)


def _name(parsed: Mapping[str, Sequence[Any]], count: int, first: RunConfig) -> str:
    if not parsed:
        return f"{first.method_label}, {count} seed{'s' if count > 1 else ''}"
    fields = " × ".join(short_name(name) for name in parsed)
    repeated = f", {count} seeds" if count > 1 else ""
    label = "" if METHOD.name in parsed else f"{first.method_label}: "
    return f"{label}{fields}{repeated}"
