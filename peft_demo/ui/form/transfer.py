"""A configuration on its way in and out: pasted text, a link, a script, a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, links, reading
from peft_demo.storage import Store
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.html import problem, render
from peft_demo.ui.requests import OptionalText, Text, page_function


class Transfer:
    """The controls for bringing a configuration in and taking it along."""

    def __init__(self, form: Form) -> None:
        """Draw the controls into the current Blocks."""
        self._form = form
        self.notes = gr.HTML("", elem_id="import-notes", apply_default_css=False)
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
            gr.HTML(render("take_along"), elem_id="transfer-buttons", apply_default_css=False)
        self._button.click(
            self.paste,
            [self._text, *form.inputs],
            [self.notes, *form.inputs],
            validator=lambda text, *values: [
                *self._validate(text, values),
                *([gr.validate(True, "")] * len(values)),
            ],
            show_progress="hidden",
            # A click while the first answer is still on its way counts too.
            trigger_mode="multiple",
            api_visibility="private",
        )

    def paste(self, text: str, *values: Any) -> list[Any]:
        """Put pasted text into the form; what it does not say stays as it is."""
        imported = reading.read(text, self._current(values))
        return [render("filled", notes=imported.notes), *self._form.show(imported.values)]

    def from_link(self, request: gr.Request) -> list[Any]:
        """Fill the form from the page's address; a bad link says why and changes nothing."""
        untouched = [gr.skip()] * len(self._form.inputs)
        query = str(getattr(request, "query_params", "") or "")
        try:
            imported = links.from_link(query)
            if not imported.values:
                return [gr.skip(), *untouched]
            config = RunConfig(imported.values)
        except InvalidFieldsError as error:
            return [problem(f"The link cannot be used: {error}"), *untouched]
        return [render("filled", notes=imported.notes), *self._form.show(config.flat())]

    def _validate(self, text: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        try:
            reading.read(text, self._current(values))
        except InvalidFieldsError as error:
            return [gr.validate(False, str(error))]
        return [gr.validate(True, "")]

    def _current(self, values: tuple[Any, ...]) -> dict[str, Any] | None:
        """What the form says, if that is allowed: the text may rely on it."""
        try:
            return self._form.config(*values).flat() if values else None
        except InvalidFieldsError:
            return None


def code_function(store: Store) -> Callable[..., Any]:
    """What the page's script calls for a script or notebook; see ``code_of``."""

    def code(kind: Text, run_id: OptionalText = None, link: OptionalText = None) -> str:
        return code_of(store, kind, run_id, link)

    return page_function(code)


def code_of(store: Store, kind: str, run_id: str | None = None, link: str | None = None) -> str:
    """The script or notebook of a run or of a link's configuration, as JSON.

    Raises:
        PeftDemoError: there is no such run or kind, or the link is not allowed.
    """
    from peft_demo.export import code

    forward_pass = None
    if run_id:
        run = store.get(run_id)
        config, forward_pass = run.config, run.forward_pass
    else:
        config = RunConfig(links.from_link(link or "").values)
    text = code.export(config, kind, forward_pass)
    return json.dumps({"name": code.file_name(kind), "text": text})
