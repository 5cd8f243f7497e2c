"""The challenge of the class, a part of the Learn page: set one, enter a run, see how it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from peft_demo.comparison.challenge import board
from peft_demo.errors import NotFoundError
from peft_demo.languages import _
from peft_demo.runs import Run, RunKind
from peft_demo.runs.challenge import LIMITS, TITLE
from peft_demo.ui.baseline_worker import BaselineWorker
from peft_demo.ui.faults import readable
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.identity import acting
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.requests import QUIET, of_event, unchecked
from peft_demo.ui.services import Services

AGAIN_SECONDS = 2
"""Until the board is looked at again while baselines are being computed."""

_OPENED = (
    "trigger('opened', {challenge: new URLSearchParams(location.search).get('challenge') ?? ''})"
)


class ChallengePart:
    """Draws the part and answers its controls."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._baselines = BaselineWorker(services.store)
        self._asked: list[Any] = []
        self._seen: list[Any] = []

    def draw(self) -> None:
        """Draw it into the current tab, and say what happens when it is used."""
        with gr.Column(elem_id="challenge"):
            opened = styled(render("learn/challenge"), js_on_load=_OPENED)
            with gr.Row():
                chosen = gr.Dropdown(
                    [], label=_("Challenge"), filterable=False, elem_id="challenges"
                )
                run = gr.Dropdown([], label=_("Your run"), filterable=False, elem_id="challenger")
            enter = gr.Button(_("Enter the run"), elem_id="enter-challenge")
            outcome = styled("", elem_id="challenge-outcome")
            shown = styled("", elem_id="challenge-board")
            with gr.Accordion(_("Set a challenge"), open=False, elem_id="set-challenge"):
                fields = [self._box(field) for field in (TITLE, *LIMITS)]
                create = gr.Button(_("Set the challenge"), elem_id="create-challenge")
        for control in (chosen, run):
            unchecked(control)
        again = gr.Timer(AGAIN_SECONDS, active=False)
        self._asked, self._seen = [chosen, run], [run, shown, again]
        opened.opened(of_event(self.list), None, chosen, **QUIET)
        for happens in (chosen.change, again.tick):
            happens(self.show, self._asked, self._seen, **QUIET)
        enter.click(self.enter, [chosen, run], outcome, **QUIET)
        create.click(self.create, fields, [outcome, chosen], **QUIET)

    def connect(self, frame: Frame) -> None:
        """Let the page's own poll draw the board anew: runs finish, and enter by their tags."""
        frame.header.finished(self.show, self._asked, self._seen, **QUIET)

    @staticmethod
    def _box(field: Any) -> gr.Textbox:
        return gr.Textbox(
            label=_(field.label), info=_(field.help), max_lines=1, elem_id=f"challenge-{field.name}"
        )

    def list(self, challenge: str = "") -> dict[str, Any]:
        """The challenges to choose from; that of the page's address, or the newest, is chosen."""
        found = self._services.store.challenges()
        ids = [each.challenge_id for each in found]
        choices = [(f"{each.title} ({each.challenge_id})", each.challenge_id) for each in found]
        value = challenge if challenge in ids else next(iter(ids), None)
        return gr.update(choices=choices, value=value)

    def show(
        self, challenge: Any, chosen: Any = None
    ) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """The runs that a person can enter, the board, and whether to look again soon."""
        if not challenge:
            return gr.update(choices=[], value=None), "", gr.update(active=False)
        is_pending = False

        def drawn() -> str:
            nonlocal is_pending
            known = self._services.known_runs()
            store, measure = self._services.store, self._baselines.get
            facts = board(store, challenge, measure=measure, others=known)
            is_pending = facts.baselines_pending
            return render("learn/board", board=facts, limits=LIMITS)

        mine = [(run.config.name, run.run_id) for run in self._own(challenge)]
        ids = [run_id for __, run_id in mine]
        value = chosen if chosen in ids else next(iter(ids), None)
        told = _told(drawn)
        return gr.update(choices=mine, value=value), told, gr.update(active=is_pending)

    def enter(self, challenge: Any, run: Any) -> str:
        """Let a person's own run take part."""

        def entered() -> str:
            if not any(each.run_id == run for each in self._own(challenge)):
                raise NotFoundError(
                    _("run must be a finished training of your own; train one first.")
                )
            self._services.changes.enter_challenge(challenge, run)
            return render("learn/entered", run=run)

        return _told(entered)

    def create(self, title: Any, *values: Any) -> tuple[str, dict[str, Any]]:
        """Set a challenge, and choose it; ``values`` are the limits."""
        chosen: dict[str, Any] = gr.skip()

        def created() -> str:
            nonlocal chosen
            named = {field.name: value for field, value in zip(LIMITS, values, strict=True)}
            made = self._services.changes.add_challenge(title, named)
            chosen = self.list(made.challenge_id)
            return render("learn/challenge_set", challenge=made)

        return _told(created), chosen

    def _own(self, challenge: str) -> Sequence[Run]:
        return [
            run
            for run in self._services.known_runs()
            if run.owner == acting().owner
            and run.kind is RunKind.TRAINING
            and run.result is not None
            and challenge not in run.tags
        ]


def _told(act: Callable[[], str]) -> str:
    """What it answers, or why it was not done."""
    try:
        return act()
    except Exception as error:
        return problem(readable(error))
