"""The part of the Compare page that says what the compared runs understand."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from peft_demo import capabilities
from peft_demo.capabilities import Answers, Kind, Pairs, Positive, read_pairs
from peft_demo.comparison import understanding
from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.comparison.describe import short_names
from peft_demo.data.own import Source
from peft_demo.errors import NotFoundError, PeftDemoError
from peft_demo.languages import _, gettext_noop, told
from peft_demo.runs import Run
from peft_demo.ui.faults import readable
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.requests import QUIET, RunId, page_function
from peft_demo.ui.services import Services

KINDS = {
    Kind.LABEL: gettext_noop("Sentences with a label: how many are right"),
    Kind.INVARIANCE: gettext_noop("Changed reviews: how many keep the label that they had"),
    Kind.DIRECTION: gettext_noop(
        "Reviews with something added: of how many the probability does not move the wrong way"
    ),
}

PAIRS = {
    understanding.ORIGINALS: gettext_noop("Originals"),
    understanding.EDITS: gettext_noop("Edits"),
    understanding.CONSISTENCY: gettext_noop("Both of a pair"),
}

MOST_OWN = 16
"""Files of people's own pairs whose answers are kept, for who opens the texts."""

MOST_TOLD = 6
"""Differences that are told in words."""


class UnderstandingPart:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._own: OrderedDict[str, tuple[Pairs, dict[str, Answers]]] = OrderedDict()
        """What was said of people's own pairs, by what these hold: nobody else can name them."""

    def draw(self) -> None:
        """Draw it into the current tab."""
        with gr.Column(elem_id="understanding"):
            styled(render("compare/understanding"))
            with gr.Accordion(_("Edited pairs of your own"), open=False, elem_id="own-pairs"):
                self._pairs = gr.File(
                    label=_("A file with the columns original, edited, label and edited_label"),
                    elem_id="pairs-file",
                    height=140,
                )
            self._shown = styled("", elem_id="understood")

    def connect(self, frame: Frame) -> None:
        """Ask those that are compared."""
        frame.header.challenged(
            self.asked,
            self._pairs,
            self._shown,
            concurrency_limit=1,
            concurrency_id="challenge",
            **{**QUIET, "show_progress": "minimal", "show_progress_on": self._shown},
        )

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call."""
        return [page_function(self.failed_texts)]

    def asked(self, file: str | None, event: gr.EventData) -> Iterator[str]:
        """What was found by now, one run after another, the word counting last."""
        run_ids = event._data.get("run_ids")
        ids = [*dict.fromkeys(map(str, run_ids))][:MOST_RUNS] if isinstance(run_ids, list) else []
        if not ids:
            yield problem(_("Choose the runs to compare first."))
            return
        try:
            own = _pairs_in(file) if file else None
        except PeftDemoError as error:
            yield problem(error)
            return
        yield from self._found(ids, own)

    def _found(self, ids: Sequence[str], own: Pairs | None) -> Iterator[str]:
        from peft_demo.inference import challenged  # loads torch

        services = self._services
        known, faults = services.runs(), list[str]()
        found: list[Answers] = []
        for place, run_id in enumerate(ids):
            yield self._told(found, known, own, faults, num_waiting=len(ids) - place)
            try:
                found.append(challenged(services.store, services.predictor, run_id, own))
                if own:
                    self._remember(own, found[-1])
            except Exception as error:
                faults.append(told(str(readable(error))))
        yield self._told(found, known, own, faults, is_counting=True)
        words: dict[str, Answers] = {}
        for answers in found:
            try:
                counted = understanding.counting_words(services.store, known[answers.run_id], own)
            except (KeyError, PeftDemoError):
                continue  # a deleted run, or one whose texts are gone
            if counted and counted not in words.values():
                words[answers.run_id] = counted
        yield self._told(found, known, own, faults, words)

    def _remember(self, own: Pairs, answers: Answers) -> None:
        self._own.setdefault(_key(own), (own, {}))[1][answers.run_id] = answers
        while len(self._own) > MOST_OWN:
            self._own.popitem(last=False)

    def _told(
        self,
        found: Sequence[Answers],
        known: Mapping[str, Run],
        own: Pairs | None,
        faults: Sequence[str],
        words: Mapping[str, Answers] = {},
        **more: Any,
    ) -> str:
        runs = [known[each.run_id] for each in found if each.run_id in known]
        asked = [each for each in found if each.run_id in known]
        apart = understanding.apart(asked, own)
        return render(
            "compare/understood",
            rows=_rows(own),
            runs=[understanding.understood(each, own) for each in asked],
            names=short_names(runs),
            words=[understanding.understood(each, own) for each in words.values()],
            of_words=[*words],
            apart=apart,
            contrasts=understanding.contrasts(self._services.store, runs, apart),
            labels=_labels(),
            faults=faults,
            own=own,
            own_key=_key(own) if own else "",
            most=MOST_TOLD,
            **{"num_waiting": 0, "is_counting": False, **more},
        )

    def failed_texts(self, run_id: RunId, name: str, own: str = "") -> str:
        """The texts of a capability that a run does not do as it should, as a dialog, in JSON.

        Args:
            run_id: of a run that was asked.
            name: the capability's id.
            own: which pairs of one's own it was asked for, if it was.
        """
        pairs, said = self._own.get(own, (None, {}))
        positive: Positive | None
        if own:
            positive = said[run_id].positive if run_id in said else None
        else:
            positive = understanding.kept(self._services.store, run_id)
        if positive is None or name not in _labels():
            raise NotFoundError(f"{run_id} was not asked for {name}.")
        found = understanding.failures(name, positive, pairs)
        run = self._services.store.get(run_id)
        dialog = render(
            "compare/failed_texts", run=run, found=found, title=_(_labels()[name]), run_id=run_id
        )
        return json.dumps({"dialog": dialog})


def _key(pairs: Pairs) -> str:
    told = json.dumps([pairs.originals, pairs.edits, pairs.labels, pairs.edited_labels])
    return hashlib.sha256(told.encode()).hexdigest()


def _pairs_in(file: str) -> Pairs:
    path = Path(file)
    return read_pairs(Source(path.name, path.read_bytes()))


def _labels() -> dict[str, str]:
    return {**{each.id: each.label for each in capabilities.every()}, **PAIRS}


def _rows(own: Pairs | None) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Headings, each with its rows: id, label, and what it is about."""
    every = capabilities.every()
    kinds = [
        (_(title), [(row.id, _(row.label), _(row.about)) for row in every if row.kind is kind])
        for kind, title in KINDS.items()
    ]
    pairs = own or capabilities.built_in()
    title = _("Edited pairs: %(count)s texts, and the same with few words changed") % {
        "count": len(pairs)
    }
    return [*kinds, (title, [(name, _(label), "") for name, label in PAIRS.items()])]
