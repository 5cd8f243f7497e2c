"""The Learn page: the lessons, the player beside the page, teachers' links, tour and glossary."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import gradio as gr
import pydantic

from peft_demo import lessons
from peft_demo.errors import PeftDemoError
from peft_demo.fields import Field
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
from peft_demo.ui.learn.moves import Moves, Now
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
    "search": gettext_noop("Find me the best in N minutes"),
    "transfer": gettext_noop("Paste or take along"),
}


_WHERE = 'where a browser is, such as {"lesson": "rank", "step": 2}'
Where: TypeAlias = Annotated[Now | None, pydantic.Field(description=_WHERE)]


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
        functions = [page_function(each) for each in (self.play, self.queue_plan, self.tour)]
        return [*functions, page_function(self.lesson_link, _no_link)]

    def draw(self, frame: Frame) -> None:
        """See Page."""
        (page,) = glossed(
            render(
                "learn/page",
                lessons=lessons.shown_lessons(),
                problems=lessons.PROBLEMS,
                prose=html_of,
                parts=_PARTS,
                tabs=_tabs(),
                fields=[(field.name, field.label) for field in _fields()],
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
        now: Where = None,
        action: str = "",
        lesson: str = "",
        plan: str = "",
        choice: str = "",
        several: str = "",
        place: Values = {},  # noqa: B006
        query: str = "",
        form: str = "",
        tab: str = "",
    ) -> str:
        """What a lesson shows after a press, and what else that does; see ``Moves``.

        Args:
            now: where the browser is.
            action: what was pressed; empty if nothing was.
            lesson: that was begun;
            plan: that the button is for;
            choice: that it stands for;
            several: not empty where it is for several runs.
            place: where the lesson was left.
            query: the page's.
            form: the form's own link.
            tab: the id of the open one.
        """
        limits = self._services.changes.class_form
        held = {"hide": sorted(limits.hidden), "fix": sorted(limits.fixed)} if limits else None
        about = {"lesson": lesson, "plan": plan, "choice": choice, "several": several}
        moves = Moves(now, held, {**about, "place": place, "query": query, "form": form})
        move = moves.make(action)
        shown = {"html": "", "style": "", "waits": False, "state": ""}
        try:
            if move.now and move.now.lesson:
                shown |= self._shown(move.now, held, form, tab)
                kept = {"place": move.now.place(), "choices": move.now.choices}
                move.progress = {move.now.lesson: kept}
        except PeftDemoError:  # a lesson or a link of an earlier version
            move = moves.leave()
        if move.now and not move.now.lesson:
            style = self._controls.style([*move.now.hide, *(held["hide"] if held else ())])
            bar = render("learn/limited", is_held=bool(held))
            shown |= {"html": bar, "style": style, "state": "small"}
        told = {**asdict(move), "now": move.now and move.now.model_dump()}
        return json.dumps({**told, **shown})

    def _shown(
        self, now: Now, held: Mapping[str, list[str]] | None, form: str, tab: str
    ) -> dict[str, Any]:
        """A lesson's step as HTML, with the rules that hide and mark some of the page."""
        place = place_of(
            now.lesson,
            now.step,
            now.began,
            owner=acting().owner,
            choices={step: n for step, n in now.choices.items() if isinstance(n, int)},
            taken=now.taken,
            form=form,
            tab=next((name for name, tab_id in self._tabs.items() if tab_id == tab), ""),
        )
        html, shown = self._player.draw(place)
        hidden = [*place.lesson.controls.hidden, *now.hide, *(held["hide"] if held else ())]
        wanted = () if shown.is_done else self._wanted(place.step, place.lesson)
        now.began = now.began or datetime.now(UTC).isoformat()
        style = self._controls.style(hidden, wanted)
        state = "small" if now.is_folded else "open"
        return {"html": html, "style": style, "waits": shown.waits, "state": state}

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
        """Queue runs that no form asks for; see ``lesson_plan``. Answers an empty text."""
        planned = lessons.lesson_plan(lesson, plan, acting().owner)
        self._services.changes.submit_plan(planned)
        return ""

    def lesson_link(
        self,
        lesson: str = "",
        show: list[str] = [],  # noqa: B006
        change: list[str] = [],  # noqa: B006
        values: str = "",
        form: str = "",
        here: str = "",
    ) -> str:
        """The link that a teacher made, as HTML; see ``controls.link``.

        Args:
            lesson: its id, or an empty text for none.
            show: what is ticked of tabs, parts of the form and fields.
            change: fields that may be changed.
            values: not empty if the link has those that the form has now.
            form: the form's own link.
            here: the page's address.
        """
        fields = [field.name for field in _fields()]
        hide = [name for name in (*_tabs(), *_PARTS, *fields) if name not in show]
        fix = [name for name in fields if name not in change]
        query = controls.link(lesson, hide, fix, form if values else "")
        return render("learn/made", query=query, here=here, problem="")

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


def _tabs() -> list[str]:
    """Those that a link may hide."""
    return [name for name in TABS if name != "learn"]


def _fields() -> list[Field]:
    """Those that a link may hide or fix."""
    return [field for field in fields_of("lora") if not field.is_rare]


def _no_link(error: PeftDemoError) -> str:
    return render("learn/made", query="", here="", problem=str(error))
