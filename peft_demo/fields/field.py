"""Field: what every setting has and does, whatever kind of value it holds."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, TypeAlias

import pydantic

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields.words import must_be, shown, shown_single

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | tuple[int, ...]
"""What a field can hold: a tuple is a choice of modules or of blocks."""

Widget: TypeAlias = Literal["slider", "number", "text", "dropdown", "checkbox", "checkboxes"]
"""What a form draws: a number to slide or to type, a line of text, one of some, yes or no, some of
some."""


@dataclass(frozen=True)
class Field(ABC):
    """A named setting with its limits, its default and what it does in plain words."""

    kind: ClassVar[str]
    """As API and command line name it."""
    is_list: ClassVar[bool] = False
    """Whether a value is several at once."""
    is_rare: bool = dataclasses.field(default=False, kw_only=True)
    """Few need it: forms put it aside, and names and tables leave it out at its default."""
    separator: ClassVar[str] = ","
    """What parts the values of a sweep."""
    several: ClassVar[str] = "values parted by commas"

    name: str
    """The name that peft or transformers gives it."""
    label: str
    help: str
    default: Any
    """A Value, or None for a number that may be left empty."""

    @property
    @abstractmethod
    def annotation(self) -> Any:
        """The pydantic type that accepts exactly the allowed values."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may be entered, in words: ``a whole number between 1 and 256``."""

    @property
    @abstractmethod
    def widget(self) -> Widget:
        """What a form draws."""

    @property
    def scale(self) -> dict[str, Any] | None:
        """What a slider beside a number needs to know."""
        return None

    @property
    def unit(self) -> str:
        """What a number counts, or an empty text."""
        return ""

    @property
    def swept(self) -> str:
        """What a sweep may go over, in words."""
        return self.allowed[:1].upper() + self.allowed[1:]

    @property
    def example(self) -> str:
        """The values of a sweep."""
        return ""

    def written(self, value: Any) -> Any:
        """A value as its widget shows it."""
        return value

    def described(self) -> dict[str, Any]:
        """The field as plain data."""
        return {
            "name": self.name,
            "label": self.label,
            "help": self.help,
            "kind": self.kind,
            "allowed": self.allowed,
            "is_rare": self.is_rare,
            "default": list(self.default) if isinstance(self.default, tuple) else self.default,
            "minimum": getattr(self, "minimum", None),
            "maximum": getattr(self, "maximum", None),
            "choices": list(getattr(self, "choices", ())),
        }

    def check(self, value: object) -> Value | None:
        """Return ``value`` as this field's type; None is only for a field whose default it is.

        Raises:
            InvalidFieldsError: the value is not allowed; names the field, limits and value.
        """
        if self.default is None and value in (None, ""):
            return None
        if self.is_rare and value is None:
            return self.default
        try:
            if isinstance(value, bool) and not isinstance(self.default, bool):
                raise ValueError
            return self._ordered(_adapter(self).validate_python(value))
        except ValueError as error:
            came = shown(value) if self.is_list else shown_single(value)
            sentence = must_be(self.name, self.allowed, came)
            raise InvalidFieldsError({self.name: sentence}) from error

    def _ordered(self, checked: Value) -> Value:
        return checked


def check_all(fields: Iterable[Field], values: Mapping[str, object]) -> dict[str, Value | None]:
    """Check every field, a missing one taking its default.

    Raises:
        InvalidFieldsError: with the sentences of all fields that failed, not only the first.
    """
    checked: dict[str, Value | None] = {}
    problems: dict[str, str] = {}
    for field in fields:
        try:
            checked[field.name] = field.check(values.get(field.name, field.default))
        except InvalidFieldsError as error:
            problems.update(error.problems)
    if problems:
        raise InvalidFieldsError(problems)
    return checked


@cache
def _adapter(field: Field) -> pydantic.TypeAdapter[Any]:
    """The compiled check of a field; building one costs a hundred times more than using it."""
    return pydantic.TypeAdapter(field.annotation)
