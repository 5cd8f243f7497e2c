"""The form of a new run with all that belongs to it, beside the page, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from peft_demo import models
from peft_demo.errors import PeftDemoError
from peft_demo.fields.stops import stops
from peft_demo.languages import _
from peft_demo.runs import RunKind, questions, sweeps
from peft_demo.ui import gpu_visits, hub_jobs
from peft_demo.ui.browser_code import calling
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.search_form import SearchForm
from peft_demo.ui.form.sweep_form import SweepForm
from peft_demo.ui.form.transfer import Transfer
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.requests import QUIET, forgets
from peft_demo.ui.services import Services


class Sidebar:
    """Draws the sidebar, and queues what it says."""

    def __init__(self, services: Services) -> None:
        """Draw it; ``place`` is to be rendered where it belongs."""
        self._services = services
        with gr.Column(elem_id="sidebar", render=False) as self.place:
            self.form = Form({"base_model": models.default_base()}, services.changes)
            scales = {**self.form.scales, "repeats": sweeps.REPEATS.scale or {}}
            styled(
                render("rows", stops={name: stops(scale) for name, scale in scales.items()}),
                elem_id="rows",
            )
            self.several = SweepForm(services, self.form)
            self.search = SearchForm(services, self.form)
            self.message = styled("", elem_id="start-message", render=False)
            self.transfer = Transfer(self.form, self.message)
            with gr.Column(elem_id="start-bar"):
                self.brief = styled(render("waiting"), elem_id="brief")
                start = gr.Button(_("Start training"), variant="primary", elem_id="start")
                self.message.render()
        form = self.form
        for button, kind in ((start, RunKind.TRAINING), (form.find, RunKind.RANGE_TEST)):
            validate = partial(form.validate, kind=kind)
            self._queue(button, partial(self._submit, kind), validate, form.inputs)
        every = [*self.several.inputs, *form.inputs]
        self._queue(self.several.button, self._submit_all, self.several.validate, every)
        asked = [*self.search.inputs, *form.inputs]
        self._queue(self.search.button, self._submit_search, self.search.validate, asked)

    def ask(self, question: str) -> list[Any]:
        """Fill both forms with the runs that answer a question; see ``asked``."""
        row = questions.question(question)
        return [
            render("filled", notes=()),
            gr.update(open=True),
            *self.several.fill(row),
            # The runs are named after their settings, which may still change.
            *self.form.show({**row.values, "name": ""}),
        ]

    @property
    def asked(self) -> list[Any]:
        """The outputs of ``ask``."""
        return [self.message, self.several.place, *self.several.inputs, *self.form.inputs]

    def _queue(
        self,
        button: gr.Button,
        submit: Callable[..., str],
        validate: Callable[..., list[dict[str, Any]]],
        inputs: list[Any],
    ) -> None:
        """Let a button put what the inputs say into the queue."""
        forgets(button.click, *self.transfer.outcomes)
        queued = button.click(
            partial(_answer, submit),
            inputs,
            self.message,
            validator=validate,
            concurrency_limit=8,
            **QUIET,
        )
        queued.success(None, self.message, js=f"(told) => {calling('submitted(told)')}")
        gpu_visits.follow(self._services, queued)

    def _submit(self, kind: RunKind, *values: Any) -> str:
        run = self._services.changes.submit(self.form.config(*values), kind)
        what = _("%(run)s was put into the queue.") % {"run": run.run_id}
        return self._queued(what)

    def _submit_all(self, *values: Any) -> str:
        plan = self.several.plan(*values)
        group, queued = self._services.changes.submit_plan(plan)
        what = _("%(count)s runs were put into the queue.") % {"count": len(queued)}
        return self._queued(what, group.group_id)

    def _submit_search(self, *values: Any) -> str:
        search = self.search.search(*values)
        group, queued = self._services.changes.submit_search(search)
        what = _("The search has begun with %(count)s trials.") % {"count": len(queued)}
        return self._queued(what, group.group_id)

    def _queued(self, what: str, group_id: str | None = None) -> str:
        billed = hub_jobs.sentence(self._services)
        return render("queued", what=what, group_id=group_id, billed=billed)


def _answer(submit: Callable[..., str], *values: Any) -> str:
    """What stands at the button; what is about no field that is seen does so too."""
    try:
        return submit(*values)
    except PeftDemoError as error:
        return problem(error)
