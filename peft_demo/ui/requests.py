"""What clients may ask: each request is checked against its function before that runs.

A function says with its parameters what may come: a type, and where that says too little, a
description of what may be entered. Page functions get all of it as one mapping, endpoints and
events one argument after another.
"""

from __future__ import annotations

import inspect
import json
from abc import ABCMeta
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, TypeAlias, get_type_hints

import gradio as gr
import pydantic
from pydantic import Field

from peft_demo.comparison.compare import MARGINS
from peft_demo.errors import InvalidFieldsError, PeftDemoError, refuse
from peft_demo.fields import must_be, shown_single
from peft_demo.languages import told
from peft_demo.runs.run_fields import method_field
from peft_demo.runs.search import MINUTES, MOST_PARAMETERS
from peft_demo.runs.strength import STRENGTH
from peft_demo.runs.sweeps import REPEATS
from peft_demo.ui.counted import CALLS
from peft_demo.ui.faults import readable

MOST_IDS = 10_000
"""Runs that one request may name; what it is for has limits of its own."""

RunId: TypeAlias = Annotated[str, Field(description="the id of a run, such as run-000001")]
_ids = f"a list of at most {MOST_IDS:,} ids of runs"
_IDS = Field(max_length=MOST_IDS, description=_ids)
_ONCE = pydantic.AfterValidator(lambda ids: type(ids)(dict.fromkeys(ids)))
"""A run that is named 20,000 times would be answered so often."""
RunIds: TypeAlias = Annotated[tuple[str, ...], _IDS, _ONCE]
OptionalRunIds: TypeAlias = Annotated[RunIds | None, Field(description=_ids)]
RunIdList: TypeAlias = Annotated[list[str], _IDS, _ONCE]
"""The same, as the API's description calls it."""
GroupId: TypeAlias = Annotated[str, Field(description="the id of a group, such as group-000001")]
MethodId: TypeAlias = Annotated[
    str, pydantic.BeforeValidator(lambda value: method_field().check(value))
]
Values: TypeAlias = Annotated[
    dict[str, Any], Field(description='a mapping of fields to values, such as {"r": 8}')
]
Repeats: TypeAlias = Annotated[int, Field(description=REPEATS.allowed)]
Margin: TypeAlias = Annotated[
    float,
    Field(ge=MARGINS[0], le=MARGINS[1], description="a number between 0.1 and 20"),
]
"""Within which accuracies are practically equal."""
Strength: TypeAlias = Annotated[
    float, Field(ge=STRENGTH.minimum, le=STRENGTH.maximum, description=STRENGTH.allowed)
]
"""How strongly an update counts."""
Minutes: TypeAlias = Annotated[
    float, Field(ge=MINUTES.minimum, le=MINUTES.maximum, description=MINUTES.allowed)
]
"""Of a search."""
MostParameters: TypeAlias = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=MOST_PARAMETERS.maximum)] | None,
    Field(description=MOST_PARAMETERS.allowed),
]
Ordinal: TypeAlias = Annotated[
    Annotated[int, Field(ge=1, le=1_000)] | None,
    Field(description="a whole number between 1 and 1,000, or nothing"),
]
"""One of several, counted from 1."""

_ALLOWED: dict[Any, str] = {
    str: "a text",
    str | None: "a text, or empty",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list[str]: "a list of texts",
}
"""What may be entered where a parameter's type says it all."""

QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "show_progress_on": [],
    "api_visibility": "private",
}
"""How the page's own events run: unseen, and not as endpoints."""


class Parameters:
    """What a function takes, as a pydantic model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        hints = get_type_hints(function, include_extras=True)
        self._known = inspect.signature(function).parameters
        fields: dict[str, Any] = {
            name: (hints[name], ... if known.default is known.empty else known.default)
            for name, known in self._known.items()
        }
        self._model: type[pydantic.BaseModel] = pydantic.create_model("Parameters", **fields)

    @property
    def names(self) -> tuple[str, ...]:
        """What a request may have."""
        return tuple(self._known)

    def read(self, request: object) -> dict[str, Any]:
        """The arguments in a request that maps names to values.

        Raises:
            InvalidFieldsError: a sentence for each that is not allowed, one for all other names.
        """
        listed = ", ".join(self._known) or "nothing"
        if not isinstance(request, Mapping):
            came = shown_single(request)
            refuse("request", f"request must be a mapping with {listed}, got {came}.")
        # Before they are looked at: of a few megabytes of names one sentence is told.
        unknown = [name for name in request if name not in self._known]
        if unknown:
            came = shown_single(unknown[0])
            refuse("request", f"request must have no other names than {listed}, got {came}.")
        muddled = {name for name, value in request.items() if self._is_muddled(name, value)}
        places: dict[str, tuple[int | str, ...]] = dict.fromkeys(muddled, ())
        try:
            found = self._model.model_validate(dict(request))
        except pydantic.ValidationError as error:
            for problem in error.errors():
                places.setdefault(str(problem["loc"][0]), problem["loc"][1:])
        if places:
            raise InvalidFieldsError(
                {name: self._sentence(name, request.get(name), places[name]) for name in places}
            )
        return {name: getattr(found, name) for name in self._known}

    def place(self, arguments: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Any]:
        """The same for arguments in the order of the parameters, or by their names.

        Raises:
            InvalidFieldsError: a sentence for each that is not allowed, or if too many came.
        """
        if len(arguments) > len(self._known):
            raise InvalidFieldsError(
                {
                    "arguments": f"arguments must be {len(self._known)} "
                    f"({', '.join(self._known)}), got {len(arguments)}."
                }
            )
        return self.read({**dict(zip(self._known, arguments, strict=False)), **named})

    def _is_muddled(self, name: str, value: object) -> bool:
        """Whether true or false came for a number, or anything else for true or false.

        pydantic would take 1 for true, and true for 1.
        """
        field = self._model.model_fields.get(name)
        kind = field.annotation if field else None
        return kind in (bool, int, float) and isinstance(value, bool) != (kind is bool)

    def _sentence(self, name: str, value: object, place: tuple[int | str, ...]) -> str:
        """What may come; ``place`` is where in a list the first fault is."""
        field = self._model.model_fields[name]
        allowed = field.description or _ALLOWED[field.annotation]
        number = next((part for part in place if isinstance(part, int)), None)
        if number is not None and isinstance(value, (list, tuple)):
            came = f"{shown_single(value[number])} as number {number + 1}"
        else:
            came = shown_single(value)
        return must_be(name, allowed, came)


def as_json(error: PeftDemoError) -> str:
    """How most page functions answer an error."""
    return json.dumps({"error": str(error)})


def problems_of(check: Callable[[], object]) -> dict[str, str]:
    """The sentences with which a check refuses, by field; none if it passes."""
    try:
        check()
    except InvalidFieldsError as error:
        return {name: told(sentence) for name, sentence in error.problems.items()}
    return {}


def page_function(
    function: Callable[..., str | None], answer: Callable[[PeftDemoError], str | None] = as_json
) -> Callable[[Any], str | None]:
    """A function that the page's script calls with one mapping; it never raises.

    Args:
        function: takes the mapping's values by their names; may raise.
        answer: what the script gets instead of an answer when it raised.
    """
    parameters = Parameters(function)

    def call(request: Any = None) -> str | None:
        try:
            with CALLS.labels(function.__name__).time():
                return function(**parameters.read(request))
        except Exception as error:
            return answer(readable(error))

    # Not functools.wraps: Gradio would see the parameters and fill in their defaults.
    call.__name__ = function.__name__
    call.takes = parameters.names  # type: ignore[attr-defined]
    return call


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint, or what answers an event; it raises nothing but gr.Error with a sentence."""
    parameters = Parameters(function)

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            with CALLS.labels(function.__name__).time():
                return function(**parameters.place(arguments, named))
        except Exception as error:
            raise gr.Error(str(readable(error)), print_exception=False) from error

    return call


def of_event(function: Callable[..., Any]) -> Callable[[gr.EventData], Any]:
    """The same for what an event of our own script carries, by its names."""
    parameters = Parameters(function)

    def call(event: gr.EventData) -> Any:
        return function(**parameters.read(event._data))

    return call


def forgets(event: Callable[..., Any], *outcomes: Any) -> None:
    """Let a new try empty what stands there of the tries before, as it was drawn.

    To be called before it is said what else the event does, or it would empty the new outcome.
    """
    drawn = [
        {"__type__": "update", "value": outcome.value, "visible": outcome.visible}
        for outcome in outcomes
    ]
    event(None, None, [*outcomes], js=f"() => {json.dumps(drawn)}", **QUIET)


def unchecked(control: Any) -> Any:
    """A control that passes on what came: the field's own check speaks, and names the field.

    By its class: with an update of its choices Gradio makes the control anew for the session.
    """
    kind = type(control)
    own = {"__module__": kind.__module__, "preprocess": lambda _control, payload: payload}
    # Gradio's metaclass would write an interface file for each class.
    control.__class__ = ABCMeta.__new__(type(kind), kind.__name__, (kind,), own)
    return control
