"""Moves: where a browser is in a lesson after a press, and what else that does to the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, Field


class Now(BaseModel):
    """Where somebody is, as his browser keeps it; of an earlier version's, what is still known."""

    lesson: str = ""
    """Its id; empty where a link only hides or fixes some of the page."""
    step: int = 0
    began: str = ""
    choices: dict[str, Any] = Field(default_factory=dict)
    taken: list[str] = Field(default_factory=list)
    hide: list[str] = Field(default_factory=list)
    fix: list[str] = Field(default_factory=list)
    query: str = ""
    """What the link says about the form."""
    before: str = ""
    """The form's own link before the lesson."""
    is_folded: bool = False

    def place(self) -> dict[str, Any]:
        """What is kept of it when another lesson is begun."""
        return self.model_dump(include={"step", "began", "choices", "taken"})


@dataclass
class Move:
    """What follows from a press.

    Args:
        now: where one is then; None outside of all lessons.
    """

    now: Now | None
    arrange: dict[str, Any] | None = None
    """How the form is to be filled and fixed; see ``LearnPage.arrange``."""
    progress: dict[str, Any] = field(default_factory=dict)
    """What changes of what the browser keeps, by the lesson's id."""
    tab: str = ""
    """To be opened."""
    opens: str | None = None
    """The form is to be shown; "several": down to what queues several runs."""
    is_left: bool = False
    is_moved: bool = False
    """Whether another step is shown."""


class Moves:
    """All presses, by their names.

    Args:
        now: where the browser is.
        limits: fields and parts that the class's page hides and fixes, or None.
        about: what the pressed button says, the form's link, and the address's query.
    """

    def __init__(
        self, now: Now | None, limits: Mapping[str, list[str]] | None, about: Mapping[str, Any]
    ) -> None:
        self._now, self._limits, self._about = now or Now(), limits, about
        self._is_anywhere = now is not None

    def make(self, action: str) -> Move:
        """The move of that name; of an unknown one nothing follows."""
        known = {
            "open": self._open,
            "begin": self._begin,
            "next": lambda: self._go(self._now.step + 1),
            "back": lambda: self._go(self._now.step - 1),
            "fold": lambda: self._with(is_folded=not self._now.is_folded),
            "choose": self._choose,
            "take": lambda: self._with(taken=[*self._now.taken, self._about["plan"]]),
            "fill": self._fill,
            "reset": self._reset,
            "leave": self.leave,
            "finish": self._finish,
        }
        if action not in known:
            return Move(self._now if self._is_anywhere else None)
        return known[action]()

    def leave(self) -> Move:
        """Leave the lesson: the form is as it was, but for what the class's page says."""
        now = Now(query=self._now.before, **(self._limits or {}))
        return Move(now if self._limits else None, _arranged(now), is_left=True)

    def _open(self) -> Move:
        """A link opens its lesson; where that is open already, it goes on."""
        given = dict(parse_qsl(self._about["query"].removeprefix("?"), keep_blank_values=True))
        lesson, hide, fix = (given.pop(name, "") for name in ("lesson", "hide", "fix"))
        query = urlencode(given) if given.get("method") else ""
        if not (lesson or hide or fix):
            if not self._is_anywhere:
                return Move(None)
            return Move(self._now, _arranged(self._now, fills=not query))
        now = self._now if self._is_anywhere and self._now.lesson == lesson else Now(lesson=lesson)
        linked = {"hide": _listed(hide), "fix": _listed(fix), "query": query}
        now = now.model_copy(update=linked)
        return Move(now, _arranged(now, fills=bool(lesson)))

    def _begin(self) -> Move:
        """Where a lesson was left, it goes on."""
        before = self._now.before or self._about["form"]
        now = Now(**{**self._about["place"], "lesson": self._about["lesson"], "before": before})
        return Move(now, _arranged(now), tab="training", is_moved=True)

    def _go(self, step: int) -> Move:
        return Move(self._changed(step=max(0, step), is_folded=False), is_moved=True)

    def _choose(self) -> Move:
        choice = {str(self._now.step): int(self._about["choice"] or 0)}
        return self._with(choices={**self._now.choices, **choice})

    def _fill(self) -> Move:
        arranged = _arranged(self._now, self._about["plan"])
        return Move(self._now, arranged, opens="several" if self._about["several"] else "")

    def _reset(self) -> Move:
        now = self._changed(**Now().place(), is_folded=False)
        return Move(now, _arranged(now), is_moved=True)

    def _finish(self) -> Move:
        left = self.leave()
        left.progress = {self._now.lesson: {"place": None, "isFinished": True}}
        left.tab = "learn-tab"
        return left

    def _with(self, **changes: Any) -> Move:
        return Move(self._changed(**changes))

    def _changed(self, **changes: Any) -> Now:
        return self._now.model_copy(update=changes)


def _arranged(now: Now, plan: str = "", *, fills: bool = True) -> dict[str, Any]:
    return {
        **now.model_dump(include={"lesson", "query", "fix"}),
        "plan": plan,
        "fills": fills,
    }


def _listed(text: str) -> list[str]:
    return text.split(",") if text else []
