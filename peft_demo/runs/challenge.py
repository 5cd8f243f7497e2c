"""Challenge: limits that a teacher sets for a class; a run enters it by a tag."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pydantic

from peft_demo.errors import refuse
from peft_demo.fields import Integer, Number, Text, check_all
from peft_demo.runs.results import Record
from peft_demo.runs.run import Run

TITLE = Text("title", "Title", "What the challenge is called.", "", 1, 80)
LIMITS = (
    Integer(
        "num_adapter_parameters",
        "Adapter parameters, at most",
        "Trained parameters outside the head.",
        None,
        0,
        1_000_000_000,
    ),
    Integer(
        "num_reviews",
        "Texts, at most",
        "For training and validation together.",
        None,
        10,
        1_000_000,
    ),
    Number(
        "minutes",
        "Minutes, at most",
        "From the start of the training to the end of its test.",
        None,
        0.1,
        10_000,
    ),
)
"""Each is left empty where there is no such limit."""


class Challenge(Record):
    """What a class is asked to do as well as it can."""

    challenge_id: str
    title: str
    owner: str = pydantic.Field(exclude=True)
    """Who set it: a browser's id, which is told to nobody."""
    created_at: datetime
    limits: dict[str, float]
    """The most that a run may have, by field."""

    def is_entered_by(self, run: Run) -> bool:
        """Whether a run takes part: it has the challenge's id among its tags."""
        return self.challenge_id in run.tags

    def broken_by(self, run: Run) -> list[str]:
        """A sentence for each limit that a finished run does not keep."""
        assert run.result is not None
        values = {
            "num_adapter_parameters": run.result.num_adapter_parameters,
            "num_reviews": run.config.get("num_reviews"),
            "minutes": run.result.seconds / 60,
        }
        return [
            f"{field.name} must be at most {self.limits[field.name]:,g}, got {_written(value)}."
            for field in LIMITS
            if field.name in self.limits
            and ((value := values[field.name]) is None or value > self.limits[field.name])
        ]


def _written(value: float | None) -> str:
    return "none that is known" if value is None else f"{value:,.7g}"


def checked_challenge(title: object, limits: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """A challenge's title and limits, checked; those that are empty are left out.

    Raises:
        InvalidFieldsError: a sentence for each that is not allowed, or if there is no limit.
    """
    fields = (TITLE, *LIMITS)
    unknown = [name for name in limits if name not in {field.name for field in LIMITS}]
    if unknown:
        names = ", ".join(field.name for field in LIMITS)
        refuse("limits", f"limits must be of {names}, got {', '.join(map(str, unknown))[:80]}.")
    checked = check_all(fields, {"title": title, **limits})
    given = {field.name: checked[field.name] for field in LIMITS}
    kept = {name: value for name, value in given.items() if value is not None}
    if not kept:
        refuse("limits", "limits must have at least one limit, got none.")
    return str(checked["title"]), kept
