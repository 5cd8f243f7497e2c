"""Field: one setting a user can change. Form, checks, API and command line derive from it."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import pydantic

from peft_demo.errors import InvalidFieldsError

Value: TypeAlias = int | float | str | tuple[str, ...]
"""What a field can hold; ``tuple[str, ...]`` is a choice of modules."""

# Patterns of texts without control characters.
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


@dataclass(frozen=True)
class Field:
    """A named setting with its limits, its default and what it does in plain words."""

    name: str
    """The name that peft or transformers gives it."""
    label: str
    help: str
    kind: Literal["integer", "number", "text", "choice", "modules"]
    default: Value | None
    """None for a number that may be left empty."""
    minimum: float | None = None
    """Inclusive."""
    maximum: float | None = None
    """Inclusive; for text, the most characters."""
    step: float | None = None
    choices: tuple[str, ...] = ()
    widget: Literal["slider", "box"] = "slider"
    """How the form draws a number: a slider, or a box to type in where the range is wide."""
    unit: str = ""
    has_lines: bool = False
    """A text may have several lines."""

    @property
    def annotation(self) -> Any:
        """The pydantic type that accepts exactly the allowed values."""
        limits = pydantic.Field(ge=self.minimum, le=self.maximum)
        if self.kind == "integer":
            whole: Any = Annotated[int, limits]
            return whole if self.default is not None else whole | None
        if self.kind == "number":
            return Annotated[float, limits, pydantic.Field(allow_inf_nan=False)]
        if self.kind == "text":
            return Annotated[
                str,
                pydantic.StringConstraints(
                    strip_whitespace=True,
                    min_length=int(self.minimum or 0),
                    max_length=None if self.maximum is None else int(self.maximum),
                    pattern=_LINES if self.has_lines else _ONE_LINE,
                ),
            ]
        choice: Any = Literal[self.choices]
        return choice if self.kind == "choice" else tuple[choice, ...]

    @property
    def allowed(self) -> str:
        """What may be entered, in words: ``a whole number between 1 and 256``."""
        if self.kind in ("integer", "number"):
            noun = "a whole number" if self.kind == "integer" else "a number"
            limits = f"between {_plain(self.minimum)} and {_plain(self.maximum)}{self._unit}"
            return f"{noun} {limits}" + (", or empty" if self.default is None else "")
        if self.kind == "text":
            least = f"{_plain(self.minimum)} to" if self.minimum else "at most"
            lines = "" if self.has_lines else " on one line"
            return f"{least} {_plain(self.maximum)} characters{lines}, without control characters"
        listed = ", ".join(self.choices)
        return f"one of {listed}" if self.kind == "choice" else f"one or more of {listed}"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def check(self, value: object) -> Value | None:
        """Return ``value`` as this field's type; None is only for a field whose default it is.

        Raises:
            InvalidFieldsError: the value is not allowed; names the field, limits and value.
        """
        if self.default is None and value in (None, ""):
            return None
        try:
            if isinstance(value, bool):
                raise ValueError
            if self.kind == "modules":
                value = _as_modules(value)
                if not value:
                    raise ValueError
            checked: Value = _adapter(self).validate_python(value)
        except ValueError as error:
            raise InvalidFieldsError({self.name: self.sentence(value)}) from error
        if self.kind == "modules":
            return tuple(choice for choice in self.choices if choice in checked)  # type: ignore[operator]
        return checked

    def sentence(self, value: object) -> str:
        """The sentence shown when ``value`` is refused."""
        return f"{self.name} must be {self.allowed}, got {shown(value)}."


def shown(value: object, limit: int = 60) -> str:
    """``value`` as it may stand in a sentence: quoted if text, cut if long."""
    if isinstance(value, str):
        if len(value) > limit:
            return f"{json.dumps(value[:limit], ensure_ascii=False)}… ({len(value):,} characters)"
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item)[:limit] for item in value[:12]) or "nothing"
    if value is None:
        return "nothing"
    if isinstance(value, float) and math.isfinite(value):
        return _plain(value)
    return str(value)[:limit]


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


_ADAPTERS: dict[Field, pydantic.TypeAdapter[Any]] = {}


def _adapter(field: Field) -> pydantic.TypeAdapter[Any]:
    """The compiled check of a field; building one costs a hundred times more than using it."""
    if field not in _ADAPTERS:
        _ADAPTERS[field] = pydantic.TypeAdapter(field.annotation)
    return _ADAPTERS[field]


def _as_modules(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ValueError
    return tuple(str(item) for item in value)


def _plain(value: float | None) -> str:
    if value is None:
        return "any number"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:g}"
