"""Peft's configuration as a row of METHODS with the values of its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Modules, shown
from peft_demo.methods import METHODS, UNSUPPORTED, Method
from peft_demo.models import BASES, BUILTIN_BASE, Architecture
from peft_demo.runs.config import RunConfig
from peft_demo.runs.run_fields import METHOD, NAME, run_fields

if TYPE_CHECKING:
    from peft_demo.libraries import peft

_BOOKKEEPING = {
    "peft_type",
    "task_type",
    "auto_mapping",
    "peft_version",
    "revision",
    "inference_mode",
    "base_model_name_or_path",
    "modules_to_save",
}
"""What says nothing about the training, or is looked at by itself."""

_HEAD_OF_PEFT = "score"
"""Its own name for a head, which it adds to every configuration."""


@dataclass(frozen=True)
class Imported:
    """What was read."""

    values: dict[str, Any]
    """A flat mapping for RunConfig: the method, what the text says, and what peft would take for
    the method's fields that it leaves out."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that cannot be honoured."""


def _complete(values: Mapping[str, Any], rest: Mapping[str, Any]) -> RunConfig:
    """The values, and of the rest what their method has too; its name is made anew."""
    method = values.get(METHOD.name, rest.get(METHOD.name, METHOD.default))
    of_any = {field.name for field in run_fields()}
    is_same = method == rest.get(METHOD.name)
    kept = {n: v for n, v in rest.items() if n in of_any or (is_same and n != NAME.name)}
    return RunConfig({**kept, **values})


def from_flat(values: dict[str, Any], rest: Mapping[str, Any]) -> Imported:
    """Our own flat mapping, beside the settings that stay."""
    if not values:
        refuse("config", "config must hold settings, got an empty object.")
    try:
        config = _complete(values, rest)
    except InvalidFieldsError as error:
        raise _with_origin(error, values) from error
    flat = config.flat()
    if config.name == config.summary:
        values = {name: value for name, value in values.items() if name != NAME.name}
    return Imported({name: flat[name] for name in {METHOD.name: "", **values}})


def _with_origin(error: InvalidFieldsError, said: Mapping[str, Any]) -> InvalidFieldsError:
    """The same problems, saying which fields are not in the text at all."""
    return InvalidFieldsError(
        {
            name: sentence if name in said else f"{name} is not given, and does not fit: {sentence}"
            for name, sentence in error.problems.items()
        }
    )


# From peft's configuration to a row


def type_of(class_name: str) -> str:
    """The PeftType of peft's configuration class of that name."""
    for peft_type, found in _classes().items():
        if found.__name__ == class_name:
            return peft_type
    refuse(
        "config",
        f"config must build the configuration of one of peft's methods, got {class_name[:60]}.",
    )


def _classes() -> dict[str, type[peft.PeftConfig]]:
    """Peft's configuration classes by their PeftType."""
    from peft_demo.libraries import peft

    return {
        str(kind.value): found for kind, found in peft.mapping.PEFT_TYPE_TO_CONFIG_MAPPING.items()
    }


def _rows(found: type[peft.PeftConfig], peft_type: object) -> list[Method]:
    """The methods that it configures."""
    rows = [
        method
        for method in METHODS.values()
        if method.peft_config and method.peft_config.name == found.__name__
    ]
    if not rows:
        other = next((row for row in UNSUPPORTED if row.peft_type == peft_type), None)
        told = f"{other.label} is not offered here: {other.reason}" if other else ""
        refuse("peft_type", told or f"{peft_type} is not offered here.")
    return rows


def _options(config: peft.PeftConfig) -> dict[str, Any]:
    return {field.name: plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _defaults(found: type[peft.PeftConfig]) -> dict[str, Any]:
    """What peft takes for options that are not given."""
    defaults = {}
    for field in dataclasses.fields(found):
        value = field.default
        if value is MISSING:
            value = field.default_factory() if field.default_factory is not MISSING else None
        defaults[field.name] = plain(value)
    return defaults


def plain(value: Any) -> Any:
    """A value whose equals are equal: JSON has neither sets, nor tuples, nor enumerations."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # half a surrogate is no text
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return value


def from_peft(
    peft_type: object,
    given: Mapping[str, Any],
    rest: Mapping[str, Any],
    training: Mapping[str, Any] = MappingProxyType({}),
) -> Imported:
    """The row that a configuration of peft belongs to, and what it says of its fields.

    Args:
        peft_type: as peft names it.
        given: its options, as ``plain`` values.
        rest: the flat configuration whose other settings stay.
        training: what is said beside it about fields that all runs have, by their names:
            ``learning_rate``, ``seed``. What is not allowed is left out, with a note.
    """
    found = _classes().get(str(peft_type))
    if found is None:
        refuse("peft_type", f"peft_type must be one that peft has, got {shown(peft_type)}.")
    rows = _rows(found, peft_type)
    usual = _defaults(found)
    _check_options(found, peft_type, given, usual)
    method = _matching(rows, given, usual)
    values, notes = _base(given)
    values[METHOD.name] = method.id
    base = values.get("base_model", rest.get("base_model", BUILTIN_BASE))
    architecture = BASES[base].architecture
    taken, more = _field_values(method, architecture, given, usual)
    values |= taken
    values |= training
    config, unfit = _fitting(values, given, rest, training)
    flat = config.flat()
    said = {name: flat[name] for name in values if name not in unfit}
    notes += [*more, *unfit.values(), *_unhonoured(method, config, given, usual)]
    notes += _beside_head(given, architecture)
    return Imported(said, tuple(notes))


def _check_options(
    found: type[peft.PeftConfig],
    peft_type: object,
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
) -> None:
    problems = {
        name: f"{shown(name)} is no option of peft's {found.__name__}."
        for name in given
        if name not in usual
    }
    for name, right in (("peft_type", peft_type), ("task_type", "SEQ_CLS")):
        if given.get(name) not in (None, right):
            problems[name] = f"{name} must be {right}, got {shown(given[name])}."
    if problems:
        raise InvalidFieldsError(problems)


def _matching(rows: list[Method], given: Mapping[str, Any], usual: Mapping[str, Any]) -> Method:
    """The row whose fixed options are the given ones."""
    if len(rows) == 1:
        return rows[0]
    came = {**usual, **{name: value for name, value in given.items() if value is not None}}
    fixed = {row.id: row.peft_config.options for row in rows if row.peft_config}
    telling = {name for options in fixed.values() for name in options}
    own = {row.id: telling - {field.name for field in row.fields} for row in rows}
    # First those that fix what is a field of others: head only has no target modules.
    for row in sorted(rows, key=lambda row: -len(own[row.id])):
        if all(came[name] == fixed[row.id].get(name, usual[name]) for name in own[row.id]):
            return row
    common = set.intersection(*own.values())
    known = [
        f"{row.label}: {_listed(fixed[row.id]) or 'none'}"
        for row in rows
        if common.issuperset(fixed[row.id])
    ]
    odd = {name: came[name] for name in sorted(common) if came[name] != usual[name]}
    refuse(
        "config",
        f"config must have the options of one method ({'; '.join(known)}), got {_listed(odd)}.",
    )


def _listed(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_cut(value)}" for name, value in options.items())


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _field_values(
    method: Method,
    architecture: Architecture,
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    """Values for the method's fields, those of peft where none is given; notes where neither is."""
    values, notes = {}, []
    for field in method.fields_on(architecture):
        value = given.get(field.name, usual.get(field.name))
        if value is None and usual.get(field.name) is None:
            notes.append(f"{field.name} is not given and peft has no default; ours stays.")
        else:
            if isinstance(field, Modules):
                value = _modules(field, architecture, value)
            values[field.name] = value
    return values, notes


def _modules(field: Modules, architecture: Architecture, value: Any) -> Any:
    if value == "all-linear" and set(architecture.linear) <= set(field.choices):
        return list(architecture.linear)
    if isinstance(value, str):
        refuse(
            field.name,
            f"{field.name} must be a list with {field.allowed}, got {shown(value)}, which peft "
            "takes for a regular expression.",
        )
    if not isinstance(value, list):
        return value  # refused by the field's own check
    return [_module(field, architecture, str(name)) for name in value]


def _module(field: Modules, architecture: Architecture, name: str) -> str:
    """A module by the name that the form has; as in peft, the end of its path is enough."""
    for choice in field.choices:
        if f".{architecture.path(choice)}".endswith(f".{name}"):
            return choice
    return name  # refused by the field's own check, with the names that there are


def _fitting(
    values: dict[str, Any],
    given: Mapping[str, Any],
    rest: Mapping[str, Any],
    training: Mapping[str, Any],
) -> tuple[RunConfig, dict[str, str]]:
    """The complete configuration, without those values that do not fit.

    Returns the configuration, and a note on each value that was left out.
    """
    said = {**given, **{n: v for n, v in values.items() if n in (METHOD.name, "base_model")}}
    unfit: dict[str, str] = {}
    while True:
        try:
            return _complete({n: v for n, v in values.items() if n not in unfit}, rest), unfit
        except InvalidFieldsError as error:
            new = {
                name: f"{_unfit(name, training)}; ours stays: {sentence}"
                for name, sentence in error.problems.items()
                if name in values and name not in unfit and (name in training or name not in said)
            }
            if not new:
                raise _with_origin(error, said) from error
            unfit |= new


def _unfit(name: str, training: Mapping[str, Any]) -> str:
    if name in training:
        return f"{name}={_cut(training[name])} does not fit here"
    return f"{name} is not given, and peft's default does not fit"


def _base(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    base = given.get("base_model_name_or_path")
    if isinstance(base, str) and base in BASES:
        return {"base_model": base}, []
    if base:
        return {}, [f"base_model_name_or_path={_cut(base)} is not one of the bases here."]
    return {}, []


def _unhonoured(
    method: Method, config: RunConfig, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> list[str]:
    """A sentence for each option that will be another, given or changed with the fields."""
    assert method.peft_config is not None
    start = RunConfig({"method": config.method}).method_values
    ours, before = (
        _options(method.peft_config(values, config.setting))
        for values in (config.method_values, start)
    )
    named = {*config.method_values, *_BOOKKEEPING}
    return [
        f"{name}={_cut(value)} cannot be honoured here; {_cut(ours[name])} is used."
        for name, value in {**usual, **given}.items()
        if (name in given or ours[name] != before[name])
        and name not in named
        and value not in (None, ours[name])
    ]


def _beside_head(given: Mapping[str, Any], architecture: Architecture) -> list[str]:
    names = given.get("modules_to_save") or []
    if not isinstance(names, list):
        names = [names]
    others = sorted({str(name)[:60] for name in names} - {*architecture.head, _HEAD_OF_PEFT})
    if not others:
        return []
    return [f"modules_to_save: only the head is trained here, not {shown(others)}."]
