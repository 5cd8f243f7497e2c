"""The form that texts of one's own come in by, on the Data page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from peft_demo import settings
from peft_demo.data import own
from peft_demo.errors import InvalidFieldsError, PeftDemoError, refuse
from peft_demo.fields import must_be, shown, shown_single
from peft_demo.languages import _, gettext_noop
from peft_demo.statistics import wilson_interval
from peft_demo.ui.form import hub_data
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.requests import QUIET, checked, forgets, unchecked

FILE, HUB, PASTED, TYPED = "file", "hub", "pasted", "typed"

WAYS = {
    FILE: gettext_noop("A file"),
    HUB: gettext_noop("The Hugging Face Hub"),
    PASTED: gettext_noop("Pasted"),
    TYPED: gettext_noop("Typed, label by label"),
}

CHOOSE = gettext_noop("Choose a file, or drop it here")

CHOOSE_TEST = gettext_noop("Choose other texts to test on (may be left out)")

MOST_TYPED = 10
"""Labels that can be typed; a file may have more."""

FIRST_TYPED = 2

FIELDS = (
    *hub_data.NAMES,
    "file",
    "text_column",
    "label_column",
    "test",
    "name",
    "label_names",
    "only_test",
)
"""Each has a place for its sentence beside it."""

SUPPOSED = 0.8
"""The accuracy for which is told how sure so many test texts would make of it."""


class Entered(NamedTuple):
    """What the controls hold, in their order."""

    way: str
    file: str | None
    pasted: str
    test: str | None
    name: str
    text_column: str | None
    label_column: str | None
    label_names: str
    only_test: bool
    is_private: bool
    hub: str
    config: str
    split: str
    test_split: str
    revision: str
    typed: tuple[str, ...]
    """A label, its sentences, the next label, and so on."""


class DataForm:
    """Its controls, and the way from their values to a data set."""

    def __init__(self, data: OwnData) -> None:
        self._data = data

    def draw(self) -> None:
        """Draw it into the current container, and connect what is its own."""
        self.problems: dict[str, gr.HTML] = {}
        self.way = gr.Radio(
            [(_(label), way) for way, label in WAYS.items()],
            value=FILE,
            label=_("Where the texts come from"),
            elem_id="data-way",
        )
        # Not gr.File, whose place to drop files has an English name in every language: drop.js.
        with gr.Column(elem_id="data-file-place", elem_classes="pd-drop") as self._file_place:
            self.file = gr.UploadButton(
                _(CHOOSE), type="filepath", file_count="single", elem_id="data-file"
            )
            styled(render("data/limits", most_mb=int(settings.most_data_mb()), limits=own.LIMITS))
        self.hub = hub_data.HubData(self._draw_problem)
        self.pasted = gr.Textbox(
            label=_("Texts with labels"),
            info=_("A table from a spreadsheet, or a line for each text: label: text"),
            lines=8,
            max_lines=16,
            visible=False,
            elem_id="data-pasted",
        )
        with gr.Column(visible=False, elem_id="data-typed") as self._typed_place:
            self._draw_typed()
        self._draw_problem("file")
        with gr.Row():
            self.columns = [
                self._draw_column("text_column", _("Column of texts")),
                self._draw_column("label_column", _("Column of labels")),
            ]
        with gr.Row():
            self.test = gr.UploadButton(
                _(CHOOSE_TEST), type="filepath", file_count="single", size="sm", elem_id="data-test"
            )
            self._without = gr.Button(
                _("Test on a part of the texts"), size="sm", visible=False, elem_id="data-without"
            )
        self._draw_problem("test")
        with gr.Row():
            self.name = self._draw_line(
                "name", _("Name"), _("Left empty, it is called as the file.")
            )
            self.label_names = self._draw_line(
                "label_names",
                _("Names of labels"),
                _("Such as 0=negative, 1=positive; left empty, as the texts have them."),
            )
        with gr.Row():
            with gr.Column(min_width=200):
                self.only_test = gr.Checkbox(
                    False,
                    label=_("Only to test on"),
                    info=_("No run learns from these; any finished run can be tested on them."),
                    elem_id="data-only-test",
                )
                self._draw_problem("only_test")
            with gr.Column(min_width=200):
                self.is_private = gr.Checkbox(
                    False,
                    label=_("Not listed for others"),
                    info=_("You and a teacher find them here; runs that learn from them are seen."),
                    visible=settings.data_of_others() == "shown",
                    elem_id="data-private",
                )
        for control in (self.way, *self.columns):
            unchecked(control)
        self._connect()

    def _draw_line(self, field: str, label: str, info: str) -> gr.Textbox:
        with gr.Column(min_width=200):
            control = gr.Textbox(
                label=label, info=info, max_lines=1, elem_id=f"data-{field.replace('_', '-')}"
            )
            self._draw_problem(field)
        return control

    def _draw_column(self, field: str, label: str) -> gr.Dropdown:
        with gr.Column(min_width=200):
            control = gr.Dropdown(
                [],
                value=None,
                label=label,
                info=_("Guessed: another can be chosen."),
                visible=False,
                filterable=False,
                elem_id=f"data-{field.replace('_', '-')}",
            )
            self._draw_problem(field)
        return control

    def _draw_problem(self, field: str) -> None:
        self.problems[field] = styled(
            "", visible=False, elem_id=f"data-{field.replace('_', '-')}-problem"
        )

    def _draw_typed(self) -> None:
        styled(render("data/typed", limits=own.LIMITS))
        self._groups, typed = [], []
        for number in range(1, MOST_TYPED + 1):
            is_there = number <= FIRST_TYPED
            with gr.Row(visible=is_there) as group:
                typed += [
                    gr.Textbox(
                        label=_("Label %(number)s") % {"number": number},
                        max_lines=1,
                        scale=1,
                        min_width=140,
                        elem_id=f"data-label-{number}",
                    ),
                    gr.Textbox(
                        label=_("Its sentences, a line each"),
                        lines=4,
                        max_lines=12,
                        scale=3,
                        min_width=240,
                        elem_id=f"data-sentences-{number}",
                    ),
                ]
            self._groups.append(group)
        self.typed = typed
        self._more = gr.Button(_("+ label"), size="sm", elem_id="data-more")
        self._shown = gr.Number(FIRST_TYPED, visible=False)

    def _connect(self) -> None:
        places = [self._file_place, self.hub.place, self.pasted, self._typed_place]
        self.test.upload(checked(_named), self.test, [self.test, self._without], **QUIET)
        self._without.click(_unnamed, None, [self.test, self._without], **QUIET)
        self.way.change(checked(_of_way), self.way, [*places, *self.columns], **QUIET)
        for box in self.hub.controls:
            forgets(box.input, *self.columns)  # which are those of another data set
        grown = [self._shown, *self._groups, self._more]
        self._more.click(checked(_one_more), self._shown, grown, **QUIET)

    @property
    def inputs(self) -> list[Any]:
        """All controls, in the order of ``Entered``."""
        said = [self.way, self.file, self.pasted, self.test, self.name]
        flags = [self.only_test, self.is_private]
        chosen = [*self.columns, self.label_names, *flags]
        return [*said, *chosen, *self.hub.controls, *self.typed]

    def read(self, values: Sequence[Any], *, anew: bool = False) -> own.Prepared:
        """What was entered as a data set that could be kept.

        Args:
            values: of ``inputs``.
            anew: whether the columns chosen belong to other texts.

        Raises:
            InvalidFieldsError: a sentence for the field that keeps it from being one.
        """
        entered = _entered(values)
        is_table = entered.way != TYPED and not anew
        test = _of_file(entered.test, "test") if entered.test else None
        if entered.way == HUB:
            source, split = self._data.of_hub(**hub_data.said(entered))
            if test and split:
                refuse(
                    "test_split",
                    "test_split must be left out where other texts to test on were chosen, got "
                    f"{shown(entered.test_split)}.",
                )
            test = test or split
        else:
            source = _source(entered)
        return self._data.read(
            source,
            test,
            name=entered.name or "",
            text_column=(is_table and entered.text_column) or None,
            label_column=(is_table and entered.label_column) or None,
            label_names=_names(entered.label_names or ""),
            only_test=bool(entered.only_test),
        )

    @staticmethod
    def is_listed(values: Sequence[Any]) -> bool:
        """Whether others may find what was entered in their lists."""
        return not _entered(values).is_private

    def columns_of(self, values: Sequence[Any], refused: PeftDemoError) -> tuple[str, ...]:
        """The columns of texts that could not become a data set: none if they cannot be read."""
        if not isinstance(refused, InvalidFieldsError) or {*refused.problems} & {*hub_data.NAMES}:
            return ()
        try:
            entered = _entered(values)
            if entered.way == TYPED:
                return ()
            is_of_hub = entered.way == HUB
            found = (
                self._data.of_hub(**hub_data.said(entered))[0] if is_of_hub else _source(entered)
            )
            return found.table("file").columns
        except PeftDemoError:
            return ()

    @staticmethod
    def choosing(
        columns: Sequence[str], text: str | None = None, label: str | None = None
    ) -> list[Any]:
        """Updates of both columns' controls: hidden where there is nothing to choose."""
        if len(columns) < 2:
            return [gr.update(visible=False, value=None)] * 2
        named = (text, label) if {text, label} <= {*columns, None} else (None, None)
        return [gr.update(choices=list(columns), value=one, visible=True) for one in named]

    def told_at(self, problems: Mapping[str, str]) -> list[Any]:
        """Updates of the places beside the fields, in their order: what is wrong there, or none."""
        return [
            gr.update(
                value=problem(problems[field]) if field in problems else "",
                visible=field in problems,
            )
            for field in self.problems
        ]


def told(report: own.Report) -> str:
    """A report as the page shows it."""
    supposed = wilson_interval(round(SUPPOSED * report.test_texts), report.test_texts)
    return render("data/report", report=report, supposed=supposed)


def _entered(values: Sequence[Any]) -> Entered:
    """The values of the controls.

    Raises:
        InvalidFieldsError: one is of no kind that a control has.
    """
    flags = ("only_test", "is_private")
    num_single = len(Entered._fields) - 1
    for name, value in zip(Entered._fields[:-1], values, strict=False):
        if value is not None and not isinstance(value, bool if name in flags else str):
            allowed = "true or false" if name in flags else "a text"
            refuse(name, must_be(name, allowed, shown_single(value)))
    typed = tuple(str(value or "") for value in values[num_single:])
    return Entered._make([*values[:num_single], typed])


def _source(entered: Entered) -> own.Source:
    if entered.way == TYPED:
        pairs = zip(entered.typed[::2], entered.typed[1::2], strict=True)
        sentences = [
            (line.strip(), label)
            for label, lines in pairs
            for line in lines.splitlines()
            if line.strip()
        ]
        if not sentences:
            refuse("file", "file must hold texts with labels, got no sentence.")
        rows = list(enumerate(sentences, start=1))
        return own.Source(_("Typed sentences"), own.Table(("text", "label"), rows, kind="typed"))
    if entered.way == PASTED:
        return own.Source(_("Pasted texts"), (entered.pasted or "").encode())
    if not entered.file:
        refuse("file", "file must be a file with texts and labels, got none.")
    return _of_file(entered.file, "file")


def _of_file(path: str, field: str) -> own.Source:
    try:
        return own.Source(Path(path).name, Path(path).read_bytes())
    except OSError:
        refuse(field, f"{field} must be one that was just chosen, got {shown(Path(path).name)}.")


def _names(text: str) -> dict[str, str]:
    """Such as ``0=negative, 1=positive``."""
    names = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        label, equals, name = part.partition("=")
        if not equals:
            refuse(
                "label_names", f"label_names must be LABEL=NAME with commas between, got {part}."
            )
        names[label.strip()] = name.strip()
    return names


def _named(path: str) -> list[Any]:
    """The button of a test file, and the one that takes it back, once one was chosen."""
    label = _("To test on: %(name)s") % {"name": Path(path).name}
    return [gr.update(label=label), gr.update(visible=True)]


def _unnamed() -> list[Any]:
    return [gr.update(label=_(CHOOSE_TEST), value=None), gr.update(visible=False)]


def _of_way(way: str) -> list[Any]:
    """What is shown of the controls; columns are those of texts that were looked at before."""
    columns = [gr.update(visible=False, value=None)] * 2
    return [*(gr.update(visible=way == one) for one in WAYS), *columns]


def _one_more(shown: float) -> list[Any]:
    now = min(MOST_TYPED, max(FIRST_TYPED, int(shown)) + 1)
    groups = [gr.update(visible=number <= now) for number in range(1, MOST_TYPED + 1)]
    return [now, *groups, gr.update(visible=now < MOST_TYPED)]
