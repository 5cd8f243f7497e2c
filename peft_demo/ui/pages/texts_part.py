"""The part of the Data page that shows texts as a model sees them, and what a run says of each."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.comparison import Looked, Looking, looking, texts
from peft_demo.comparison.describe import with_epochs
from peft_demo.data import DATASETS
from peft_demo.errors import PeftDemoError
from peft_demo.languages import _, gettext_noop
from peft_demo.models import BASES
from peft_demo.runs import RunKind
from peft_demo.statistics import TEST_SET
from peft_demo.ui.form.data_sets import known
from peft_demo.ui.formats import give_or_take
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.requests import QUIET, checked, of_event, unchecked
from peft_demo.ui.services import Services

PARTS = {
    texts.TRAINING: gettext_noop("Training texts"),
    texts.VALIDATION: gettext_noop("Validation texts"),
    TEST_SET: gettext_noop("Test texts"),
}

MOST_RUNS = 500
"""Runs to choose from, the newest."""

_TO_PART = "() => document.getElementById('data-texts')?.scrollIntoView()"


class TextsPart:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services, data: OwnData) -> None:
        self._services, self._data = services, data

    def draw(self) -> None:
        """Draw it into the current tab."""
        styled(render("data/looking"))
        with gr.Row():
            self._source = gr.Dropdown(
                [],
                value=None,
                label=_("Of which run or data set"),
                info=_("Runs, the newest first, then data sets; type to search."),
                min_width=240,
                scale=2,
                elem_id="texts-source",
            )
            self._part = gr.Dropdown(
                [],
                value=None,
                label=_("Which of them"),
                info=_("Those that it was tested on have predictions."),
                filterable=False,
                min_width=200,
                elem_id="texts-part",
            )
        with gr.Row():
            self._search = gr.Textbox(
                label=_("With the words"),
                info=_("As whole words, such as: not good"),
                max_lines=1,
                min_width=200,
                elem_id="texts-search",
            )
            self._order = gr.Dropdown(
                [(_(label), order) for order, label in looking.ORDERS.items()],
                value="given",
                label=_("Order"),
                info=_("Mistakes and sureness need predictions."),
                filterable=False,
                min_width=200,
                elem_id="texts-order",
            )
        self._look = gr.Button(_("Look at them"), elem_id="texts-look")
        self._shown = styled("", elem_id="texts-shown")
        self._page = gr.Number(1, visible=False)
        with gr.Row():
            self._before = gr.Button(
                _("Those before"), size="sm", visible=False, elem_id="texts-before"
            )
            self._after = gr.Button(
                _("Those after"), size="sm", visible=False, elem_id="texts-after"
            )
        for control in (self._source, self._part, self._order):
            unchecked(control)

    def connect(self, frame: Frame) -> None:
        """Say what happens when it is used; a run's details open it."""
        asked = [self._source, self._part, self._search, self._order]
        shown = [self._part, self._shown, self._page, self._before, self._after]
        common: dict[str, Any] = {
            "concurrency_limit": 4,
            "concurrency_id": "texts",
            "api_visibility": "private",
            "show_progress_on": self._shown,
        }
        for happens in (frame.blocks.load, frame.header.finished):
            happens(checked(self.offer), self._source, self._source, **QUIET)
        anew = (self._look.click, self._search.submit, self._source.input, self._part.input)
        for event in (*anew, self._order.input):
            event(self.show, asked, shown, **common)
        for button, step in ((self._before, -1), (self._after, 1)):
            button.click(_stepping(self.show, step), [*asked, self._page], shown, **common).success(
                None, None, None, js=_TO_PART, **QUIET
            )
        opened = [frame.tabs, self._source, self._search, self._order, *shown]
        frame.header.looked(of_event(self.open), None, opened, **QUIET).success(
            None, None, None, js=_TO_PART, **QUIET
        )

    def offer(self, source: str | None = None) -> Any:
        """What texts can be looked at of: the newest run is chosen, unless another was."""
        runs = [
            run
            for run in self._services.runs().values()
            if run.kind is not RunKind.RANGE_TEST and run.config.dataset in DATASETS
        ]
        named = []
        for run in runs[:MOST_RUNS]:
            accuracy = f" · {give_or_take(run.result.evaluation)}" if run.result else ""
            named.append((f"{with_epochs(run, run.config.name)}{accuracy}", run.run_id))
        named += [(_(row.label), row.id) for row in known(self._services.changes)]
        ids = [value for __, value in named]
        return gr.update(choices=named, value=source if source in ids else ids[0])

    def open(self, source: str) -> list[Any]:
        """Show the test texts of a run whose details asked for them, and the tab they are in."""
        shown = self.show(source, TEST_SET, "", "given")
        emptied = [gr.update(value=""), gr.update(value="given")]
        return [gr.Tabs(selected="data-tab"), self.offer(source), *emptied, *shown]

    def show(self, source: Any, part: Any, search: Any, order: Any, page: Any = 1) -> list[Any]:
        """A page of texts with the parts that there are, or why there is none."""
        if not source:
            return _nothing(problem(_("Choose a run or a data set first.")))
        try:
            parts = self._data.parts(str(source))
            part = part if part in parts else _first(parts)
            asked = Looking(
                source=str(source),
                part=part,
                search=str(search or ""),
                order=str(order or "given"),
                page=int(page or 1),
            )
            found = self._data.look(asked)
        except PeftDemoError as error:
            return _nothing(problem(error))
        choices = [(_part_name(each), each) for each in parts]
        return [
            gr.update(choices=choices, value=part),
            _rendered(found),
            found.page,
            gr.update(visible=found.page > 1),
            gr.update(visible=found.page < found.num_pages),
        ]


def _stepping(show: Any, step: int) -> Any:
    def shown(source: Any, part: Any, search: Any, order: Any, page: int) -> list[Any]:
        return show(source, part, search, order, page + step)

    return checked(shown)


def _nothing(words: str) -> list[Any]:
    hidden = gr.update(visible=False)
    return [gr.skip(), words, 1, hidden, hidden]


def _first(parts: tuple[str, ...]) -> str:
    return TEST_SET if TEST_SET in parts else parts[0]


def _part_name(part: str) -> str:
    row = DATASETS.get(part)
    return _(PARTS[part]) if part in PARTS else _(row.label) if row else part


def _rendered(found: Looked) -> str:
    return render(
        "data/texts",
        found=found,
        part=_part_name(found.part),
        base=BASES[found.base_model].label if found.base_model in BASES else found.base_model,
        run_id="" if found.source in DATASETS else found.source,
        most=looking.PAGE,
    )
