"""A class for each kind of value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields.field import Field, Value, Widget
from peft_demo.formats import number, typed
from peft_demo.languages import _, gettext_noop, in_signs

# Patterns of texts without control characters, and without those that turn the direction of
# writing: "gnp.exe" would be read as "exe.png", and what stands beside it turned too.
_TURNING = r"\u202a-\u202e\u2066-\u2069"
_ONE_LINE = rf"^[^\x00-\x1f\x7f\u2028\u2029{_TURNING}]*$"
_LINES = rf"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f{_TURNING}]*$"

_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:,\d{3})+|(?:[ \u00a0\u2009\u202f]\d{3})+)(?:\.\d*)?")
"""A number whose thousands are parted: 19,000 or 19 000."""

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class _Numeric(Field):
    """A number between two limits."""

    noun: ClassVar[str]
    has_fractions: ClassVar[bool] = False

    default: float | None
    minimum: float
    """Inclusive."""
    maximum: float
    """Inclusive."""
    step: float | None = None
    is_typed: bool = False
    """Its range is too wide for a slider of equal steps."""
    unit: str = ""

    @property
    def is_logarithmic(self) -> bool:
        """Whether a slider goes by factors: its range spans two decades or more."""
        return self.minimum > 0 and self.maximum >= 100 * self.minimum

    @property
    def scale(self) -> dict[str, Any] | None:
        """What a slider needs to know; None if the number can only be typed."""
        if self.is_typed and not self.is_logarithmic:
            return None
        return {
            "min": self.minimum,
            "max": self.maximum,
            "step": self.step,
            "log": self.is_logarithmic,
        }

    @property
    def allowed(self) -> str:
        limits = {"low": number(self.minimum), "high": number(self.maximum)}
        words = _("%(noun)s between %(low)s and %(high)s") % {"noun": _(self.noun), **limits}
        if self.minimum == self.maximum:  # own texts may leave no choice
            words = limits["low"]
        unit = f" {_(self.unit)}" if self.unit else ""
        return words + unit + (_(", or empty") if self.default is None else "")

    def check(self, value: object) -> Value | None:
        """Also takes ``19,000``, and numbers as the current language writes them.

        A comma that parts no thousands could be either in English, and is refused.

        See Field.
        """
        if not isinstance(value, str):
            return super().check(value)
        text = value.strip()
        group = in_signs(",")
        if not self.has_fractions and re.fullmatch(
            rf"[1-9]\d{{0,2}}({re.escape(group)}\d{{3}})+", text
        ):
            return super().check(text.replace(group, ""))
        if _GROUPED.fullmatch(text):
            return super().check(re.sub(r"[,\s]", "", text))
        try:
            return super().check(text.replace("−", "-"))
        except InvalidFieldsError as error:
            if not (self.has_fractions and _DECIMAL_COMMA.fullmatch(text)):
                raise
            if in_signs(".") == ",":
                return super().check(text.replace(",", "."))
            hint = _("write %(number)s with a point") % {"number": text.replace(",", ".")}
            sentence = f"{error.problems[self.name].removesuffix('.')}: {hint}."
            raise InvalidFieldsError({self.name: sentence}) from error


@dataclass(frozen=True)
class Integer(_Numeric):
    """A whole number, which may be left empty if its default is None."""

    kind = "integer"
    example = "1, 4, 16"
    noun = gettext_noop("a whole number")

    default: int | None
    minimum: int
    maximum: int
    step: int = 1

    @property
    def annotation(self) -> Any:
        whole: Any = Annotated[int, pydantic.Field(ge=self.minimum, le=self.maximum)]
        return whole if self.default is not None else whole | None

    @property
    def widget(self) -> Widget:
        if not self.is_typed:
            return "slider"
        # Once it is shown, an empty box for numbers says 0.
        return "text" if self.default is None else "number"


@dataclass(frozen=True)
class Number(_Numeric):
    """A number."""

    kind = "number"
    example = "1e-4, 1e-3"
    noun = gettext_noop("a number")
    has_fractions = True

    @property
    def annotation(self) -> Any:
        limits = pydantic.Field(ge=self.minimum, le=self.maximum, allow_inf_nan=False)
        number: Any = Annotated[float, limits]
        return number if self.default is not None else number | None

    @property
    def widget(self) -> Widget:
        # A line of text, because 2e-5 is how such numbers are written.
        return "text" if self.is_typed else "slider"

    def written(self, value: Any) -> Any:
        return typed(value) if self.is_typed and value is not None else value


@dataclass(frozen=True)
class Text(Field):
    """A text without control characters."""

    kind = "text"
    widget = "text"

    default: str
    minimum: int
    """Fewest characters."""
    maximum: int
    """Most characters."""
    has_lines: bool = False
    """It may have several lines."""

    @property
    def annotation(self) -> Any:
        return Annotated[
            str,
            pydantic.StringConstraints(
                strip_whitespace=True,
                min_length=self.minimum,
                max_length=self.maximum,
                pattern=_LINES if self.has_lines else _ONE_LINE,
            ),
        ]

    @property
    def allowed(self) -> str:
        least = f"{number(self.minimum)} {_('to')}" if self.minimum else _("at most")
        limit = {"least": least, "most": number(self.maximum)}
        if self.has_lines:
            return _("%(least)s %(most)s characters, without control characters") % limit
        return _("%(least)s %(most)s characters on one line, without control characters") % limit


@dataclass(frozen=True)
class Choice(Field):
    """One of some values."""

    kind = "choice"
    widget = "dropdown"

    default: str
    choices: tuple[str, ...]

    @property
    def annotation(self) -> Any:
        return Literal[self.choices]

    @property
    def allowed(self) -> str:
        return _("one of %(choices)s") % {"choices": ", ".join(self.choices)}

    @property
    def example(self) -> str:
        return ", ".join(self.choices[:2])


def module_names(value: object) -> object:
    """The parts of a text with commas, or of a list."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(item) for item in value)
    return value


@dataclass(frozen=True)
class Modules(Field):
    """One or more of the network's modules, in its own order."""

    kind = "modules"
    is_list = True
    widget = "checkboxes"
    separator = ";"
    several = "sets parted by semicolons"

    default: tuple[str, ...]
    choices: tuple[str, ...]
    read: Callable[[object], object] = module_names
    """Makes names of what somebody entered: a text, names of other networks."""
    may_be_empty: bool = False

    @property
    def annotation(self) -> Any:
        choice: Any = Literal[self.choices]
        least = 0 if self.may_be_empty else 1
        return Annotated[tuple[choice, ...], pydantic.Field(min_length=least)]

    @property
    def allowed(self) -> str:
        listed = {"choices": ", ".join(self.choices)}
        if self.may_be_empty:
            return _("none or some of %(choices)s") % listed
        return _("one or more of %(choices)s") % listed

    @property
    def swept(self) -> str:
        return self.several.capitalize()

    @property
    def example(self) -> str:
        return f"{self.choices[0]}; {', '.join(self.choices[:2])}"

    def written(self, value: Any) -> Any:
        return list(value)  # Gradio takes a tuple for one value

    def check(self, value: object) -> Value | None:
        """Also takes one text with commas, and other names; each module comes once."""
        return super().check(self.read(value))

    def _ordered(self, checked: Any) -> Value:
        return tuple(choice for choice in self.choices if choice in checked)


@dataclass(frozen=True)
class Switch(Field):
    """Yes or no."""

    kind = "switch"
    widget = "checkbox"
    example = "no, yes"

    default: bool

    @property
    def allowed(self) -> str:
        return _("yes or no")

    @property
    def annotation(self) -> Any:
        return bool


@dataclass(frozen=True)
class Blocks(Field):
    """Some of the network's blocks, counted from 0; none stands for all of them."""

    kind = "blocks"
    is_list = True
    widget = "text"
    separator = ";"
    several = "sets parted by semicolons"

    default: tuple[int, ...]
    maximum: int
    """The last block."""
    minimum: ClassVar[int] = 0

    @property
    def annotation(self) -> Any:
        block: Any = Annotated[int, pydantic.Field(ge=0, le=self.maximum)]
        return tuple[block, ...]

    @property
    def allowed(self) -> str:
        return _("some of the blocks 0 to %(last)s, such as %(example)s, or empty for all") % {
            "last": self.maximum,
            "example": f"{self.maximum // 2}-{self.maximum}",
        }

    @property
    def example(self) -> str:
        return f"0; {self.maximum}; 0-{self.maximum // 2}"

    def written(self, value: Any) -> Any:
        return ", ".join(map(str, value))

    def check(self, value: object) -> Value | None:
        """Also takes a number, ``all``, and a text with commas and ranges; each comes once."""
        if isinstance(value, str) and value.strip().lower() in ("", "all"):
            return ()
        if isinstance(value, int) and not isinstance(value, bool):
            return super().check((value,))
        if isinstance(value, str):
            return super().check(self._of_text(value))
        if isinstance(value, (set, frozenset)):
            value = tuple(value)
        if isinstance(value, (list, tuple)) and any(isinstance(one, bool) for one in value):
            value = tuple(map(str, value))
        return super().check(value)

    def _of_text(self, text: str) -> object:
        """The numbers in a text; the text itself if it has anything else."""
        numbers: list[int] = []
        for part in re.split(r"[,;\s]+", text.strip("[](){} ")):
            found = re.fullmatch(r"(\d{1,4})(?:[-–](\d{1,4}))?", part)
            if found is None:
                return text
            numbers += range(int(found[1]), int(found[2] or found[1]) + 1)
        return tuple(numbers) or text

    def _ordered(self, checked: Any) -> Value:
        found = tuple(sorted({*checked}))
        return () if len(found) == self.maximum + 1 else found
