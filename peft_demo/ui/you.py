"""The panel in the bar: who one is, the token for programs, and what a teacher sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from peft_demo import settings
from peft_demo.errors import InvalidFieldsError, NotAllowedError, PeftDemoError
from peft_demo.runs.nicknames import NICKNAME
from peft_demo.ui import accounts
from peft_demo.ui.class_panel import ClassPanel
from peft_demo.ui.html import render
from peft_demo.ui.identity import acting
from peft_demo.ui.requests import page_function
from peft_demo.ui.services import Services


class You:
    """Draws the panel, and answers its forms with it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._class = ClassPanel(services, self._panel)

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call on the server."""
        own: list[Callable[..., str]] = [self.you, self.call_me, self.sign_in, self.sign_out]
        functions = [*own, *self._class.functions()]
        return [page_function(function, self._refused) for function in functions]

    def you(self) -> str:
        """The panel as HTML."""
        return self._panel()

    def call_me(self, nickname: str) -> str:
        """Choose a nickname; the panel as HTML."""
        try:
            self._services.changes.call_me(nickname)
        except InvalidFieldsError as error:
            return self._panel(faults=error.problems, entered={"nickname": nickname})
        return self._panel()

    def sign_in(self, password: str) -> str:
        """Become a teacher; the panel as HTML."""
        try:
            self._services.changes.teachers.sign_in(password)
        except NotAllowedError as error:
            if not settings.teacher_password():  # then there is no field for it
                raise
            return self._panel(faults={"password": str(error)})
        return self._panel()

    def sign_out(self) -> str:
        """Be a teacher no more; the panel as HTML."""
        self._services.changes.teachers.sign_out()
        return self._panel()

    def _refused(self, error: PeftDemoError) -> str:
        return self._panel(str(error))

    def _panel(
        self,
        problem: str = "",
        part: str = "",
        faults: Mapping[str, str] | None = None,
        entered: Mapping[str, str] | None = None,
    ) -> str:
        owner, changes = acting().owner, self._services.changes
        is_teacher = changes.teachers.is_one()
        return render(
            "you",
            known_as=owner and self._services.store.name_of(owner),
            token=owner and self._services.signatures.sign(owner, "token"),
            field=NICKNAME,
            problem=problem,
            faults=faults or {},
            entered=entered or {},
            signs_in=accounts.is_offered(),
            is_account=acting().is_account,
            has_password=bool(settings.teacher_password()),
            is_teacher=is_teacher,
            refused=changes.refused,
            **(self._class.facts(part) if is_teacher else {}),
        )
