"""A configuration on its way in and out: pasted text, a link, a script, a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import gradio as gr

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.languages import _
from peft_demo.runs import RunConfig, links, reading
from peft_demo.runs.reading import SeveralConfigurationsError
from peft_demo.ui.browser_code import calling
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.requests import QUIET, forgets, problems_of, unchecked

_ANSWERED = f"() => {calling('answered()')}"
"""Brings the answer into sight."""


class Transfer:
    """The controls for bringing a configuration in and taking it along."""

    def __init__(self, form: Form, *beside: gr.HTML) -> None:
        """Draw the controls into the current Blocks; ``beside`` is what else the form says."""
        self._form = form
        self.notes = styled("", elem_id="import-notes")
        with gr.Accordion(_("Paste or take along"), open=False, elem_id="transfer"):
            self._text = gr.Textbox(
                label=_("Paste a configuration"),
                info=_(
                    "A script or notebook with a peft call such as LoraConfig(r=8, …), an "
                    "adapter_config.json, or this program's JSON; a file can be dropped here. "
                    "It is read, never executed."
                ),
                lines=3,
                max_lines=10,
                elem_id="paste",
            )
            self._button = gr.Button(_("Put into the form"), elem_id="paste-button")
            self._choice = gr.Radio(
                [],
                label=_("Which configuration"),
                info=_("The text has several."),
                visible=False,
                elem_id="paste-choice",
            )
            unchecked(self._choice)
            styled(render("take_along"), elem_id="transfer-buttons")
        filled = [self.notes, self._choice, *form.inputs]
        self.outcomes = [self.notes, *beside, *form.problems]
        """What the tries before left on the form: each new one empties all of it."""
        forgets(self._button.click, self._choice, *self.outcomes)
        self._button.click(
            self.paste,
            [self._text, *form.inputs],
            filled,
            validator=self._validate,
            # A click while the first answer is still on its way counts too.
            trigger_mode="multiple",
            **QUIET,
        ).success(None, js=_ANSWERED)
        self._choice.input(
            self.choose, [self._text, self._choice, *form.inputs], filled, **QUIET
        ).success(None, js=_ANSWERED)

    def paste(self, text: str, *values: Any) -> list[Any]:
        """Put pasted text into the form; what it does not say stays as it is.

        Where it has several configurations, ask for one and leave the form alone.
        """
        try:
            imported = reading.read(text, self._current(values))
        except SeveralConfigurationsError as several:
            asked = gr.update(choices=_numbered(several), value=None, visible=True)
            return [render("choose", count=len(several.labels)), asked, *self._untouched]
        hidden = gr.update(choices=[], value=None, visible=False)
        return [render("filled", notes=imported.notes), hidden, *self._form.show(imported.values)]

    def choose(self, text: str, choice: object, *values: Any) -> list[Any]:
        """Put one of the text's configurations into the form."""
        try:
            number = self._number(text, choice, values)
            imported = reading.read(text, self._current(values), number)
            self._within(imported.values)
        except InvalidFieldsError as error:
            return [problem(str(error)), gr.skip(), *self._untouched]
        notes = render("filled", notes=imported.notes)
        return [notes, gr.skip(), *self._form.show(imported.values)]

    def _number(self, text: str, choice: object, values: tuple[Any, ...]) -> int | None:
        """Which configuration of the text as it is now was chosen; None if it has only one.

        Raises:
            InvalidFieldsError: it has none of that name.
        """
        try:
            reading.read(text, self._current(values))
        except SeveralConfigurationsError as several:
            offered = _numbered(several)
            if choice in offered:
                return offered.index(str(choice)) + 1
            refuse(
                "choice",
                f"choice must be one of the text's {len(offered)} configurations, got "
                f"{shown(choice)}: put the text into the form again to see them.",
            )
        return None

    @property
    def _untouched(self) -> list[Any]:
        return [gr.skip()] * len(self._form.inputs)

    def from_link(self, request: gr.Request) -> list[Any]:
        """Fill the form from the page's address; a bad link says why and changes nothing."""
        return self.from_query(str(getattr(request, "query_params", "") or ""))

    def from_query(self, query: str) -> list[Any]:
        """Fill the form from a link's query, as ``from_link``."""
        try:
            imported = links.from_link(query)
            if not imported.values:
                return [gr.skip(), *self._untouched]
            config = self._within(imported.values)
        except InvalidFieldsError as error:
            return [problem(f"The link cannot be used: {error}"), *self._untouched]
        # What is named after its settings goes on being so when they change.
        named = {"name": ""} if config.name == config.summary else {}
        return [render("filled", notes=imported.notes), *self._form.show(config.flat() | named)]

    def _validate(self, text: str, *values: Any) -> list[dict[str, Any]]:
        problems = problems_of(lambda: self._check(text, values))
        told = gr.validate(not problems, " ".join(problems.values()))
        return [told, *([gr.validate(True, "")] * len(values))]

    def _check(self, text: str, values: tuple[Any, ...]) -> None:
        with suppress(SeveralConfigurationsError):  # which is asked for, and no fault
            self._within(reading.read(text, self._current(values)).values)

    def _within(self, values: Mapping[str, Any]) -> RunConfig:
        """The configuration of these values; what they do not say is as the class's page has it.

        Raises:
            InvalidFieldsError: it is not allowed, or the class's page has another value.
        """
        limited = self._form.class_form
        if limited is None:
            return RunConfig(values)
        config = RunConfig({**limited.held(RunConfig(values).method), **values})
        limited.require([config])
        return config

    def _current(self, values: tuple[Any, ...]) -> dict[str, Any] | None:
        """What the form says, if that is allowed: the text may rely on it."""
        try:
            return self._form.config(*values).flat() if values else None
        except InvalidFieldsError:
            return None


def _numbered(several: SeveralConfigurationsError) -> list[str]:
    """The configurations as they are offered, each once."""
    return [f"{number}. {label}" for number, label in enumerate(several.labels, start=1)]
