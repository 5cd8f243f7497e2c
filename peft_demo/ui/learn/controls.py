"""The page as a lesson or a teacher's link wants it: filled, with controls fixed and hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.lessons import Lesson, lesson
from peft_demo.lessons.loading import PLACES, known_fields
from peft_demo.lessons.plans import form_values, start_values
from peft_demo.runs import RunConfig, links
from peft_demo.runs.questions import Question
from peft_demo.ui.form.sidebar import Sidebar

_NOTHING = Question("", "", "quick", is_race=False)
"""A sweep of one run."""


class Controls:
    """The form's controls, and the ids of what can be hidden."""

    def __init__(self, sidebar: Sidebar, tabs: Mapping[str, str]) -> None:
        """``tabs`` are the tabs' ids by the names that lessons give them."""
        self._sidebar = sidebar
        form = sidebar.form
        self._ids: dict[str, list[str]] = {name: [f"#{name}"] for name in PLACES}
        for slot, control in zip(form.slots, form.inputs, strict=True):
            self._ids.setdefault(slot.field.name, []).append(f"#{control.elem_id}")
        self._ids["several"] += self._ids["search"]  # which is several runs as well
        self._ids["base_model"] += ["#add-base", "#add-base-button", "#add-base-problem"]
        for name, tab_id in tabs.items():
            self._ids[name] = [f'#tabs button[data-tab-id="{tab_id}"]']

    @property
    def outputs(self) -> list[Any]:
        """What ``arrange`` answers for."""
        several, form = self._sidebar.several, self._sidebar.form
        return [several.place, *several.inputs, form.preset, *form.inputs]

    def arrange(
        self, values: Mapping[str, Any] | None, fixed: Sequence[str], asked: Question = _NOTHING
    ) -> list[Any]:
        """Updates of all outputs.

        Args:
            values: of a flat configuration, or None to leave what the form says.
            fixed: fields that cannot be changed; with any, no preset can be chosen either.
            asked: the sweep that goes with the values.
        """
        several, form = self._sidebar.several, self._sidebar.form
        left = [gr.update()] * len(form.inputs)
        shown_values = left if values is None else form.show(values)
        fields = [
            {**update, "interactive": slot.field.name not in fixed}
            for slot, update in zip(form.slots, shown_values, strict=True)
        ]
        is_sweep = bool(asked.axes) or asked.repeats > 1
        place = [gr.skip()] * (1 + len(several.inputs))
        if values is not None:
            place = [gr.update(open=is_sweep), *several.fill(asked)]
        return [*place, gr.update(interactive=not fixed), *fields]

    def style(self, hidden: Iterable[str], wanted: Iterable[str] = ()) -> str:
        """Rules that hide some of the page, and mark what is to be used next."""
        gone = [selector for name in hidden for selector in self._ids.get(name, [])]
        marked = [selector for name in wanted for selector in self._ids.get(name, [f"#{name}"])]
        rules = [f"{', '.join(gone)} {{ display: none !important }}"] if gone else []
        if marked:
            rules.append(
                f"{', '.join(marked)} {{ outline: 3px solid #6366f1; outline-offset: 2px }}"
            )
        return " ".join(rules)


def begun(chosen: Lesson, query: str, owner: str) -> dict[str, Any]:
    """What the form says at a lesson's start: its preset, and over it what its link says.

    Raises:
        InvalidFieldsError: the link says what is not allowed.
    """
    values = {**start_values(chosen, owner), **links.from_link(query).values}
    RunConfig(values)
    return values


def asked(chosen: Lesson, name: str, owner: str) -> tuple[dict[str, Any], Question]:
    """What both forms say for one of a lesson's plans."""
    planned = chosen.runs[name]
    question = Question(
        name,
        chosen.title,
        planned.preset,
        planned.values,
        axes=planned.axes,
        repeats=planned.repeats,
        is_race=planned.race,
    )
    return form_values(chosen, planned, owner), question


def link(lesson_id: str, hidden: Sequence[str], fixed: Sequence[str], form: str) -> str:
    """The query of a link to a lesson, or to a page of which some is hidden or fixed.

    Args:
        lesson_id: or an empty text for none.
        hidden: fields, parts of the form and tabs.
        fixed: fields.
        form: the form's own link, for its values, or an empty text.

    Raises:
        InvalidFieldsError: one of them does not exist.
        NotFoundError: there is no such lesson.
    """
    if lesson_id:
        lesson(lesson_id)
    fields = known_fields()
    for key, names, allowed in (
        ("hide", hidden, (*fields, *PLACES)),
        ("fix", fixed, fields),
    ):
        for name in names:
            if name not in allowed:
                refuse(key, f"{key} must name {', '.join(allowed)}, got {shown(name)}.")
    pairs = {"lesson": lesson_id, "hide": ",".join(hidden), "fix": ",".join(fixed)}
    query = urlencode({key: value for key, value in pairs.items() if value}, safe=",")
    return "&".join(filter(None, [query, form and links.to_link(read_form(form))]))


def read_form(query: str) -> RunConfig:
    """The configuration of the form's own link."""
    return RunConfig(links.from_link(query).values)
