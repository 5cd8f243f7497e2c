"""The form's part that searches: how long, over which fields, and what fits into that."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import gradio as gr

from peft_demo import formats
from peft_demo.errors import ConflictError
from peft_demo.languages import _, gettext_noop
from peft_demo.runs.config import RunConfig
from peft_demo.runs.search import MINUTES, MOST_PARAMETERS, Expected, Search
from peft_demo.runs.space import searchable
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.html import refused, render, styled
from peft_demo.ui.requests import QUIET, MethodId, checked, problems_of, unchecked
from peft_demo.ui.services import Services

SEARCH = gettext_noop("Search")

_NAMES = ("minutes", "over", "most_parameters")


class SearchForm:
    """The controls, and the way from them to a Search."""

    def __init__(self, services: Services, form: Form) -> None:
        """Draw the controls into the current Blocks."""
        self._services, self._form = services, form
        self._told: list[gr.HTML] = []
        with gr.Accordion(_("Find me the best in N minutes"), open=False, elem_id="search"):
            minutes = gr.Number(
                MINUTES.default, label=_(MINUTES.label), info=_(MINUTES.help), elem_id="minutes"
            )
            self._told.append(styled("", elem_id="minutes-told", elem_classes="pd-told"))
            self._over = gr.Dropdown(
                _choices(str(form.method.value)),
                value=[],
                multiselect=True,
                label=_("Search over"),
                info=_("The fields whose best values it looks for; all others stay as they are."),
                elem_id="search-over",
            )
            self._told.append(styled("", elem_id="search-over-told", elem_classes="pd-told"))
            most = gr.Textbox(
                "",
                label=_(MOST_PARAMETERS.label),
                info=_(MOST_PARAMETERS.help),
                elem_id="most-parameters",
            )
            self._told.append(styled("", elem_id="most-parameters-told", elem_classes="pd-told"))
            fits = styled(render("no_search"), elem_id="search-count")
            self.button = gr.Button(_(SEARCH), elem_id="search-start")
        self.inputs: list[Any] = [unchecked(each) for each in (minutes, self._over, most)]
        self.described: list[Any] = [fits, self.button, *self._told]
        """The outputs of ``describe``."""
        form.method.change(checked(self._offer), [form.method, self._over], self._over, **QUIET)

    def search(self, *values: Any) -> Search:
        """What the controls of both forms ask for.

        Raises:
            InvalidFieldsError: see ``plan_search``.
        """
        minutes, over, most = values[: len(self.inputs)]
        config = self._form.config(*values[len(self.inputs) :])
        return self._services.plan_search(
            config.flat(), minutes=minutes, over=over or [], most_parameters=most or None
        )

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For each control of both forms, whether its value is allowed, and the sentence if not."""
        here, at_form = self._problems(values)
        answers = [gr.validate(not told, told) for told in here]
        return [*answers, *self._form.told(values[len(self.inputs) :], at_form)]

    def describe(self, *values: Any) -> list[Any]:
        """What fits into the minutes, before anything is pressed; see ``described``.

        What is not allowed stands at its control, and then the button cannot be pressed.
        """
        over = values[1]
        here, at_form = self._problems(values)
        if not over:  # nothing is asked for yet
            here[1] = ""
        if at_form:
            told = refused(at_form.values())
        elif any(here):
            told = ""
        else:
            told = self._planned(self.search(*values).expected) if over else render("no_search")
        at = [refused([sentence]) if sentence else "" for sentence in here]
        return [told, gr.update(interactive=not any(here)), *at]

    @staticmethod
    def _planned(expected: Expected) -> str:
        return render(
            "planned_search",
            expected=expected,
            trials=formats.at_most(expected.num_trials, expected.most_trials),
            search_time=formats.about(expected.search_seconds),
            confirm_time=formats.about(expected.confirm_seconds),
        )

    def _problems(self, values: Sequence[Any]) -> tuple[list[str], dict[str, str]]:
        """What is not allowed: a sentence for each control here, those for the form's by field.

        What is about a field that is searched stands at the fields. Whether there is room in the
        queue is not asked.
        """
        own, rest = values[: len(self.inputs)], values[len(self.inputs) :]
        if at_form := problems_of(lambda: self._form.config(*rest)):
            return [""] * len(_NAMES), at_form

        def require() -> None:
            search = self.search(*values)
            with suppress(ConflictError):
                self._services.changes.require_search_allowed(search)

        problems = problems_of(require)
        at = dict.fromkeys(own[1] or (), "over") | {name: name for name in _NAMES}
        here = (
            [sentence for name, sentence in problems.items() if at.get(name) == control]
            for control in _NAMES
        )
        return list(map(" ".join, here)), {n: told for n, told in problems.items() if n not in at}

    def _offer(self, method: MethodId, over: list[str] | None) -> Any:
        """The fields of another method; what was chosen stays if it has it."""
        choices = _choices(method)
        known = {name for _label, name in choices}
        return gr.update(choices=choices, value=[name for name in over or [] if name in known])


def _choices(method: str) -> list[tuple[str, str]]:
    fields = sorted(searchable(method, RunConfig(method=method)), key=lambda field: field.is_rare)
    return [(_(field.label), field.name) for field in fields]
