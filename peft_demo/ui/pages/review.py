"""The review page: one typed review, several adapters, one card each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import gradio as gr

from peft_demo import comparison
from peft_demo.data import DATASETS, LONGEST_TEXT, check_text, clean
from peft_demo.errors import PeftDemoError
from peft_demo.runs import Run
from peft_demo.ui.browser_code import calling
from peft_demo.ui.form.import_form import ImportForm
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import (
    QUIET,
    OptionalRunIds,
    RunIds,
    checked,
    of_event,
    problems_of,
    unchecked,
)

if TYPE_CHECKING:
    from peft_demo.inference import Prediction

EXAMPLES = (
    "A slow start, but the last hour is wonderful. I left the cinema smiling.",
    "Two hours of my life that I will never get back. The plot makes no sense at all.",
    "The acting is superb, the music is beautiful, and yet I was bored to tears.",
    "If you enjoy watching paint dry, this masterpiece is for you.",
    "It is not a bad film.",
)

FIRST_CHOICE = ("lora-1", "recommended-lora", "recommended-ia3", "recommended-head-only")
"""The presets whose reference adapters are chosen when the page opens."""

WAITING = (
    "<p class='pd-hint'>Type or pick a review, choose adapters and press Classify: each adapter "
    "gets a card here.</p>"
)


class ReviewPage(Page):
    """The controls of the review page and what happens when they are used."""

    label = "Review"
    tab_id = "review-tab"

    def draw(self, frame: Frame) -> None:
        """See Page."""
        choices = self._choices()
        self.review = gr.Textbox(
            label="Review",
            info=f"Any text of 1 to {LONGEST_TEXT:,} characters; the base model was trained on "
            "English.",
            placeholder="What did you think of the film?",
            lines=4,
            max_lines=12,
            elem_id="review",
        )
        with gr.Row(elem_id="examples"):
            for number, example in enumerate(EXAMPLES):
                gr.Button(
                    example if len(example) < 48 else f"{example[:46].rsplit(' ', 1)[0]} …",
                    size="sm",
                    elem_id=f"example-{number}",
                ).click(lambda text=example: text, None, self.review, **QUIET)
        self.run_ids = gr.CheckboxGroup(
            choices,
            value=[run_id for _, run_id in choices if self._is_first_choice(run_id)],
            label="Adapters to compare",
            info="Every finished run, and the reference runs that come with the program.",
            elem_id="adapters",
            show_select_all=True,
        )
        unchecked(self.run_ids)
        with gr.Accordion("Add an adapter from elsewhere", open=False, elem_id="import"):
            ImportForm(self._services).draw(frame.owner)
        self.button = gr.Button("Classify", variant="primary", elem_id="classify")
        self.cards = styled(WAITING, elem_id="cards")
        gr.on(
            [self.button.click, self.review.submit],
            checked(self.classify),
            [self.review, self.run_ids],
            self.cards,
            validator=checked(self._validate),
            concurrency_limit=8,
            api_visibility="private",
            show_progress_on=self.cards,
        )

    def connect(self, frame: Frame) -> None:
        """Follow the runs that finish, and open what is clicked in another tab, classified.

        What is typed stays in the browser when the page is loaded again.
        """
        self.review.change(
            None, self.review, None, js=f"(text) => {calling('keepReview(text)')}", **QUIET
        )
        frame.blocks.load(
            None,
            self.review,
            self.review,
            js=f"(text) => {calling('recallReview(text)')}",
            **QUIET,
        )
        frame.header.finished(checked(self.refresh), self.run_ids, self.run_ids, **QUIET)
        frame.header.opened(
            of_event(self.open_review), None, [self.review, self.run_ids], **QUIET
        ).success(None, js=f"() => {calling('reviewOpened()')}").success(
            checked(self.classify),
            [self.review, self.run_ids],
            self.cards,
            concurrency_limit=8,
            **QUIET,
        )

    def open_review(self, run_ids: RunIds, index: int) -> list[Any]:
        """Put a test review and the adapters that it was listed for into the page.

        Raises:
            PeftDemoError: there is no such review, or no such run.
        """
        text = comparison.text_at(self._services.store, next(iter(run_ids), ""), index)
        return [text, self.refresh(run_ids)]

    def refresh(self, selected: OptionalRunIds) -> Any:
        """The choices with the runs that are finished by now, keeping the selection."""
        choices = self._choices()
        ids = {run_id for _, run_id in choices}
        kept = [run_id for run_id in selected or () if run_id in ids]
        return gr.update(choices=choices, value=kept)

    def _choices(self) -> list[tuple[str, str]]:
        return [
            (f"{run.config.name}{' · reference' if run.is_reference else ''}", run.run_id)
            for run in self._services.runs().values()
            if run.can_predict
        ]

    @staticmethod
    def _is_first_choice(run_id: str) -> bool:
        """Four that learned differently much, so that a review may split them."""
        return run_id in {f"reference-{preset_id}" for preset_id in FIRST_CHOICE}

    @staticmethod
    def _validate(review: str, run_ids: RunIds) -> list[dict[str, Any]]:
        from peft_demo.inference import check_run_ids

        found = (
            problems_of(lambda: check_text(review)),
            problems_of(lambda: check_run_ids(run_ids)),
        )
        return [gr.validate(not problems, " ".join(problems.values())) for problems in found]

    def classify(self, review: str, run_ids: RunIds) -> str:
        """The cards of a review, or why there are none."""
        try:
            predictions = self._services.predictor.predict(review, run_ids)
            runs = {run_id: self._services.store.get(run_id) for run_id in run_ids}
        except PeftDemoError as error:
            return problem(error)
        return cards(clean(review), predictions, runs)


def cards(review: str, predictions: Sequence[Prediction], runs: Mapping[str, Run]) -> str:
    """The predictions as HTML: whether they agree, a card each, and what was read."""
    told = [(p, runs[p.run_id], _notes(p, runs[p.run_id])) for p in predictions]
    return render(
        "cards", agreement=agreement(predictions), cards=told, pieces=_pieces(review, predictions)
    )


def agreement(predictions: Sequence[Prediction]) -> str:
    """Whether the adapters agree, in a sentence."""
    counts = Counter(prediction.label for prediction in predictions)
    if len(predictions) == 1:
        return f"One adapter: {predictions[0].label}."
    if len(counts) == 1:
        who = "Both" if len(predictions) == 2 else f"All {len(predictions)}"
        return f"{who} adapters agree: {predictions[0].label}."
    # In the order of the cards' bars, the last label first.
    labels = dict.fromkeys(label for p in predictions for label in reversed(p.probabilities))
    told = ", ".join(f"{counts[label]} {label}" for label in labels if counts[label])
    return f"The adapters disagree: {told}."


def _notes(prediction: Prediction, run: Run) -> list[str]:
    """How far a prediction can be trusted, and what it took."""
    notes = []
    if prediction.unknown_tokens:
        notes.append(
            f"{prediction.unknown_tokens} of {prediction.tokens_read} tokens are unknown to the "
            "base model"
        )
    if run.result is not None:
        low, high = run.result.test_interval
        row = DATASETS.get(run.config.dataset)
        texts = row.nouns if row else "texts"
        trust = f"right on {100 * run.result.test_accuracy:.1f} % of its test {texts}"
        if low <= 1 / len(prediction.probabilities) <= high:
            trust += ", which cannot be told from guessing"
        notes.append(trust)
    notes.append(f"{prediction.milliseconds:.0f} ms")
    notes.append(f"read {prediction.tokens_read:,} of {prediction.tokens_total:,} tokens")
    return notes


def _pieces(review: str, predictions: Sequence[Prediction]) -> list[str]:
    """The review in parts: read by all, by ever fewer, by none; empty if all read all of it."""
    if all(p.tokens_read == p.tokens_total for p in predictions):
        return []
    ends = sorted({prediction.characters_read for prediction in predictions})
    return [review[start:end] for start, end in pairwise([0, *ends, len(review)])]
