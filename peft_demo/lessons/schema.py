"""What a lesson's file may say: each class is a part of it, each attribute a key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

TABS = ("train", "method", "runs", "compare", "review", "data", "learn")
Tab: TypeAlias = Literal["train", "method", "runs", "compare", "review", "data", "learn"]

Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Markdown: TypeAlias = Annotated[str, Field(min_length=1, max_length=4_000)]
"""Also with formulas between dollar signs: ``$W + BA$``."""
Values: TypeAlias = dict[str, Any]
"""Fields of a configuration with their values; ``seed: own`` is one that each browser has alone."""


class Part(BaseModel):
    """A part of a lesson: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedRuns(Part):
    """Runs that a lesson is about: one, a sweep, repeats, or those of a list."""

    preset: str = "quick"
    """What they begin with."""
    values: Values = {}
    """Fields that differ from the preset's."""
    axes: dict[str, list[Any]] = {}
    """Swept fields with their values, as in runs/questions.py."""
    repeats: Annotated[int, Field(ge=1, le=16)] = 1
    """Seeds for each, one apart."""
    race: bool = False
    each: list[Values] = []
    """In place of axes: one run for each, with its own values and, as `preset`, its own preset.
    No form asks for such runs, so the lesson has a button that starts them."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> PlannedRuns:
        if self.each and (self.axes or self.repeats > 1):
            raise ValueError("each cannot stand beside axes or repeats")
        return self


class Controls(Part):
    """What the page is like during the lesson; leaving gives everything back."""

    preset: Values = {}
    """Values that the form starts with, over those of the preset that `preset` names in it."""
    fixed: list[str] = []
    """Fields that cannot be changed."""
    hidden: list[str] = []
    """Fields, parts of the form and tabs that are not shown."""


class Action(Part):
    """What a person has to do on the page; one of three."""

    start: str | None = None
    """Queue exactly the runs of this plan, with the page's own button."""
    open: Tab | None = None
    set: Values | None = None
    """Bring the form to these values."""

    @model_validator(mode="after")
    def _is_one(self) -> Action:
        return _only_one(self, ("start", "open", "set"))


class Means(Part):
    """What a prediction claims, so that the runs can say whether it holds; one of four."""

    none: Literal[True] | None = None
    """No run is shown to be better than every other."""
    best: Values | None = None
    """The run with these values is shown to be better than every other."""
    between: tuple[float, float] | None = None
    """In per cent: the accuracy; of a `spread` the points from the lowest run to the highest."""
    beats: bool | None = None
    """Every run is shown to beat counting words, or not every run is."""

    @model_validator(mode="after")
    def _is_one(self) -> Means:
        return _only_one(self, ("none", "best", "between", "beats"))


class Guess(Part):
    """An answer to a prediction."""

    text: Line
    means: Means | None = None
    """Without it, the reveal shows the guess and judges nothing."""


class Predict(Part):
    """A guess that is kept until the reveal."""

    question: Line
    choices: Annotated[list[Guess], Field(min_length=2, max_length=6)]


class Answer(Part):
    """An answer to a question, and why it is right or wrong."""

    text: Line
    right: bool = False
    because: Annotated[str, Field(min_length=1, max_length=600)]


class Question(Part):
    """Something to think about, perhaps while runs train."""

    text: Line
    choices: Annotated[list[Answer], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _has_a_right_answer(self) -> Question:
        if not any(choice.right for choice in self.choices):
            raise ValueError("one of the choices must have right: true")
        return self


About: TypeAlias = Literal["difference", "accuracy", "spread", "baselines", "cost"]


class Reveal(Part):
    """What a plan's runs show, beside the last prediction."""

    plan: str
    about: About = "difference"
    """`difference`: who is shown to be better; `accuracy`: each run's, with its interval; `spread`:
    how far seeds differ; `baselines`: whether they beat counting words; `cost`: accuracy beside
    parameters, time and size."""


class Check(Part):
    """What the store says of a plan's runs."""

    plan: str
    shows: Literal["finished", "learned", "guessing", "diverged"] = "finished"
    """`learned`: every run is shown to be better than guessing; `guessing`: none is."""


_KINDS = ("action", "predict", "question", "reveal", "check", "class_board")


class Step(Part):
    """A text, and at most one thing to do."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True)

    title: Line
    text: Markdown
    action: Action | None = None
    predict: Predict | None = None
    question: Question | None = None
    reveal: Reveal | None = None
    check: Check | None = None
    class_board: Annotated[str | None, Field(alias="class")] = None
    """A plan: everybody's runs of it, whatever their seed, as one distribution."""

    @model_validator(mode="after")
    def _is_at_most_one(self) -> Step:
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"a step has at most one thing to do, got {' and '.join(given)}")
        return self

    @property
    def kind(self) -> str:
        """What there is to do: one of the keys, of an action its own, or ``read``."""
        if self.action is not None:
            return next(name for name in ("start", "open", "set") if getattr(self.action, name))
        return next((name for name in _KINDS if getattr(self, name) is not None), "read")

    @property
    def plan(self) -> str | None:
        """The runs that it is about."""
        part = self.reveal or self.check
        started = self.action.start if self.action else None
        return part.plan if part else self.class_board or started


class Lesson(Part):
    """A file."""

    number: Annotated[int, Field(ge=1, le=99)]
    """Its place in the list."""
    title: Line
    goal: Line
    """What a person can do afterwards, in a sentence."""
    minutes: Annotated[int, Field(ge=1, le=90)]
    teacher: Markdown
    """Notes for who gives the lesson."""
    controls: Controls = Controls()
    runs: dict[str, PlannedRuns] = {}
    """Plans by the names that steps use."""
    small: Values = {}
    """Values over every plan that make it quick, for tests and trials."""
    steps: Annotated[list[Step], Field(min_length=1, max_length=40)]

    def __hash__(self) -> int:
        return id(self)

    @property
    def trained(self) -> frozenset[str]:
        """The plans that a step starts; the runs of others are there already."""
        started = (step.action.start for step in self.steps if step.action)
        return frozenset(filter(None, started))


def _only_one(part: Any, names: tuple[str, ...]) -> Any:
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        came = " and ".join(given) or "none"
        raise ValueError(f"there must be one of {', '.join(names)}, got {came}")
    return part
