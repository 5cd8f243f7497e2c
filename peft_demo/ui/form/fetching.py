"""What a choice in the form needs is loaded at once: a base model, a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from peft_demo import data, models, runs
from peft_demo.errors import PeftDemoError
from peft_demo.ui.downloads import told_meanwhile
from peft_demo.ui.html import problem

FETCHED: dict[str, Callable[[str], object]] = {
    "base_model": models.load,
    "dataset": data.load,
}
"""Fields whose choice is loaded at once."""


def fetch(name: str, load: Callable[[str], object], chosen: str) -> Iterator[list[Any]]:
    """Load a base or data set as soon as it is chosen; where it cannot be had, say so and go back.

    It may have to come from the Hub, which is better known before a run waits for it. Answers for
    the control and the place of its sentence, where it says before how much has come.
    """
    yield from told_meanwhile(
        partial(_fetch, name, load, chosen),
        lambda told: [gr.skip(), gr.update(value=told, visible=True)],
    )


def _fetch(name: str, load: Callable[[str], object], chosen: str) -> list[Any]:
    field = runs.run_field(name, dataset=chosen)
    try:
        load(str(field.check(chosen)))
    except PeftDemoError as error:
        return [gr.update(value=field.default), gr.update(value=problem(error), visible=True)]
    return [gr.skip(), gr.update(value="", visible=False)]
