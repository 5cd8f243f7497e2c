"""The part of the Review page that says why adapters say what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from markupsafe import Markup

from peft_demo.comparison.describe import cell_key, with_epochs
from peft_demo.errors import PeftDemoError
from peft_demo.languages import _, gettext_noop, told
from peft_demo.runs import Run
from peft_demo.ui.answers import BEFORE_TRAINING
from peft_demo.ui.faults import readable
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.requests import QUIET, unchecked
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.inference import Explanation
    from peft_demo.inference.flipping import Flip

WAYS = {
    "leaving_out": gettext_noop("Leaving out"),
    "integrated_gradients": gettext_noop("Integrated gradients"),
}
"""As ``inference.WAYS``, which loads torch; a test compares them."""

MOST_RUNS = 8

EMPTY_IF_OF_OTHERS = """(review, runIds, html) => {
  const read = Object.assign(document.createElement("template"), { innerHTML: html });
  const about = read.content.querySelector("[data-about]")?.dataset.about;
  return about && about !== JSON.stringify([review, runIds]) ? "" : html;
}"""
"""What the browser makes of an answer that comes when its question is there no more."""

NUM_REPEATED = 5
"""Words of which is told how far the seed moves them."""


@dataclass(frozen=True)
class Word:
    """A piece of the text as it is drawn: a word with its contribution, or what is between two."""

    text: str
    contribution: float | None = None
    is_cut: bool = False
    share: float = 0.0
    """Of the largest contribution on the page, between -1 and 1."""


@dataclass(frozen=True)
class Explained:
    """What is drawn of one explanation."""

    run: Run
    explanation: Explanation
    towards: str
    """The label that positive contributions speak for."""
    words: list[Word]


class WhyPart:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def draw(self) -> None:
        """Draw it into the current tab."""
        with gr.Row(elem_id="why"):
            self.by = unchecked(
                gr.Radio(
                    [(_(label), way) for way, label in WAYS.items()],
                    value="leaving_out",
                    label=_("What each word contributes"),
                    info=_("By editing it away, or by gradients."),
                    elem_id="why-by",
                    min_width=260,
                    scale=3,
                )
            )
            self._ask = gr.Button(_("Why do they say so?"), elem_id="why-ask", scale=1)
            self._turn = gr.Button(_("Fewest words that turn it"), elem_id="why-turn", scale=1)
        self.shown = styled("", elem_id="why-shown")

    def connect(self, review: gr.Textbox, run_ids: gr.Dropdown) -> None:
        """Explain what is typed by what is chosen."""
        asked = [review, run_ids, self.by]
        common: dict[str, Any] = {
            "concurrency_limit": 2,
            "concurrency_id": "why",
            "api_visibility": "private",
            "show_progress_on": self.shown,
        }
        going = [
            self._ask.click(self.say_why, asked, self.shown, **common),
            self._turn.click(self.say_turn, asked[:2], self.shown, **common),
            self.by.input(self.say_why, asked, self.shown, **common),
        ]
        # What is shown, or on its way, is of another text or of others then; a new list of runs is
        # no new choice. What had been sent before it was cancelled still comes, and goes again.
        for happens in (review.change, run_ids.input):
            happens(None, None, self.shown, js="() => ''", cancels=going, **QUIET)
        now = [review, run_ids, self.shown]
        self.shown.change(None, now, self.shown, js=EMPTY_IF_OF_OTHERS, **QUIET)

    def say_why(self, review: object, run_ids: object, by: object) -> Iterator[str]:
        """The explanations as they come, one adapter after another, on one scale."""
        runs, explainer = self._services.runs(), self._services.explainer
        for found, more in _one_by_one(
            review, run_ids, lambda run_id: explainer.explain(review, [run_id], by)
        ):
            told_of = problem(more) if isinstance(more, str) else shown(found, runs, **more)
            yield _of(review, run_ids, told_of)

    def say_turn(self, review: object, run_ids: object) -> Iterator[str]:
        """The fewest words whose deletion turns each adapter's answer, as they are found."""
        from peft_demo.inference.flipping import flip  # loads torch

        runs, predictor = self._services.runs(), self._services.predictor

        def of(run_id: str) -> list[Flip]:
            return [flip(predictor, run, review) for run in predictor.finished([run_id])]

        for found, more in _one_by_one(review, run_ids, of):
            told_of = problem(more) if isinstance(more, str) else turned(found, runs, **more)
            yield _of(review, run_ids, told_of)


def _one_by_one(
    review: object, run_ids: object, ask: Callable[[str], list[Any]]
) -> Iterator[tuple[list[Any], Any]]:
    """What was found by now with what else is told: a sentence if nothing can be asked."""
    ids = [*dict.fromkeys(map(str, run_ids))] if isinstance(run_ids, list) else []
    ids = [run_id for run_id in ids if run_id != BEFORE_TRAINING]
    if not ids or not isinstance(review, str) or not review.strip():
        yield [], _("Type a review and choose adapters first.")
        return
    found: list[Any] = []
    faults: list[str] = []
    for place, run_id in enumerate(ids[:MOST_RUNS], start=1):
        try:
            found += ask(run_id)
        except PeftDemoError as error:
            faults.append(told(str(error)))
        except Exception as error:
            faults.append(str(readable(error)))
        num_waiting = len(ids[place:MOST_RUNS])
        more = {"faults": faults, "num_waiting": num_waiting, "num_left_out": len(ids) - MOST_RUNS}
        yield found, more


def _of(review: object, run_ids: object, html: str) -> str:
    """HTML that says what it is about."""
    about = json.dumps([review, run_ids], ensure_ascii=False, separators=(",", ":"))
    return str(Markup('<div data-about="{}">{}</div>').format(about, Markup(html)))


def turned(
    found: Sequence[Flip],
    runs: Mapping[str, Run],
    faults: Sequence[str] = (),
    num_waiting: int = 0,
    num_left_out: int = 0,
) -> str:
    """Flips as HTML, the deleted words struck through; those of runs that are gone left out."""
    known = [(runs[each.run_id], each, _struck(each)) for each in found if each.run_id in runs]
    html = render(
        "turned",
        turned=known,
        faults=faults,
        num_waiting=num_waiting,
        num_left_out=max(0, num_left_out),
        most=MOST_RUNS,
        with_epochs=with_epochs,
    )
    return glossed(html)[0]


def _struck(found: Flip) -> list[tuple[str, bool]]:
    """The text in pieces, and whether each is deleted."""
    pieces, end = [], 0
    for start, stop in found.deleted:
        pieces += [(found.text[end:start], False), (found.text[start:stop], True)]
        end = stop
    return [*pieces, (found.text[end:], False)]


def shown(
    found: Sequence[Explanation],
    runs: Mapping[str, Run],
    faults: Sequence[str] = (),
    num_waiting: int = 0,
    num_left_out: int = 0,
) -> str:
    """Explanations as HTML, on one scale; those of runs that are gone meanwhile are left out."""
    known = [each for each in found if each.run_id in runs]
    sizes = (abs(part.contribution or 0) for each in known for part in each.words)
    largest, common = max(sizes, default=0.0), _common(known, runs)
    explained = [_explained(each, runs[each.run_id], common, largest) for each in known]
    html = render(
        "why",
        explained=explained,
        largest=largest,
        faults=faults,
        num_waiting=num_waiting,
        num_left_out=max(0, num_left_out),
        most=MOST_RUNS,
        repeated=_repeated(explained),
        with_epochs=with_epochs,
    )
    return glossed(html)[0]


def _common(found: Sequence[Explanation], runs: Mapping[str, Run]) -> str:
    """The label that all speak for: the second, where all tell the same two apart; else empty.

    So a colour means the same everywhere.
    """
    labels = {runs[each.run_id].config.labels for each in found}
    return labels.pop()[1] if len(labels) == 1 and len(max(labels)) == 2 else ""


def _explained(found: Explanation, run: Run, common: str, largest: float) -> Explained:
    towards = common or found.label
    sign = 1 if found.label == towards else -1
    pieces, end = [], 0
    for part in found.words:
        is_cut = part.start >= found.characters_read
        if part.start > end:
            pieces.append(Word(found.text[end : part.start], is_cut=end >= found.characters_read))
        told = None if part.contribution is None else sign * part.contribution
        share = told / largest if told and largest else 0.0
        pieces.append(Word(found.text[part.start : part.end], told, is_cut, share))
        end = part.end
    if end < len(found.text):
        pieces.append(Word(found.text[end:], is_cut=end > found.characters_read))
    return Explained(run, found, towards, pieces)


@dataclass(frozen=True)
class Repeated:
    """How far the seed alone moves what some words contribute."""

    name: str
    seeds: int
    words: list[tuple[str, float, float, float]]
    """Each with its lowest, mean and highest contribution."""


def _repeated(explained: Sequence[Explained]) -> list[Repeated]:
    cells: dict[str, list[Explained]] = {}
    for each in explained:
        if each.run.config.get("seed") is not None:
            cells.setdefault(cell_key(each.run.config), []).append(each)
    return [_spread(members) for members in cells.values() if len(members) > 1]


def _spread(members: Sequence[Explained]) -> Repeated:
    rows = []
    for same in zip(*(each.words for each in members), strict=True):
        values = [word.contribution for word in same if word.contribution is not None]
        if len(values) == len(members):
            mean = sum(values) / len(values)
            rows.append((same[0].text, min(values), mean, max(values)))
    rows.sort(key=lambda row: -abs(row[2]))
    return Repeated(members[0].run.config.summary, len(members), rows[:NUM_REPEATED])
