"""Watch my review: what a person's next trainings are asked about after every epoch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from peft_demo.data import check_text
from peft_demo.errors import InvalidFieldsError
from peft_demo.languages import told
from peft_demo.ui.html import render
from peft_demo.ui.requests import page_function
from peft_demo.ui.services import Services


class Watching:
    """What whoever acts watches."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call."""
        return [page_function(self.watch), page_function(self.challenge_next)]

    def watched(self) -> tuple[str, ...]:
        """Whoever's who acts."""
        return self._services.changes.watched()

    def watch(self, review: str, is_watched: bool) -> str:
        """Watch a review from now on, or no longer.

        Args:
            review: which.
            is_watched: whether it is to be.
        """
        text, known = check_text(review), self.watched()
        others = [probe for probe in known if probe != text]
        problem = ""
        try:
            known = self._services.changes.watch([*others, text] if is_watched else others)
        except InvalidFieldsError as error:
            problem = told(str(error))
        return self._told(text, known, problem)

    def challenge_next(self, review: str, is_wished: bool) -> str:
        """Challenge the runs that whoever acts starts from now on, or none any more.

        Args:
            review: which is typed.
            is_wished: whether they are to be.
        """
        self._services.changes.wish_challenges(is_wished)
        return self._told(check_text(review), self.watched())

    def _told(self, review: str, watched: tuple[str, ...], problem: str = "") -> str:
        is_wished = self._services.changes.wishes_challenges()
        told_of = {"review": review, "watched": watched, "problem": problem}
        return json.dumps({"html": render("watching", **told_of, challenges=is_wished)})
