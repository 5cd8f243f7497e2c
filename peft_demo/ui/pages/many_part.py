"""The part of the Review page that takes a file of reviews through the chosen adapters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder

from peft_demo.comparison.describe import with_epochs
from peft_demo.data.own import MOST_REVIEWS, Source
from peft_demo.errors import PeftDemoError
from peft_demo.export.many import reviews_csv
from peft_demo.languages import _
from peft_demo.ui.answers import BEFORE_TRAINING
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.requests import QUIET
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.inference import ManyAnswers

MOST_SHOWN = 20
"""Rows that the page shows; the file has all."""

LONGEST_SHOWN = 160
"""Characters of a text in the table."""

_NOTHING: dict[str, object] = {"problem": "", "done": None, "reviews": None}


class ManyPart:
    """Its controls, and what happens when they are used."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def draw(self) -> None:
        """Draw it into the current place."""
        with gr.Column(elem_classes="pd-drop"):
            self.file = gr.UploadButton(
                _("Choose a file of reviews, or drop it here"),
                type="filepath",
                file_count="single",
                elem_id="many-file",
            )
        with gr.Row():
            self.text_column = gr.Textbox(
                label=_("Column of texts"),
                info=_("Left empty, it is guessed."),
                max_lines=1,
                elem_id="many-text-column",
            )
            self.label_column = gr.Textbox(
                label=_("Column of labels"),
                info=_("Left empty, it is one that is called so, if there is any."),
                max_lines=1,
                elem_id="many-label-column",
            )
        with gr.Row():
            self.start = gr.Button(_("Ask the chosen adapters"), size="sm", elem_id="many-start")
            self.stop = gr.Button(_("Stop"), size="sm", elem_id="many-stop")
            self.csv = gr.DownloadButton(
                _("Download as CSV"), size="sm", interactive=False, elem_id="many-csv"
            )
        self.shown = styled(_drawn(), elem_id="many-shown")

    def connect(self, run_ids: gr.Dropdown) -> None:
        """Ask who is chosen."""
        asked = [self.file, run_ids, self.text_column, self.label_column]
        common: dict[str, Any] = {"concurrency_limit": 2, **QUIET}
        outputs = [self.shown, self.csv]
        going: list[Any] = [
            self.start.click(self.ask, asked, outputs, **common),
            self.file.upload(self.ask, asked, outputs, **common),
        ]
        self.stop.click(None, None, self.shown, js="() => ''", cancels=going, **QUIET)

    def ask(
        self, file: str | None, run_ids: list[str] | None, text_column: str, label_column: str
    ) -> Iterator[tuple[str, Any]]:
        """How far it is, and then what came of it, with the file to download."""
        none = gr.update(value=None, interactive=False)
        ids = [run_id for run_id in run_ids or () if run_id != BEFORE_TRAINING]
        if not file or not ids:
            yield (
                _drawn(problem=_("Choose a file and adapters first.")),
                none,
            )
            return
        from peft_demo.inference import ManyAnswers  # loads torch

        predictor, path = self._services.predictor, Path(file)
        try:
            many = ManyAnswers.of(
                predictor,
                Source(path.name, path.read_bytes()),
                ids,
                text_column=text_column,
                label_column=label_column,
            )
            for done in many.compute(predictor):
                yield _drawn(done=done), none
        except PeftDemoError as error:
            yield problem(error), none
            return
        folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
        target = folder / f"{path.stem}-predictions.csv"
        target.write_text(reviews_csv(many.reviews, many.runs, many.shares), encoding="utf-8-sig")
        yield shown(many), gr.update(value=str(target), interactive=True)


def shown(many: ManyAnswers) -> str:
    """What came of a file as HTML: accuracies, the first rows, and those that were left out."""
    reviews = many.reviews
    rows = [
        (
            reviews.rows[place],
            text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 2]} …",
            reviews.labels[place],
            [
                (run.config.labels[int(own.argmax())], float(own.max()))
                for run in many.runs
                for own in [many.shares[run.run_id][place]]
            ],
        )
        for place, text in enumerate(reviews.texts[:MOST_SHOWN])
    ]
    return _drawn(
        reviews=reviews,
        runs=[(run, with_epochs(run, run.config.name)) for run in many.runs],
        summaries=many.summaries(),
        rows=rows,
        left_out=reviews.refused[:MOST_SHOWN],
    )


def _drawn(**facts: object) -> str:
    return render("many", most=MOST_REVIEWS, **{**_NOTHING, **facts})
