"""The panel in the bar that says who one is: the nickname, and the token for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peft_demo.errors import PeftDemoError
from peft_demo.runs.nicknames import NICKNAME
from peft_demo.ui.html import render
from peft_demo.ui.identity import acting
from peft_demo.ui.requests import page_function
from peft_demo.ui.services import Services


class You:
    """Draws the panel, and answers its forms with it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call on the server."""
        return [page_function(function, self._refused) for function in (self.you, self.call_me)]

    def you(self) -> str:
        """The panel as HTML."""
        return self._panel()

    def call_me(self, nickname: str) -> str:
        """Choose a nickname; the panel as HTML."""
        self._services.changes.call_me(nickname)
        return self._panel()

    def _refused(self, error: PeftDemoError) -> str:
        return self._panel(str(error))

    def _panel(self, problem: str = "") -> str:
        owner = acting().owner
        return render(
            "you",
            known_as=owner and self._services.store.name_of(owner),
            token=owner and self._services.signatures.sign(owner, "token"),
            field=NICKNAME,
            problem=problem,
        )
