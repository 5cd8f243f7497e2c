"""The errors whose text a user may read. Anything else is a defect and goes to the log."""

from collections.abc import Mapping, Sequence
from typing import NoReturn


class PeftDemoError(Exception):
    """Something a user can understand and act on; ``str()`` is one plain sentence."""


class InvalidFieldsError(PeftDemoError):
    """One or more fields hold values that are not allowed.

    ``problems`` maps each field's name to a sentence with the limits and the value that came,
    so that a form can show it next to that field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


class UndecidedError(InvalidFieldsError):
    """A field that was left out because nothing said that it is needed, and cannot be guessed.

    ``choices`` are what it may be, each with what to call it.
    """

    def __init__(self, name: str, sentence: str, choices: Sequence[tuple[str, str]]) -> None:
        self.choices = tuple(choices)
        super().__init__({name: sentence})


def refuse(name: str, sentence: str) -> NoReturn:
    """Raise an ``InvalidFieldsError`` of one field."""
    raise InvalidFieldsError({name: sentence})


class NotFoundError(PeftDemoError):
    """A run, preset, or file that was asked for does not exist."""


class ConflictError(PeftDemoError):
    """The run exists, but its state does not allow what was asked for."""


class NotAllowedError(PeftDemoError):
    """Somebody asked to change what is another's."""


class StoreError(PeftDemoError):
    """The folder or database that keeps the runs cannot be read or written."""


class AssetError(PeftDemoError):
    """A base model, data set or adapter is missing, damaged, of another kind or out of reach."""


class DivergedError(PeftDemoError):
    """A loss is no longer a number: the learning rate was too high."""


class ChangedInputsError(PeftDemoError):
    """A training cannot go on from its checkpoint, which stays where it is."""


class RunCancelledError(Exception):
    """Raised inside a training to leave it at once; never shown as an error."""


def cause(error: BaseException) -> str:
    """Another library's error in at most 300 characters on one line, for the end of a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".") if len(text) <= 300 else f"{text[:299]}…"
