"""Lessons from their files; a wrong one is told in a sentence and leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pydantic

from peft_demo.errors import InvalidFieldsError, PeftDemoError, refuse
from peft_demo.fields import row_of, shown
from peft_demo.languages import SOURCE, language
from peft_demo.lessons.languages import TEXTS, content
from peft_demo.lessons.plans import plan_of, start_values
from peft_demo.lessons.schema import TABS, Lesson
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig, fields_of
from peft_demo.runs.sweeps import Plan

OTHERS = ("glossary", "tour")
"""Files of it that are no lessons."""

PLACES = ("preset", "find-rate", "more-settings", "several", "search", "transfer", *TABS)
"""What can be hidden beside fields: parts of the form, and tabs."""


def read(path: Path, code: str = SOURCE) -> Lesson:
    """The lesson of a file in a language, checked to its last value.

    Raises:
        InvalidFieldsError: a sentence that names file, step and key.
    """
    where = path.name
    found = content(path, code)
    if not isinstance(found, dict):
        refuse(where, f"{where} must map keys such as title and steps to values.")
    try:
        lesson = Lesson.model_validate(found)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        refuse(where, f"{where}: {_place(first['loc'])} is wrong: {_reason(first)}.")
    for place, sentence in _problems(lesson):
        refuse(where, f"{where}: {place} is wrong: {sentence.rstrip('.')}.")
    return lesson


def _place(parts: tuple[int | str, ...]) -> str:
    """Such as ``step 3, predict.choices.2.text``; steps and choices are counted from 1."""
    words = [str(part + 1) if isinstance(part, int) else part for part in parts]
    if words[:1] == ["steps"] and len(words) > 1:
        step, *rest = words[1:]
        return ", ".join(filter(None, [f"step {step}", ".".join(rest)]))
    return ".".join(words) or "the lesson"


def _reason(error: Any) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("extra_forbidden", "missing"):
        return "there is no such key" if error["type"] == "extra_forbidden" else "it is missing"
    return f"{message[:1].lower()}{message[1:]}, got {shown(error['input'])}"


def _problems(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """What does not fit together, with its place."""
    checks: list[tuple[str, Callable[[], object]]] = [
        ("controls.preset", partial(start_values, lesson)),
        *((f"runs.{name}", partial(plan_of, lesson, name)) for name in lesson.runs),
    ]
    for number, step in enumerate(lesson.steps, start=1):
        if step.plan is not None and step.plan not in lesson.runs:
            known = ", ".join(lesson.runs) or "none"
            yield f"step {number}", f"{shown(step.plan)} is none of the lesson's runs: {known}"
        if step.action and step.action.set is not None:
            settable = partial(_settable, lesson, step.action.set)
            checks.append((f"step {number}, action.set", settable))
    for place, check in checks:
        try:
            check()
        except PeftDemoError as error:
            yield place, str(error)
    fields = known_fields()
    for key, allowed in (("fixed", fields), ("hidden", (*fields, *PLACES))):
        for name in getattr(lesson.controls, key):
            if name not in allowed:
                yield f"controls.{key}", f"it must name {', '.join(allowed)}, got {shown(name)}"
    yield from _guesses(lesson)


def _settable(lesson: Lesson, values: dict[str, Any]) -> RunConfig:
    return RunConfig({**start_values(lesson), "name": "", **values})


def _guesses(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """Predictions that nothing reveals, or that claim what is not measured."""
    waiting: tuple[int, set[str]] | None = None
    for number, step in enumerate(lesson.steps, start=1):
        if step.predict:
            claims = [choice.means for choice in step.predict.choices if choice.means]
            waiting = number, {name for means in claims for name in means.model_fields_set}
        if step.reveal and waiting:
            fitting = CLAIMS[step.reveal.about]
            for claim in waiting[1] - fitting:
                can = ", ".join(sorted(fitting)) or "nothing"
                sentence = f"{claim} cannot be judged by the reveal of step {number}, only {can}"
                yield f"step {waiting[0]}", sentence
            waiting = None
    if waiting:
        yield f"step {waiting[0]}", "no reveal follows this prediction"


CLAIMS: dict[str, set[str]] = {
    "difference": {"none", "best"},
    "accuracy": {"between"},
    "spread": {"between"},
    "baselines": {"beats"},
    "cost": {"none", "best"},
}
"""What a reveal can judge."""


@cache
def known_fields() -> tuple[str, ...]:
    """The names of all methods' fields."""
    names = (field.name for method in METHODS for field in fields_of(method))
    return tuple(dict.fromkeys(names))


def load(folder: Path) -> tuple[dict[str, Lesson], tuple[str, ...]]:
    """A folder's lessons by their files' names, in their order, and what is wrong with others."""
    lessons, problems = {}, []
    for path in sorted(folder.glob("*.yaml")):
        if path.stem in OTHERS:
            continue
        try:
            lessons[path.stem] = read(path)
        except InvalidFieldsError as error:
            problems.append(str(error))
    ordered = sorted(lessons.items(), key=lambda pair: (pair[1].number, pair[0]))
    return dict(ordered), tuple(problems)


LESSONS, PROBLEMS = load(TEXTS)
"""Every lesson by its id, and a sentence about each file that is none."""


def shown_lessons() -> dict[str, Lesson]:
    """Every lesson in the current language."""
    return LESSONS if language() == SOURCE else _in_language(language())


@cache
def _in_language(code: str) -> dict[str, Lesson]:
    return {lesson_id: read(TEXTS / f"{lesson_id}.yaml", code) for lesson_id in LESSONS}


def listed() -> list[dict[str, Any]]:
    """Every lesson in short, as plain data: all but its steps and runs."""
    return [
        {
            "id": lesson_id,
            **each.model_dump(include={"number", "title", "goal", "minutes", "teacher"}),
            "num_steps": len(each.steps),
            "link": f"?lesson={lesson_id}",
        }
        for lesson_id, each in LESSONS.items()
    ]


def lesson(lesson_id: str) -> Lesson:
    """The lesson of that id, in the current language.

    Raises:
        NotFoundError: there is none; names those that exist.
    """
    return row_of(shown_lessons(), lesson_id, "lesson")


def lesson_plan(lesson_id: str, name: str | None = None, owner: str = "") -> Plan:
    """One of the plans of the lesson of that id, the first if none is named; see ``plan_of``.

    Raises:
        NotFoundError: there is no such lesson or plan; names those that exist.
    """
    chosen = lesson(lesson_id)
    wanted = next(iter(chosen.runs), "") if name is None else name
    row_of(chosen.runs, wanted, "plan")
    return plan_of(chosen, wanted, owner)
