"""The form's part that searches: how long, over which fields, and what fits into that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from peft_demo import formats
from peft_demo.languages import _, gettext_noop
from peft_demo.runs.config import RunConfig
from peft_demo.runs.search import MINUTES, MOST_PARAMETERS, Search
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
        with gr.Accordion(_("Find me the best in N minutes"), open=False, elem_id="search"):
            minutes = gr.Number(
                MINUTES.default, label=_(MINUTES.label), info=_(MINUTES.help), elem_id="minutes"
            )
            self._over = gr.Dropdown(
                _choices(str(form.method.value)),
                value=[],
                multiselect=True,
                label=_("Search over"),
                info=_("The fields whose best values it looks for; all others stay as they are."),
                elem_id="search-over",
            )
            most = gr.Textbox(
                "",
                label=_(MOST_PARAMETERS.label),
                info=_(MOST_PARAMETERS.help),
                elem_id="most-parameters",
            )
            told = styled(render("no_search"), elem_id="search-count")
            self.button = gr.Button(_(SEARCH), elem_id="search-start")
        self.inputs: list[Any] = [unchecked(each) for each in (minutes, self._over, most)]
        self.described: list[Any] = [told, self.button]
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
        own, rest = values[: len(self.inputs)], values[len(self.inputs) :]
        problems = problems_of(lambda: self._form.config(*rest)) or self._problems(values)
        here = _at_controls(problems, own)
        left = {name: problems[name] for name in problems if name not in here["names"]}
        return [*here["answers"], *self._form.told(rest, left)]

    def describe(self, *values: Any) -> list[Any]:
        """What fits into the minutes, and what is wrong, before anything is pressed."""
        if not values[1]:
            return [render("no_search"), gr.update(interactive=True)]
        wrong = problems_of(lambda: self._form.config(*values[len(self.inputs) :]))
        if wrong := wrong or self._problems(values):
            return [refused(wrong.values()), gr.update(interactive=False)]
        expected = self.search(*values).expected
        told = render(
            "planned_search",
            expected=expected,
            search_time=formats.about(expected.search_seconds),
            confirm_time=formats.about(expected.confirm_seconds),
        )
        return [told, gr.update(interactive=True)]

    def _problems(self, values: Sequence[Any]) -> dict[str, str]:
        changes = self._services.changes
        return problems_of(lambda: self.search(*values)) or problems_of(
            lambda: changes.require_search_allowed(self.search(*values))
        )

    def _offer(self, method: MethodId, over: list[str] | None) -> Any:
        """The fields of another method; what was chosen stays if it has it."""
        choices = _choices(method)
        known = {name for _label, name in choices}
        return gr.update(choices=choices, value=[name for name in over or [] if name in known])


def _at_controls(problems: Mapping[str, str], own: Sequence[Any]) -> dict[str, Any]:
    """Each sentence at its control; of a field that is searched, at the fields."""
    at = {name: (name if name in _NAMES else "over") for name in problems}
    names = {name for name in problems if name in (*_NAMES, *(own[1] or ()))}
    answers = []
    for control in _NAMES:
        told = [problems[name] for name in names if at[name] == control]
        answers.append(gr.validate(not told, " ".join(told)))
    return {"names": names, "answers": answers}


def _choices(method: str) -> list[tuple[str, str]]:
    fields = sorted(searchable(method, RunConfig(method=method)), key=lambda field: field.is_rare)
    return [(_(field.label), field.name) for field in fields]
