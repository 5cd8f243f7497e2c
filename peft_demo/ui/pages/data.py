"""The Data page: texts of one's own are brought in, looked at, kept and tested on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from peft_demo.data import DATASETS
from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import Run
from peft_demo.ui.downloads import told_meanwhile
from peft_demo.ui.form.data_form import FIELDS, TYPED, DataForm, told
from peft_demo.ui.form.data_sets import fitting, known, learnable
from peft_demo.ui.html import problem, refused, render, styled
from peft_demo.ui.identity import acting
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.pages.texts_part import TextsPart
from peft_demo.ui.requests import QUIET, OptionalRunIds, checked, unchecked
from peft_demo.ui.services import Services

MOST_TESTED = 8
"""Runs that are tested by one click, and as many as can be compared."""

KEEP = gettext_noop("Keep them, and choose them for training")

KEEP_TO_TEST = gettext_noop("Keep them to test on")

_TO_ANSWER = """() => {
    const problems = [...document.querySelectorAll("#data-form .pd-problem")];
    const problem = problems.find(each => each.checkVisibility());
    if (problem) return problem.scrollIntoView({ block: "center" });
    document.getElementById("data-report").scrollIntoView();
}"""
"""What is told of texts stands below the form, where not everybody has room for both."""

SLOW: dict[str, Any] = {
    "concurrency_limit": 2,
    "concurrency_id": "own-data",
    "api_visibility": "private",
}


class DataPage(Page):
    """Brings texts in, and tests runs on them."""

    label = "Data"
    tab_id = "data-tab"
    has_form = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._data = OwnData(services)
        self._form = DataForm(self._data)
        self._texts = TextsPart(services, self._data)

    def draw(self, frame: Frame) -> None:
        """See Page."""
        styled(glossed(render("data/help"))[0], elem_id="data-help")
        with gr.Column(elem_id="data-form"):
            self._form.draw()
        self._look = gr.Button(_("Look at these texts"), elem_id="data-look")
        self._report = styled("", elem_id="data-report")
        self._keep = gr.Button(
            _(KEEP),
            variant="primary",
            visible=False,
            elem_id="data-keep",
        )
        styled(render("data/kept"), elem_id="data-kept-help")
        self._kept = unchecked(
            gr.Dropdown(
                [],
                value=None,
                label=_("Data sets"),
                info=_("Those that come with the program, and those that were added."),
                filterable=False,
                elem_id="data-kept",
            )
        )
        with gr.Row():
            self._show = gr.Button(_("What is in it"), size="sm", elem_id="data-show")
            self._choose = gr.Button(_("Choose it for training"), size="sm", elem_id="data-choose")
            self._remove = gr.Button(
                _("Delete its texts"), size="sm", variant="stop", elem_id="data-remove"
            )
        self._sure = gr.Button(
            _("Yes, delete them for good"),
            size="sm",
            variant="stop",
            visible=False,
            elem_id="data-sure",
        )
        self._runs = unchecked(
            gr.Dropdown(
                [],
                multiselect=True,
                label=_("Finished runs to test on it"),
                info=_("Your own with its labels, the newest first; at most %(most)s.")
                % {"most": MOST_TESTED},
                elem_id="data-runs",
            )
        )
        self._test = gr.Button(_("Test them on its test texts"), elem_id="data-evaluate")
        self._outcome = styled("", elem_id="data-outcome")
        self._texts.draw()

    def connect(self, frame: Frame) -> None:
        """See Page."""
        form, fields = self._form, frame.sidebar.form
        learned = [fields.control(name) for name in ("dataset", "num_reviews", "num_test_reviews")]
        looked = [self._report, self._keep, *form.columns, *form.problems.values()]
        slow: dict[str, Any] = {**SLOW, "show_progress_on": self._report}
        told_of = [
            form.file.upload(self.look_anew, form.inputs, [*looked, form.file], **slow),
            self._look.click(self.look, form.inputs, looked, **slow),
        ]
        for column in form.columns:
            column.select(self.look, form.inputs, looked, **slow)
        kept = [self._report, self._keep, self._kept, self._runs, *learned]
        kept += form.problems.values()
        told_of.append(self._keep.click(self.keep, [*learned[1:], *form.inputs], kept, **slow))
        for event in told_of:
            event.success(None, None, None, js=_TO_ANSWER, **QUIET)
        offered = [self._kept, self._runs, learned[0]]
        frame.blocks.load(checked(self.offer), self._kept, offered, **QUIET)
        frame.header.finished(checked(self.offer), self._kept, offered, **QUIET)
        self._kept.select(checked(self.offer), self._kept, offered, **QUIET)
        outcome: dict[str, Any] = {**SLOW, "show_progress_on": self._outcome}
        self._show.click(checked(self.show), self._kept, self._outcome, **outcome)
        self._choose.click(
            checked(self.choose), [self._kept, *learned[1:]], [self._outcome, *learned], **outcome
        )
        self._remove.click(lambda: gr.update(visible=True), None, self._sure, **QUIET)
        self._kept.select(lambda: gr.update(visible=False), None, self._sure, **QUIET)
        gone = [self._outcome, self._sure, *offered]
        self._sure.click(checked(self.remove), self._kept, gone, **outcome)
        self._test.click(checked(self.test), [self._kept, self._runs], self._outcome, **outcome)
        self._texts.connect(frame)

    def look(self, *values: Any) -> Iterator[list[Any]]:
        """What is in the texts, or why they cannot be a data set; before, how much has come."""
        yield from told_meanwhile(
            partial(self._looked, *values), lambda told: [told, *[gr.skip()] * (3 + len(FIELDS))]
        )

    def _looked(self, *values: Any, anew: bool = False) -> list[Any]:
        try:
            prepared = self._form.read(values, anew=anew)
        except PeftDemoError as error:
            # So that what was guessed wrong, or could not be, can be chosen.
            before = (None, None) if anew else values[5:7]
            columns = self._form.choosing(self._form.columns_of(values, error), *before)
            words, *problems = self._refused(error)
            return [words, gr.update(visible=False), *columns, *problems]
        report = prepared.report
        chosen = self._form.choosing(
            () if values[0] == TYPED else report.columns, report.text_column, report.label_column
        )
        is_learned = report.most_texts > 0
        return [
            told(report),
            gr.update(visible=True, value=_(KEEP if is_learned else KEEP_TO_TEST)),
            *chosen,
            *self._form.told_at({}),
        ]

    def look_anew(self, *values: Any) -> list[Any]:
        """The same for another file: what was chosen of the last one is forgotten."""
        label = _("File: %(name)s") % {"name": Path(values[1]).name}
        return [*self._looked(*values, anew=True), gr.update(label=label)]

    def keep(self, num_texts: Any, num_tested: Any, *values: Any) -> list[Any]:
        """Keep the texts, and let the form learn from them."""
        try:
            prepared = self._form.read(values)
            report = self._data.keep(prepared, is_listed=self._form.is_listed(values))
        except PeftDemoError as error:
            words, *problems = self._refused(error)
            return [words, *[gr.skip()] * 6, *problems]
        dataset = prepared.id
        kept, runs, chosen = self.offer(dataset)
        is_learned = prepared.report.most_texts > 0
        numbers = [gr.skip(), gr.skip()]
        if is_learned:
            chosen = gr.update(choices=learnable(self._services.changes), value=dataset)
            numbers = fitting(dataset, num_texts, num_tested)
        words = render(
            "data/is_kept", called=report["name"], dataset=dataset, is_learned=is_learned
        )
        told_at = self._form.told_at({})
        return [words, gr.update(visible=False), kept, runs, chosen, *numbers, *told_at]

    def offer(self, dataset: str | None = None) -> list[Any]:
        """What can be chosen now: data sets, runs to test on one, and data sets to learn from."""
        choices = [(_(row.label), row.id) for row in known(self._services.changes)]
        value = dataset if dataset in {one for _, one in choices} else None
        runs = self._testable(value)
        named = [(f"{run.config.name} ({run.run_id})", run.run_id) for run in runs]
        first = [run.run_id for run in runs[:MOST_TESTED]]
        return [
            gr.update(choices=choices, value=value),
            gr.update(choices=named, value=first),
            gr.update(choices=learnable(self._services.changes)),
        ]

    def choose(self, dataset: str | None, num_texts: Any, num_tested: Any) -> list[Any]:
        """Let the form learn from a data set."""
        row = DATASETS.get(dataset or "")
        if row is None or not row.is_learned:
            sentence = _("Choose a data set first that is not only to test on.")
            return [problem(sentence), *[gr.skip()] * 3]
        words = render("data/is_kept", called=row.name, dataset=row.id, is_learned=True)
        chosen = gr.update(choices=learnable(self._services.changes), value=row.id)
        return [words, chosen, *fitting(row.id, num_texts, num_tested)]

    def show(self, dataset: str | None) -> str:
        """What was told of own texts when they were added."""
        try:
            return told(self._data.report(str(dataset)))
        except PeftDemoError:
            row = DATASETS.get(str(dataset))
            if row is None:
                return problem(_("Choose a data set first."))
            return render("data/packaged", row=row)

    def remove(self, dataset: str | None) -> list[Any]:
        """Delete texts of one's own."""
        try:
            self._services.changes.remove_dataset(str(dataset))
        except PeftDemoError as error:
            return [problem(error), gr.update(visible=False), *[gr.skip()] * 3]
        words = render("data/is_gone", dataset=dataset)
        return [words, gr.update(visible=False), *self.offer()]

    def test(self, dataset: str | None, run_ids: OptionalRunIds) -> str:
        """Test runs of one's own on a data set's test texts."""
        found, problems = [], []
        if not dataset or not run_ids:
            return problem(_("Choose a data set and finished runs first."))
        for run_id in run_ids[:MOST_TESTED]:
            try:
                found.append(self._data.evaluate(str(run_id), dataset))
            except PeftDemoError as error:
                problems.append(str(error))
        runs = self._services.runs()
        names = {one.run_id: runs[one.run_id].config.name for one in found if one.run_id in runs}
        return render("data/tested", found=found, names=names, problems=problems)

    def _refused(self, error: PeftDemoError) -> list[Any]:
        """What stands where the report would, and at each field: what is of none is told there."""
        problems = error.problems if isinstance(error, InvalidFieldsError) else {"": str(error)}
        rest = [sentence for field, sentence in problems.items() if field not in FIELDS]
        words = refused(rest, "pd-problem") if rest else ""
        return [words, *self._form.told_at(problems)]

    def _testable(self, dataset: str | None) -> list[Run]:
        """Runs that whoever acts may test on a data set, for they know its labels."""
        row = DATASETS.get(dataset or "")
        if row is None:
            return []
        named = {label.casefold() for label in row.labels}
        changes = self._services.changes
        return [
            run
            for run in self._services.runs().values()
            if run.can_predict
            and not run.is_reference
            and run.owner == acting().owner
            and changes.may_change(run.owner)
            and named <= {label.casefold() for label in run.config.labels}
        ]
