"""What a text holds, as values for the form and sentences about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.runs.matching import Imported, from_flat, from_peft
from peft_demo.runs.reading.choosing import chosen, distinct
from peft_demo.runs.reading.configurations import Configuration
from peft_demo.runs.reading.contents import Contents
from peft_demo.runs.reading.mentions import BASE
from peft_demo.runs.reading.training import Training
from peft_demo.runs.run_fields import METHOD

_MOST_NOTES = 40


def imported(contents: Contents, rest: Mapping[str, Any], choice: int | None) -> Imported:
    """The configuration that is meant, beside the settings that stay.

    Raises:
        InvalidFieldsError: see ``reading.read``.
    """
    if contents.flat is not None:
        return from_flat(dict(contents.flat), rest)
    training = contents.training or Training((), ())
    if contents.configurations:
        meant = chosen(distinct(contents.configurations), choice)
        found = _configuration(meant, training, rest)
    else:
        found = _training_alone(training.values, rest)
    notes = dict.fromkeys([*contents.notes, *found.notes, *training.notes])
    return Imported(found.values, _cut(list(notes)))


def _configuration(meant: Configuration, training: Training, rest: Mapping[str, Any]) -> Imported:
    if meant.faults:
        refuse("config", meant.faults[0])
    given = dict(meant.given)
    if training.base and not given.get(BASE):
        given[BASE] = training.base
    found = from_peft(meant.peft_type, given, rest, training.values)
    said = set(found.values) - set(meant.unknown)
    if meant.is_partial:
        said &= {METHOD.name, "base_model", *given, *training.values}
    told = [
        f"{source} cannot be known without running the code; ours stays."
        for source in meant.unknown.values()
    ]
    notes = [note for note in found.notes if not _is_about_ours(note, meant)]
    values = {name: value for name, value in found.values.items() if name in said}
    return Imported(values, (*meant.notes, *told, *notes))


def _is_about_ours(note: str, meant: Configuration) -> bool:
    """Whether a sentence says of something that it is not given, although it is, but unknown."""
    name, found, _ = note.partition(" is not given")
    return bool(found) and (meant.is_partial or name in meant.unknown)


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


def _cut(notes: list[str]) -> tuple[str, ...]:
    if len(notes) <= _MOST_NOTES:
        return tuple(notes)
    return (*notes[:_MOST_NOTES], f"There are {len(notes) - _MOST_NOTES} more of these.")
