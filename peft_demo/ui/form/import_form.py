"""The form that an adapter from elsewhere comes in by, on the Review page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import gradio as gr
from pydantic import Field

from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, PeftDemoError, UndecidedError
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import NAME, run_field
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.requests import checked, forgets, unchecked
from peft_demo.ui.services import Services

Paths: TypeAlias = Annotated[list[str] | None, Field(description="files that were uploaded")]

ASKED = {
    "adapter": (
        gettext_noop("Which adapter"),
        gettext_noop(
            "There are several in the zip, as Trainer leaves one for each checkpoint: choose one, "
            "then press Import."
        ),
    ),
    "base_model": (
        run_field("base_model").label,
        gettext_noop(
            "The adapter's file does not name its base model: choose it, then press Import. With "
            "another than its own an adapter answers at random."
        ),
    ),
}
"""What is asked only where the files do not say it: label, and why."""

SAID = ("dataset", "max_length", "swap_labels", "name")
"""What may be said in any case; all but the first are empty again after an import."""

FIELDS = ("adapter", *SAID, "base_model")
"""Each has a place for its sentence below it."""


_EMPTIED: dict[str, Any] = {"max_length": "", "swap_labels": False, "name": ""}
"""What is said of one adapter, as it is for the next."""


class ImportForm:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._problems: dict[str, gr.HTML] = {}
        self._said: dict[str, Any] = {}
        self._asked: dict[str, gr.Dropdown] = {}

    def draw(self) -> None:
        """Draw it into the current container, and connect it."""
        styled(render("import_help"))
        self.file = gr.File(
            label=_("Adapter (zip, or its two files)"),
            file_count="multiple",
            type="filepath",
            elem_id="adapter-file",
        )
        self.hub = unchecked(
            gr.Textbox(
                label=_("Or one on the Hugging Face Hub"),
                info=_("Its id, such as somebody/name, or a link to it; then press Import."),
                max_lines=1,
                elem_id="adapter-hub",
            )
        )
        self._draw_question("adapter")
        with gr.Row():
            self._draw_settings()
        self._draw_question("base_model")
        self.button = gr.Button(_("Import"), elem_id="adapter-import")
        self.outcome = styled("", elem_id="imported")
        self._connect()

    def _draw_settings(self) -> None:
        """What may be said of any adapter, side by side where there is room."""
        length = run_field("max_length")
        controls: dict[str, Any] = {
            "dataset": gr.Dropdown(
                [(f"{row.name}: {row.numbered_labels}", row.id) for row in DATASETS.values()],
                value=DEFAULT_DATASET,
                label=_("Trained for the labels of"),
                info=_("It is tested on the texts of this data set."),
                elem_id="adapter-dataset",
                filterable=False,
                render=False,
            ),
            # A line of text: an empty box for numbers would say 0.
            "max_length": gr.Textbox(
                label=_(length.label),
                info=_(
                    "Tokens of each text that it was trained with. Left empty: as its files say."
                ),
                max_lines=1,
                elem_id="adapter-max-length",
                render=False,
            ),
            "swap_labels": gr.Checkbox(
                False,
                label=_("Swap the labels"),
                info=_(
                    "If it has the two labels the other way round. An accuracy far below guessing "
                    "asks for it later, too."
                ),
                elem_id="adapter-swap-labels",
                render=False,
            ),
            "name": gr.Textbox(
                label=_(NAME.label),
                info=_("Left empty, it is called as the file."),
                max_lines=1,
                elem_id="adapter-name",
                render=False,
            ),
        }
        for field, control in controls.items():
            with gr.Column(min_width=240):
                self._said[field] = unchecked(control)
                control.render()
                self._draw_problem(field)

    def _draw_question(self, field: str) -> None:
        label, info = ASKED[field]
        self._asked[field] = unchecked(
            gr.Dropdown(
                [],
                value=None,
                label=_(label),
                info=_(info),
                visible=False,
                filterable=False,
                elem_id=f"adapter-{field.replace('_', '-')}",
            )
        )
        self._draw_problem(field)

    def _draw_problem(self, field: str) -> None:
        self._problems[field] = styled(
            "", visible=False, elem_id=f"adapter-{field.replace('_', '-')}-problem"
        )

    def _connect(self) -> None:
        said = [self.file, self.hub, *self._said.values()]
        outputs = [
            self.file,
            self.hub,
            *(self._said[field] for field in _EMPTIED),
            *self._asked.values(),
            *(self._problems[field] for field in FIELDS),
            self.outcome,
        ]
        common: dict[str, Any] = {
            "concurrency_limit": 2,
            "concurrency_id": "import",
            "api_visibility": "private",
            "show_progress_on": self.outcome,
        }
        for event in (self.file.upload, self.button.click):
            forgets(event, self.outcome, *self._problems.values())
        # What was chosen of another upload is forgotten.
        self.file.upload(checked(self.bring), said, outputs, **common)
        self.file.clear(checked(self.forget), None, outputs, **common)
        # Not as soon as something is chosen: Gradio tells a choice twice.
        self.button.click(checked(self.bring), [*said, *self._asked.values()], outputs, **common)

    def bring(
        self,
        paths: Paths,
        repository: str | None = "",
        dataset: str = DEFAULT_DATASET,
        max_length: object = None,
        swap_labels: bool = False,
        name: str | None = "",
        adapter: str | None = None,
        base_model: str | None = None,
    ) -> list[Any]:
        """Queue the adapter, or say what is wrong or to be chosen; the upload stays until then."""
        chosen = {"adapter": adapter, "base_model": base_model}
        said = {
            "name": name or "",
            "dataset": dataset,
            "max_length": max_length,
            "swap_labels": swap_labels,
            **chosen,
        }
        if not paths and not (repository or "").strip():
            sentence = "adapter must be a zip, its two files, or on the Hub, got none."
            return self._answer({"adapter": sentence})
        try:
            if paths:
                run = self._services.import_adapter([Path(path) for path in paths], **said)
            else:
                run = self._services.import_from_hub(repository or "", **said)
        except InvalidFieldsError as error:
            return self._answer(error.problems, _questions(error, chosen))
        except PeftDemoError as error:
            return self._answer({"": str(error)})
        return self.forget(render("imported", run=run))

    def forget(self, outcome: str = "") -> list[Any]:
        """Make the form ready for another upload."""
        questions = {field: gr.update(visible=False, value=None) for field in ASKED}
        return self._answer({}, questions, outcome, file=None, hub="", **_EMPTIED)

    @staticmethod
    def _answer(
        problems: Mapping[str, str],
        questions: Mapping[str, Any] | None = None,
        outcome: str = "",
        **values: Any,
    ) -> list[Any]:
        """What the outputs become: each sentence below its field, others where the outcome is."""
        rest = " ".join(sentence for field, sentence in problems.items() if field not in FIELDS)
        return [
            *(
                gr.update(value=values[name]) if values else gr.update()
                for name in ("file", "hub", *_EMPTIED)
            ),
            *((questions or {}).get(field, gr.update()) for field in ASKED),
            *(
                gr.update(
                    value=problem(problems[field]) if field in problems else "",
                    visible=field in problems,
                )
                for field in FIELDS
            ),
            problem(rest) if rest else outcome,
        ]


def _questions(error: InvalidFieldsError, chosen: Mapping[str, str | None]) -> dict[str, Any]:
    """How the questions are shown now: one that is answered stays."""
    if not isinstance(error, UndecidedError):
        return {}
    (field,) = error.problems
    values = [value for _, value in error.choices]
    value = chosen[field] if chosen[field] in values else None
    return {field: gr.update(visible=True, choices=[*error.choices], value=value)}
