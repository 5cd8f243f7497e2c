"""A configuration on its way in and out: pasted text, a link, a script, a notebook."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, links, reading
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.requests import QUIET, problems_of


class Transfer:
    """The controls for bringing a configuration in and taking it along."""

    def __init__(self, form: Form) -> None:
        """Draw the controls into the current Blocks."""
        self._form = form
        self.notes = styled("", elem_id="import-notes")
        with gr.Accordion("Paste or take along", open=False, elem_id="transfer"):
            self._text = gr.Textbox(
                label="Paste a configuration",
                info="A peft call such as LoraConfig(r=8, …), an adapter_config.json, or this "
                "program's JSON. It is read, never executed.",
                lines=3,
                max_lines=10,
                elem_id="paste",
            )
            self._button = gr.Button("Put into the form", elem_id="paste-button")
            styled(render("take_along"), elem_id="transfer-buttons")
        self._button.click(
            self.paste,
            [self._text, *form.inputs],
            [self.notes, *form.inputs],
            validator=self._validate,
            # A click while the first answer is still on its way counts too.
            trigger_mode="multiple",
            **QUIET,
        )

    def paste(self, text: str, *values: Any) -> list[Any]:
        """Put pasted text into the form; what it does not say stays as it is."""
        imported = reading.read(text, self._current(values))
        return [render("filled", notes=imported.notes), *self._form.show(imported.values)]

    def from_link(self, request: gr.Request) -> list[Any]:
        """Fill the form from the page's address; a bad link says why and changes nothing."""
        return self.from_query(str(getattr(request, "query_params", "") or ""))

    def from_query(self, query: str) -> list[Any]:
        """Fill the form from a link's query, as ``from_link``."""
        untouched = [gr.skip()] * len(self._form.inputs)
        try:
            imported = links.from_link(query)
            if not imported.values:
                return [gr.skip(), *untouched]
            config = RunConfig(imported.values)
        except InvalidFieldsError as error:
            return [problem(f"The link cannot be used: {error}"), *untouched]
        return [render("filled", notes=imported.notes), *self._form.show(config.flat())]

    def _validate(self, text: str, *values: Any) -> list[dict[str, Any]]:
        problems = problems_of(lambda: reading.read(text, self._current(values)))
        told = gr.validate(not problems, " ".join(problems.values()))
        return [told, *([gr.validate(True, "")] * len(values))]

    def _current(self, values: tuple[Any, ...]) -> dict[str, Any] | None:
        """What the form says, if that is allowed: the text may rely on it."""
        try:
            return self._form.config(*values).flat() if values else None
        except InvalidFieldsError:
            return None
