"""The part of the Review page that lets adapters' updates count more or less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.languages import _, gettext_noop, told
from peft_demo.runs.strength import STRENGTH
from peft_demo.ui.answers import BEFORE_TRAINING
from peft_demo.ui.faults import readable
from peft_demo.ui.html import render, styled
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.requests import QUIET, unchecked
from peft_demo.ui.services import Services
from peft_demo.ui.steps import Steps

if TYPE_CHECKING:
    from peft_demo.runs.strength import AtStrength, StrengthCurve

MOST_RUNS = 4
"""As many as are kept in memory at once."""


NOTHING_CHOSEN = gettext_noop("Type a review and choose adapters first.")


class StrengthPart:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def draw(self) -> None:
        """Draw it into the current tab."""
        with gr.Accordion(_("How strongly the update counts"), open=False, elem_id="strength"):
            self._dial = unchecked(
                gr.Slider(
                    STRENGTH.minimum,
                    STRENGTH.maximum,
                    value=STRENGTH.default,
                    step=STRENGTH.step,
                    label=_(STRENGTH.label),
                    info=_(STRENGTH.help),
                    elem_id="strength-dial",
                )
            )
            self._ask = gr.Button(
                _("Accuracy over strength"), size="sm", elem_id="strength-curve", scale=0
            )
            self._shown = styled("", elem_id="strength-shown")

    def connect(self, frame: Frame, review: gr.Textbox, run_ids: gr.Dropdown) -> None:
        """Follow the dial and, once it was turned, what is typed; compute curves when asked."""
        common: dict[str, Any] = {"api_visibility": "private", "show_progress_on": self._shown}
        going = [
            self._dial.change(
                self.at_strength,
                [review, run_ids, self._dial],
                self._shown,
                trigger_mode="always_last",
                concurrency_limit=2,
                **common,
            ),
            self._ask.click(
                self.over_strength, run_ids, self._shown, concurrency_limit=1, **common
            ),
        ]
        frame.header.left(None, None, self._shown, js="() => ''", cancels=going, **QUIET)
        # A curve that is shown, or on its way, is of others then.
        run_ids.input(
            None,
            self._shown,
            self._shown,
            js="html => html.includes('data-at') ? html : ''",
            cancels=going,
            **QUIET,
        )
        # After a pause in typing, as the cards.
        frame.header.turned(
            self.at_strength,
            [review, run_ids, self._dial],
            self._shown,
            trigger_mode="always_last",
            concurrency_limit=2,
            **{**common, "show_progress": "hidden"},
        )

    def at_strength(self, review: object, run_ids: object, strength: object) -> str:
        """What the first chosen adapters say of the review at a strength."""
        said: list[AtStrength] = []
        faults: list[str] = []
        for run_id in _chosen(run_ids):
            try:
                said += self._services.strengths.predict(review, [run_id], strength)
            except Exception as error:
                faults.append(told(str(readable(error))))
        if not said and not faults:
            faults = [NOTHING_CHOSEN]
        at = {"text": str(review), "strength": strength}
        return self._told(said=said, faults=list(dict.fromkeys(faults)), at=at)

    def over_strength(self, run_ids: object) -> Iterator[str]:
        """The curves of the first chosen adapters, as they come."""
        curves: list[StrengthCurve] = []
        faults: list[str] = []
        for run_id in _chosen(run_ids):
            going = Steps(partial(self._services.strengths.curve, run_id))
            waiting = _("%(run_id)s: %(done)s of %(most)s strengths …")
            yield self._told(curves=curves, faults=faults, waiting=_("Computing …"))
            for done, most in going:
                told_of = waiting % {"run_id": run_id, "done": done, "most": most}
                yield self._told(curves=curves, faults=faults, waiting=told_of)
            try:
                curves.append(going.result)
            except Exception as error:
                faults.append(str(readable(error)))
        yield self._told(curves=curves, faults=faults)

    def _told(
        self,
        said: list[AtStrength] = [],  # noqa: B006
        curves: list[StrengthCurve] = [],  # noqa: B006
        faults: list[str] = [],  # noqa: B006
        waiting: str = "",
        at: Mapping[str, object] | None = None,
    ) -> str:
        runs = self._services.runs()
        points = [point.accuracy for curve in curves for point in curve.points]
        return render(
            "strengths",
            said=[(runs[each.run_id], each) for each in said if each.run_id in runs],
            labels=list(dict.fromkeys(label for each in said for label in each.probabilities)),
            curves=[(runs[each.run_id], each) for each in curves if each.run_id in runs],
            lowest=min(points, default=0.0),
            faults=[told(fault) for fault in faults],
            waiting=waiting,
            at=at,
            with_epochs=with_epochs,
            texts_of=texts_of,
        )


def _chosen(run_ids: object) -> list[str]:
    ids = dict.fromkeys(map(str, run_ids) if isinstance(run_ids, list) else ())
    return [run_id for run_id in ids if run_id != BEFORE_TRAINING][:MOST_RUNS]
