"""A configuration of peft, as a row of METHODS with the values of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS, Method
from peft_demo.models import BASES, BUILTIN_BASE, Pretrained, base_named
from peft_demo.runs.config import RunConfig
from peft_demo.runs.matching import notes
from peft_demo.runs.matching.field_values import Taken, allows, field_values
from peft_demo.runs.matching.imported import Imported, complete, with_origin
from peft_demo.runs.matching.not_honoured import why
from peft_demo.runs.matching.peft_classes import (
    class_of,
    defaults_of,
    options_of,
    row_among,
    rows_of,
)
from peft_demo.runs.run_fields import METHOD

BOOKKEEPING = {
    "peft_type",
    "task_type",
    "auto_mapping",
    "peft_version",
    "revision",
    "inference_mode",
    "base_model_name_or_path",
    "modules_to_save",
    "exclude_modules",
}
"""What says nothing about the training, or is looked at by itself."""


def from_peft(
    peft_type: object,
    given: Mapping[str, Any],
    rest: Mapping[str, Any],
    training: Mapping[str, Any] = MappingProxyType({}),
) -> Imported:
    """The row that a configuration of peft belongs to, and what it says of its fields.

    No option is refused because it is unknown, or cannot be honoured: a note says so.

    Args:
        peft_type: as peft names it.
        given: its options, as ``plain`` values.
        rest: the flat configuration whose other settings stay.
        training: what is said beside it about fields that all runs have, by their names:
            ``learning_rate``, ``seed``. What is not allowed is left out, with a note.

    Raises:
        InvalidFieldsError: the method is not offered here, or a field's value is not allowed.
    """
    name, found = class_of(peft_type)
    rows = rows_of(found, name)
    usual = defaults_of(found)
    known = {option: value for option, value in given.items() if option in usual}
    base = _base(given, rest)
    method = row_among(rows, known, usual, partial(_accepts, base=base))
    taken = field_values(method, base, known, usual)
    values = {METHOD.name: method.id, **taken.values, **training}
    if _named_base(given) == base.id:
        values["base_model"] = base.id
    values |= _scheduled(method, known, values, rest, training, taken)
    config, unfit = _fitting(values, known, rest, training)
    flat = config.flat()
    usual_here = RunConfig({METHOD.name: method.id}).flat()
    dull = {n for n in method.rare_defaults if usual_here[n] == flat[n] == rest.get(n, flat[n])}
    said = {name: flat[name] for name in values if name not in {*unfit, *dull}}
    told = [
        *notes.about_base(
            given.get("base_model_name_or_path"), config.base_model, _base({}, rest).id
        ),
        *notes.about_task(given),
        *notes.about_type(given.get("peft_type"), name, found.__name__),
        *taken.notes,
        *unfit.values(),
        *_unhonoured(method, config, known, usual),
        *notes.about_unknown(
            found.__name__, {n: value for n, value in given.items() if n not in usual}
        ),
        *notes.about_head(given, base.architecture),
    ]
    return Imported(said, tuple(told))


def _accepts(method: Method, name: str, value: object, base: Pretrained) -> bool:
    return allows(method, name, value, base)


def _named_base(given: Mapping[str, Any]) -> str | None:
    name = given.get("base_model_name_or_path")
    return base_named(name) if isinstance(name, str) else None


def _base(given: Mapping[str, Any], rest: Mapping[str, Any]) -> Pretrained:
    """The base that is named, if it need not be downloaded first; else the one that stays."""
    stays = BASES[rest.get("base_model", BUILTIN_BASE)]
    named = _named_base(given)
    return BASES[named] if named and BASES[named].is_at_hand() else stays


def _scheduled(
    method: Method,
    given: Mapping[str, Any],
    values: Mapping[str, Any],
    rest: Mapping[str, Any],
    training: Mapping[str, Any],
    taken: Taken,
) -> dict[str, Any]:
    """Values of the method's that count steps, made for as many as the training has here."""
    if method.fit_schedule is None:
        return {}
    names = method.fit_schedule(given, 1)
    without = {name: value for name, value in values.items() if name not in names}
    stays = {name: value for name, value in rest.items() if name not in names}
    config, _ = _fitting(without, given, stays, training)
    fitted = method.fit_schedule(given, config.max_steps)
    changed = {n: v for n, v in fitted.items() if v != given.get(n, v)}
    if changed or given.get("total_step") not in (None, config.max_steps):
        told = {n: given[n] for n in ("tinit", "tfinal", "total_step") if n in given}
        steps = f"{notes.listing(told)}: the training has {config.max_steps:,} steps here"
        listed = notes.listing(fitted)
        taken.notes.append(
            f"{steps}, so {listed} are used."
            if len(fitted) > 1
            else f"{steps}, so {listed} is used."
        )
    return fitted


def _fitting(
    values: Mapping[str, Any],
    given: Mapping[str, Any],
    rest: Mapping[str, Any],
    training: Mapping[str, Any],
) -> tuple[RunConfig, dict[str, str]]:
    """The complete configuration, without peft's defaults and training's values which do not fit.

    Returns the configuration, and a note on each value that was left out.
    """
    said = {**given, **{n: v for n, v in values.items() if n in (METHOD.name, "base_model")}}
    row = METHODS[values[METHOD.name]]
    may_go = {*training, *row.rare_defaults}
    unfit: dict[str, str] = {}
    while True:
        try:
            return complete({n: v for n, v in values.items() if n not in unfit}, rest), unfit
        except InvalidFieldsError as error:
            new = {
                name: f"{_unfit(name, {**given, **training})}; ours stays: {sentence}"
                for name, sentence in error.problems.items()
                if name in values and name not in unfit and (name in may_go or name not in said)
            }
            if not new:
                raise with_origin(error, said) from error
            unfit |= new


def _unfit(name: str, said: Mapping[str, Any]) -> str:
    if name in said:
        return f"{name}={notes.quoted(said[name])} does not fit here"
    return f"{name} is not given, and peft's default does not fit"


def _unhonoured(
    method: Method, config: RunConfig, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> list[str]:
    """A sentence for each option that will be another, given or changed with the fields."""
    assert method.peft_config is not None
    start = RunConfig({"method": config.method, "base_model": config.base_model}).method_values
    ours, before = (
        options_of(method.peft_config(values, config.setting))
        for values in (config.method_values, start)
    )
    told_already = {*config.method_values, *BOOKKEEPING, *method.scheduled_by}
    told_already |= {*method.ignored_by_peft}
    unused = [
        f"{name}={notes.quoted(given[name])} has no effect in peft's {method.peft_config.name}."
        for name in method.ignored_by_peft
        if given.get(name) not in (None, usual[name])
    ]
    return unused + [
        f"{name}={notes.quoted(value)} cannot be honoured here, because {why(name)}; "
        f"{notes.quoted(ours[name])} is used."
        for name, value in {**usual, **given}.items()
        if (name in given or ours[name] != before[name])
        and name not in told_already
        and value not in (None, ours[name])
        and notes.has_effect(name, {**usual, **given})
    ]
