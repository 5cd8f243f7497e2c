"""Page: what a tab is. A new one is one file here and one line in ``ui/page.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import gradio as gr

from peft_demo.ui.form.sidebar import Sidebar
from peft_demo.ui.services import Services


@dataclass(frozen=True)
class Frame:
    """What stands around the tabs."""

    blocks: gr.Blocks
    header: gr.HTML
    """Its script speaks for the whole page: the events come from here."""
    sidebar: Sidebar
    tabs: gr.Tabs


class Page:
    """A tab: what is in it, what its script may ask, and what happens when it is used."""

    label: ClassVar[str]
    tab_id: ClassVar[str]
    is_drawn_at_once: ClassVar[bool] = False
    """Else when it is opened for the first time."""
    has_form: ClassVar[bool] = False
    """Whether the form of a new run stands beside it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call on the server; see ``page_function``."""
        return []

    def draw(self, frame: Frame) -> None:
        """Draw it into the current Tab."""

    def connect(self, frame: Frame) -> None:
        """Say what happens when it is used; everything is drawn by then."""
