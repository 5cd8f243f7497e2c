"""The part of the Data page's form that names a data set of the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from peft_demo.languages import _

NAMES = ("hub", "config", "split", "test_split", "revision")
"""What is asked for, as the command line's options are called."""


class HubData:
    """Its controls, hidden until the texts are to come from there.

    Args:
        draw_problem: draws the place of the sentence about a field.
    """

    def __init__(self, draw_problem: Callable[[str], None]) -> None:
        self._draw_problem = draw_problem
        with gr.Column(visible=False, elem_id="data-from-hub") as self.place:
            told = _(
                "Such as fancyzhx/ag_news, or a link to it. It is read when you press Look at "
                "these texts; no script of it is ever run. Of a large one some rows are read."
            )
            controls = [self._box("hub", _("Data set on the Hub"), told)]
            with gr.Row():
                empty = _("Left empty: its only or default one.")
                controls.append(self._box("config", _("Configuration"), empty))
                controls.append(self._box("split", _("Split"), _("Left empty: train.")))
            with gr.Row():
                split_off = _("Left empty: some texts are set aside.")
                controls.append(self._box("test_split", _("Split to test on"), split_off))
                newest = _("A commit, tag or branch; left empty: the newest commit.")
                controls.append(self._box("revision", _("Revision"), newest))
        self.controls = controls

    def _box(self, name: str, label: str, info: str) -> Any:
        place = f"data-{name}".replace("_", "-")
        with gr.Column(min_width=200):
            control = gr.Textbox(label=label, info=info, max_lines=1, elem_id=place)
            self._draw_problem(name)
        return control


def said(entered: Any) -> dict[str, str]:
    """What was entered there, as ``own.Asked`` calls it."""
    values = {name: getattr(entered, name) or "" for name in NAMES}
    return {"repository": values.pop("hub"), **values}
