"""What kind of text it is, and what it holds: values for the form, sentences about the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import cut
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs.matching import Imported, from_flat, from_peft, plain
from peft_demo.runs.reading.configurations import (
    Configuration,
    chosen,
    configuration_of,
    peft_type_of,
)
from peft_demo.runs.reading.json_files import read_json, what_else
from peft_demo.runs.reading.parsing import attempt, parse
from peft_demo.runs.reading.pieces import LONGEST, Piece, cells_of, is_notebook, without_fences
from peft_demo.runs.reading.scripts import Script
from peft_demo.runs.reading.training import BASE, Training, is_training
from peft_demo.runs.run_fields import METHOD, fields_of

_MOST_NOTES = 40


@dataclass
class _Code:
    """What code holds."""

    configurations: list[Configuration]
    training: Training
    settings: list[dict[str, Any]]
    """Dictionaries that stand by themselves and are no configuration of peft."""
    notes: list[str]
    reason: str
    """Why there is no configuration, as a whole sentence."""


def _read_code(pieces: Sequence[Piece], base: object) -> _Code:
    """Read pieces of code in their order; nothing in it is executed."""
    script, broken = Script(), []
    for piece in pieces:
        parsed = parse(piece)
        script.follow(parsed.statements)
        broken += parsed.broken
    training, configurations, others = Training(script), [], []
    for made in sorted(script.found.values(), key=lambda made: made.line):
        peft_type = peft_type_of(made)
        if peft_type is not None and not made.is_used:
            configurations.append(configuration_of(made, peft_type, base))
        elif peft_type is None and not is_training(made):
            others.append(cut(made.kind))
    unread, notes, but = [lines for lines in broken if lines.is_code], [], ""
    if unread:
        where = ", ".join(lines.place for lines in unread[:6])
        more = f" and {len(unread) - 6} others" if len(unread) > 6 else ""
        notes.append(f"What is no Python is left out: {where}{more} ({unread[0].reason}).")
        but = f" that is valid Python: see {where}{more} ({unread[0].reason})"
    if script.is_exhausted:
        notes.append("The code is too much to be followed to its end, where more may stand.")
        reason = "config must be code that can be followed to its end, got too much of it."
    elif training.read_elsewhere:
        reason = (
            "config must hold the settings themselves, such as the adapter_config.json that is "
            f"read there, got {training.read_elsewhere}."
        )
    elif others:
        reason = (
            "config must hold one call of a configuration class of peft, such as LoraConfig, got "
            f"{' and '.join([*dict.fromkeys(others)][:5])}, not of peft."
        )
    else:
        reason = f"config must hold one call of a peft configuration, got none{but}."
    return _Code(configurations, training, [] if broken else script.settings, notes, reason)


def imported(text: str, rest: Mapping[str, Any], choice: int | None) -> Imported:
    """The configuration that is meant, beside the settings that stay; see ``reading.read``."""
    base = rest.get("base_model", BUILTIN_BASE)
    is_object = text.lstrip().startswith("{")
    values, reason = read_json(text.strip()) if is_object else (None, "")
    if isinstance(values, Mapping):
        if not is_notebook(values):
            return _of_object(plain(values), rest, choice)
        return _of_code(_read_code(cells_of(values), base), rest, choice)
    if len(text) > LONGEST:
        refuse("config", f"config must be valid JSON, got: {reason or 'something else'}.")
    code = _read_code([Piece(text if attempt(text)[0] else without_fences(text))], base)
    if is_object and not code.configurations:
        if not code.settings:
            refuse("config", f"config must be valid JSON, got: {reason}.")
        return _of_object(plain(code.settings[0]), rest, choice)
    return _of_code(code, rest, choice)


def _of_code(code: _Code, rest: Mapping[str, Any], choice: int | None) -> Imported:
    if code.configurations:
        found = _of_peft(code.configurations, rest, choice, code.training)
    elif code.training.values:
        found = _training_alone(code.training.values, rest)
    else:
        refuse("config", code.reason)
    notes = list(dict.fromkeys([*code.notes, *found.notes, *code.training.notes]))
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [f"There are {len(notes) - _MOST_NOTES} more of these."]
    return Imported(found.values, tuple(notes))


def _of_object(values: dict[str, Any], rest: Mapping[str, Any], choice: int | None) -> Imported:
    """A JSON object, or a dictionary as it is printed."""
    if "peft_type" in values:
        return _of_peft([Configuration(values["peft_type"], values)], rest, choice)
    other = what_else(values)
    if other:
        refuse("config", f"config must be the configuration of an adapter, got {other}.")
    inner = {name: one for name, one in values.items() if isinstance(one, dict)}
    several = [
        Configuration(one["peft_type"], one, title=cut(name))
        for name, one in inner.items()
        if "peft_type" in one
    ]
    if several:
        return _of_peft(several, rest, choice)
    if "method" in inner.get("config", {}):
        return from_flat(inner["config"], rest)  # a run as it is exported
    ours = {field.name for field in fields_of("lora") if not field.is_rare}
    if "lora_alpha" in values and "method" not in values and not set(values) <= ours:
        note = "peft_type is not given; lora_alpha says that it is LORA."
        return _of_peft([Configuration("LORA", values, notes=(note,))], rest, choice)
    return from_flat(values, rest)


def _of_peft(
    configurations: Sequence[Configuration],
    rest: Mapping[str, Any],
    choice: int | None,
    training: Training | None = None,
) -> Imported:
    meant = chosen(configurations, choice)
    given, trained = dict(meant.given), training.values if training else {}
    if training and training.base and not given.get(BASE):
        given[BASE] = training.base
    found = from_peft(meant.peft_type, given, rest, trained)
    said = set(found.values) - set(meant.unknown)
    if meant.is_partial:
        said &= {METHOD.name, "base_model", *given, *trained}
    notes = [*meant.notes]
    for source in meant.unknown.values():
        notes.append(f"{source} cannot be known without running the code; ours stays.")
    for note in found.notes:
        name, is_missing, _ = note.partition(" is not given")
        if not is_missing or not (meant.is_partial or name in meant.unknown):
            notes.append(note)
    return Imported({name: found.values[name] for name in found.values if name in said}, (*notes,))


def _training_alone(values: Mapping[str, Any], rest: Mapping[str, Any]) -> Imported:
    """Values of a training whose method the text does not say."""
    notes = ["There is no configuration of peft in it; the method and its settings stay."]
    fitting = dict(values)
    while fitting:
        try:
            return Imported(from_flat(fitting, rest).values, tuple(notes))
        except InvalidFieldsError as error:
            unfit = {name: said for name, said in error.problems.items() if name in fitting}
            if not unfit:
                raise
            for name, sentence in unfit.items():
                del fitting[name]
                notes.append(f"{sentence.rstrip('.')}; ours stays.")
    refuse("config", f"config must hold a value that can be used. {' '.join(notes[1:])}")
