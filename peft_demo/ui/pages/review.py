"""The review page: one typed review, several adapters, one card each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from peft_demo.comparison.describe import with_epochs
from peft_demo.data import LONGEST_TEXT, clean
from peft_demo.errors import PeftDemoError
from peft_demo.formats import whole
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import Run
from peft_demo.statistics import TEST_SET
from peft_demo.ui.answers import BEFORE_TRAINING, cards
from peft_demo.ui.browser_code import calling
from peft_demo.ui.fooling import Fooling
from peft_demo.ui.form.import_form import ImportForm
from peft_demo.ui.formats import give_or_take
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages.many_part import ManyPart
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.pages.strength_part import StrengthPart
from peft_demo.ui.pages.why_part import WhyPart
from peft_demo.ui.requests import QUIET, OptionalRunIds, checked, of_event, unchecked
from peft_demo.ui.services import Services
from peft_demo.ui.waiting import ANSWERED_AT_ONCE
from peft_demo.ui.watching import Watching
from peft_demo.ui.what_if import edited

EXAMPLES = {
    "A slow start, but the last hour is wonderful. I left the cinema smiling.": "positive",
    "Two hours of my life that I will never get back. The plot makes no sense at all.": "negative",
    "The acting is superb, the music is beautiful, and yet I was bored to tears.": "negative",
    "If you enjoy watching paint dry, this masterpiece is for you.": "negative",
    "It is not a bad film.": "positive",
}
"""Reviews to begin with, and what they say."""

FIRST_CHOICE = ("lora-1", "recommended-lora", "recommended-ia3", "recommended-head-only")
"""The presets whose reference adapters are asked until a person chooses: four that learned
differently much, so that a review may split them."""

NOT_SAID = gettext_noop("not said")


class ReviewPage(Page):
    """The controls of the review page and what happens when they are used."""

    label = "Review"
    tab_id = "review-tab"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._fooling, self._watching = Fooling(services), Watching(services)

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [*self._fooling.functions(), *self._watching.functions()]

    def draw(self, frame: Frame) -> None:
        """See Page."""
        self.review = gr.Textbox(
            label=_("Review"),
            info=_(
                "Any text of 1 to %(most)s characters; the base model was trained on English. "
                "The answers follow what you type."
            )
            % {"most": whole(LONGEST_TEXT)},
            placeholder=_("What did you think of the film?"),
            lines=3,
            max_lines=12,
            elem_id="review",
        )
        with gr.Row(elem_id="examples"):
            self.examples = [
                gr.Button(
                    example if len(example) < 48 else f"{example[:46].rsplit(' ', 1)[0]} …",
                    size="sm",
                    elem_id=f"example-{number}",
                )
                for number, example in enumerate(EXAMPLES)
            ]
        with gr.Row(elem_id="review-actions"):
            self.classify = gr.Button(
                _("Classify"), size="sm", variant="primary", elem_id="classify", scale=0
            )
            self.pin = gr.Button(_("Pin: what if …?"), size="sm", elem_id="pin", scale=0)
            styled(render("recent"), elem_id="recent")
        # Shown while there is something in it, see review.css.
        with gr.Row(elem_id="pinned-row"):
            self.pinned = gr.Textbox(
                label=_("Pinned review"),
                info=_(
                    "Edit the review above it: each card says how far that moves its answer. "
                    "Empty this to let it go."
                ),
                placeholder=" ",
                max_lines=6,
                elem_id="pinned",
                scale=5,
                min_width=320,
            )
            self.unpin = gr.Button(_("Let it go"), size="sm", elem_id="unpin", scale=0)
        with gr.Row():
            self.run_ids = gr.Dropdown(
                [],
                multiselect=True,
                label=_("Adapters to compare"),
                info=_(
                    "All finished runs with their accuracy, the newest first, and what those "
                    "chosen were before their training; type to search."
                ),
                elem_id="adapters",
                scale=2,
                min_width=320,
            )
            self.truth = gr.Radio(
                [(_(NOT_SAID), "")],
                value="",
                label=_("The truth"),
                info=_("Whoever is wrong is marked as fooled."),
                elem_id="truth",
                scale=1,
                min_width=320,
            )
        for control in (self.run_ids, self.truth):
            unchecked(control)
        self.cards = styled(glossed(render("no_answers"))[0], elem_id="cards")
        self._why = WhyPart(self._services)
        self._why.draw()
        self._strength = StrengthPart(self._services)
        self._strength.draw()
        with gr.Accordion(_("Many reviews at once"), open=False, elem_id="many"):
            self._many = ManyPart(self._services)
            self._many.draw()
        with gr.Accordion(_("Add an adapter from elsewhere"), open=False, elem_id="import"):
            ImportForm(self._services).draw()

    def connect(self, frame: Frame) -> None:
        """Answer what is typed, follow the runs that finish, open what is clicked in another tab.

        What is typed and chosen stays in the browser when the page is loaded again.
        """
        seen: list[Any] = [self.review, self.run_ids, self.truth, self.pinned]
        self._why.connect(self.review, self.run_ids)
        self._strength.connect(frame, self.review, self.run_ids)
        self._many.connect(self.run_ids)
        for button, (text, label) in zip(self.examples, EXAMPLES.items(), strict=True):
            given = f"given({json.dumps(text)}, {json.dumps(label)})"
            button.click(None, None, [self.review, self.truth], js=_script(given), **QUIET)
        changes = [control.change for control in seen]
        gr.on(changes, None, seen, js=_script("changed(...seen)"), **QUIET)
        self.review.input(None, self.truth, self.truth, js=_script("typed(...seen)"), **QUIET)
        self.pin.click(None, self.review, self.pinned, js="text => text", **QUIET)
        self.unpin.click(None, None, self.pinned, js="() => ''", **QUIET)
        self.truth.input(None, js=_script("truthSaid()"), **QUIET)
        self.run_ids.input(None, self.run_ids, js=_script("chosen(...seen)"), **QUIET)
        # By the browser alone: an answer of the server would take back what was typed meanwhile.
        words = [self.review, self.truth, self.pinned]
        frame.blocks.load(None, words, words, js=_script("recall(...seen)"), **QUIET)
        for happens in (frame.blocks.load, frame.header.finished):
            happens(
                checked(self.refresh),
                self.run_ids,
                [self.run_ids, self.truth],
                js=_script("recallChoice()"),
                **QUIET,
            )
        self.classify.click(None, None, None, js=_script("classify()"), **QUIET)
        for event, function in (
            (frame.header.opened, self.open_review),
            (frame.header.recalled, self.restore),
        ):
            event(of_event(function), None, seen, **QUIET).success(
                None, self.run_ids, js=_script("opened(...seen)")
            )
        # One at a time: what changes meanwhile is asked once, as it is then.
        frame.header.reviewed(
            checked(self.answer),
            seen,
            [self.cards, self.truth],
            js=_script("asked(...seen)"),
            trigger_mode="always_last",
            concurrency_limit=ANSWERED_AT_ONCE,
            **QUIET,
        ).success(None, js=_script("answered()"))

    def open_review(
        self, runs: str, index: int, source: str = "", part: str = TEST_SET
    ) -> list[Any]:
        """Put a review, the adapters that it was listed for and the truth into the page.

        Args:
            runs: their ids, with commas between; without any, the usual ones are asked.
            index: the review's place, from 0.
            source: whose review it is: a run's or a data set's; of the first run if it is empty.
            part: which of its texts, see ``comparison.texts``.

        Raises:
            PeftDemoError: there is no such review, or no such run.
        """
        ids = tuple(filter(None, runs.split(",")))
        whose = source or next(iter(ids), "")
        text, label = OwnData(self._services).text_at(whose, index, part)
        return self.restore(text, ids or None, label)

    def restore(
        self, review: str, run_ids: OptionalRunIds, truth: str, pinned: str = ""
    ) -> list[Any]:
        """Updates of all that is seen; without a choice, the usual one."""
        runs = self._services.runs()
        chosen = self._chosen(run_ids, runs)
        return [review, _offered(chosen, runs), _offered_truth(chosen, runs, value=truth), pinned]

    def refresh(self, run_ids: OptionalRunIds) -> list[Any]:
        """The runs that are finished by now, and their labels; without a choice, the usual one."""
        runs = self._services.runs()
        chosen = self._chosen(run_ids, runs)
        return [_offered(chosen, runs), _offered_truth(chosen, runs)]

    @staticmethod
    def _chosen(run_ids: Sequence[str] | None, runs: Mapping[str, Run]) -> list[str]:
        """Those that are chosen and can predict; by default the newest run and some like it.

        Those are references, or earlier runs where references have other labels.
        """
        able = [run for run in runs.values() if run.can_predict]
        if run_ids is None:
            usual = [f"reference-{preset_id}" for preset_id in FIRST_CHOICE]
            own = [run for run in able if not run.is_reference]
            own.sort(key=lambda run: run.finished_at or run.created_at, reverse=True)
            others = [*(runs[run_id] for run_id in usual if run_id in runs), *own[1:]]
            alike = [run for run in others if not own or run.config.labels == own[0].config.labels]
            run_ids = [run.run_id for run in (*own[:1], *alike)][: len(usual) + 1]
        ids = {BEFORE_TRAINING, *(run.run_id for run in able)}
        return [run_id for run_id in run_ids if run_id in ids]

    def answer(
        self, review: str, run_ids: OptionalRunIds, truth: str | None, pinned: str = ""
    ) -> list[Any]:
        """The cards of a review, or why there are none; and what may be the truth.

        Args:
            review: what is typed.
            run_ids: who is asked.
            truth: the right label, if it was said.
            pinned: the review that it is compared with, if there is one.
        """
        chosen, runs = list(run_ids or ()), self._services.runs()
        offered = _offered_truth(chosen, runs, truth or "")
        ids = [run_id for run_id in chosen if run_id != BEFORE_TRAINING]
        if not review.strip() or not ids:
            return [glossed(render("no_answers"))[0], offered]
        answer = self._services.predictor.answer
        try:
            answered = answer(review, ids)
            before = answer(review, ids, before_training=True) if ids != chosen else {}
            then = answer(pinned, ids) if pinned.strip() else None
        except PeftDemoError as error:
            return [problem(error), offered]
        texts = clean(pinned), clean(review)
        what_if = edited(*texts, then, answered) if then else None
        kept = self._fooling.kept() if truth else ()
        watched = self._watching.watched()
        is_wished = self._services.changes.wishes_challenges()
        more = (before, what_if, kept, watched, is_wished)
        told = cards(texts[1], answered, runs, truth or "", *more)
        return [glossed(told)[0], offered]


def _script(call: str) -> str:
    return f"(...seen) => {calling(f'review.{call}')}"


def _offered(chosen: list[str], runs: Mapping[str, Run]) -> Any:
    """The list of runs with what each is worth, the newest first."""
    able = [run for run in runs.values() if run.can_predict]
    choices = [(_("Before training"), BEFORE_TRAINING), *((_told(r), r.run_id) for r in able)]
    return gr.update(choices=choices, value=chosen)


def _told(run: Run) -> str:
    accuracy = give_or_take(run.result.evaluation) if run.result else ""
    reference = "reference" if run.is_reference else ""
    name = with_epochs(run, run.config.name)
    return " · ".join(part for part in (name, accuracy, reference) if part)


def _offered_truth(
    chosen: Sequence[str], runs: Mapping[str, Run], truth: str = "", **more: Any
) -> Any:
    """The labels that the chosen runs tell apart; a truth that none of them knows is taken back.

    Without a run the choices stay: Gradio refuses to be told a truth that is not among them.
    """
    labels = dict.fromkeys(
        label for run_id in chosen if run_id in runs for label in runs[run_id].config.labels
    )
    if not labels:
        return gr.skip()
    if truth and truth not in labels:
        more = {"value": ""}
    return gr.update(choices=[(_(NOT_SAID), ""), *((label, label) for label in labels)], **more)
