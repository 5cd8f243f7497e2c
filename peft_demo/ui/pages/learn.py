"""The Learn page: the lessons, the player beside the page, teachers' links, tour and glossary."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from peft_demo import lessons
from peft_demo.languages import _, gettext_noop
from peft_demo.lessons.glossary import glossary
from peft_demo.lessons.prose import html_of
from peft_demo.lessons.schema import TABS
from peft_demo.lessons.tour import tour
from peft_demo.runs import fields_of
from peft_demo.runs.presets import PRESETS, preset
from peft_demo.ui.html import render, styled
from peft_demo.ui.identity import acting
from peft_demo.ui.learn import controls
from peft_demo.ui.learn.controls import Controls
from peft_demo.ui.learn.player import Player, place_of
from peft_demo.ui.learn.prose import glossed, prose
from peft_demo.ui.pages.challenge_part import ChallengePart
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import QUIET, Values, of_event, page_function
from peft_demo.ui.services import Services

_PARTS = {
    "preset": gettext_noop("Preset"),
    "find-rate": gettext_noop("Find a learning rate"),
    "more-settings": gettext_noop("More settings"),
    "several": gettext_noop("Repeats, sweeps and races"),
    "transfer": gettext_noop("Paste or take along"),
}


class LearnPage(Page):
    """Lists the lessons and answers their player."""

    label = "Learn"
    tab_id = "learn-tab"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._player = Player(services)
        self._challenge = ChallengePart(services)
        self._controls: Controls
        self._tabs: dict[str, str] = {}
        """The tabs' ids by the names that lessons give them."""

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        functions = (self.play, self.queue_plan, self.lesson_link, self.tour)
        return [page_function(function) for function in functions]

    def draw(self, frame: Frame) -> None:
        """See Page."""
        (page,) = glossed(
            render(
                "learn/page",
                lessons=lessons.shown_lessons(),
                problems=lessons.PROBLEMS,
                prose=html_of,
                parts=_PARTS,
                tabs=[name for name in TABS if name != "learn"],
                fields=[
                    (field.name, field.label) for field in fields_of("lora") if not field.is_rare
                ],
                terms=glossary(),
            )
        )
        styled(page, elem_id="learn")
        self._challenge.draw()

    def connect(self, frame: Frame) -> None:
        """Let the player arrange the form."""
        drawn = frame.blocks.blocks.values()
        ids = (str(tab.id) for tab in drawn if isinstance(tab, gr.Tab))
        self._tabs = dict(zip(TABS, ids, strict=True))
        self._controls = Controls(frame.sidebar, self._tabs)
        self._challenge.connect(frame)
        frame.header.taught(of_event(self.arrange), None, self._controls.outputs, **QUIET)

    def play(
        self,
        lesson: str,
        step: int = 0,
        began: str = "",
        choices: Values = {},  # noqa: B006
        taken: list[str] = [],  # noqa: B006
        form: str = "",
        tab: str = "",
        hide: list[str] = [],  # noqa: B006
    ) -> str:
        """What a step of a lesson shows now; without a lesson, what hides some of the page."""
        limits = self._services.changes.class_form
        held = limits and {"hide": sorted(limits.hidden), "fix": sorted(limits.fixed)}
        hide = [*hide, *(held["hide"] if held else ())]
        if not lesson:
            bar = render("learn/limited", is_held=bool(held))
            style = self._controls.style(hide)
            return json.dumps({"html": bar, "style": style, "done": True, "held": held})
        place = place_of(
            lesson,
            step,
            began,
            owner=acting().owner,
            choices={step: n for step, n in choices.items() if isinstance(n, int)},
            taken=taken,
            form=form,
            tab=next((name for name, tab_id in self._tabs.items() if tab_id == tab), ""),
        )
        html, shown = self._player.draw(place)
        hidden = [*place.lesson.controls.hidden, *hide]
        wanted = () if shown.is_done else self._wanted(place.step, place.lesson)
        return json.dumps(
            {
                "html": html,
                "style": self._controls.style(hidden, wanted),
                "done": shown.is_done,
                "waits": shown.waits,
                "steps": len(place.lesson.steps),
                "began": began or datetime.now(UTC).isoformat(),
                "held": held,
            }
        )

    @staticmethod
    def _wanted(step: lessons.Step, lesson: lessons.Lesson) -> tuple[str, ...]:
        """What has to be used next on the page."""
        if step.kind == "open" and step.action:
            return (str(step.action.open),)
        if step.kind == "set" and step.action:
            return tuple(step.action.set or ())
        planned = lesson.runs[str(step.plan)] if step.kind == "start" else None
        if planned is None or planned.each:
            return ()
        return ("queue-all",) if planned.axes or planned.repeats > 1 else ("start",)

    def arrange(
        self,
        lesson: str,
        plan: str = "",
        query: str = "",
        fix: list[str] = [],  # noqa: B006
        fills: bool = True,
    ) -> list[Any]:
        """The form for a lesson's start, for one of its plans, or as it was before.

        Raises:
            PeftDemoError: there is no such lesson, or its link is wrong.
        """
        if limits := self._services.changes.class_form:
            fix = [*fix, *limits.fixed]
        if not lesson:
            before = controls.read_form(query) if query else preset(next(iter(PRESETS))).config()
            return self._controls.arrange(before.flat() if fills else None, fix)
        chosen, who = lessons.lesson(lesson), acting().owner
        fixed = [*chosen.controls.fixed, *fix]
        if plan in chosen.runs:
            values, asked = controls.asked(chosen, plan, who)
            return self._controls.arrange(values, fixed, asked)
        return self._controls.arrange(controls.begun(chosen, query, who) if fills else None, fixed)

    def queue_plan(self, lesson: str, plan: str) -> str:
        """Queue runs that no form asks for; see ``lesson_plan``."""
        planned = lessons.lesson_plan(lesson, plan, acting().owner)
        _, queued = self._services.changes.submit_plan(planned)
        return json.dumps([run.run_id for run in queued])

    def lesson_link(self, lesson: str, hide: list[str], fix: list[str], form: str = "") -> str:
        """The link that a teacher made; see ``controls.link``."""
        return json.dumps({"query": controls.link(lesson, hide, fix, form)})

    def tour(self) -> str:
        """The tour of the page, with what driver.js calls its own texts."""
        stops = [
            {
                **stop.model_dump(),
                "text": str(prose(stop.text)),
                "tab": self._tabs.get(stop.tab or "", ""),
            }
            for stop in tour()
        ]
        number = {"number": "{{current}}", "count": "{{total}}"}
        texts = {
            "progressText": _("%(number)s of %(count)s") % number,
            "nextBtnText": _("Next"),
            "prevBtnText": _("Back"),
            "doneBtnText": _("Done"),
        }
        return json.dumps({"stops": stops, "texts": texts})
