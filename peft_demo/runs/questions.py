"""QUESTIONS: what a newcomer may want to see, each a few runs that answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peft_demo.fields import row_of
from peft_demo.runs import sweeps
from peft_demo.runs.presets import preset
from peft_demo.runs.sweeps import Plan


@dataclass(frozen=True)
class Question:
    """A question with the preset and the sweep that fill the forms."""

    id: str
    text: str
    preset: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields that differ from the preset's."""
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Swept fields with their values."""
    repeats: int = 1
    is_race: bool = True

    @property
    def values(self) -> dict[str, Any]:
        """The flat configuration that all its runs share, named after its settings."""
        return preset(self.preset).config(name="", **self.changes).flat()

    @property
    def method(self) -> str:
        """That of its runs, or of the configuration that its sweep changes."""
        return str(self.changes.get("method") or preset(self.preset).config().method)

    @property
    def plan(self) -> Plan:
        """Its runs."""
        return sweeps.plan(self.values, self.axes, repeats=self.repeats, race=self.is_race)


QUESTIONS = {
    row.id: row
    for row in (
        Question(
            "rate",
            "Which learning rate does LoRA want?",
            "quick",
            axes={"learning_rate": (2e-5, 2e-4, 2e-3)},
        ),
        Question("rank", "Is a higher rank better?", "quick", axes={"r": (1, 8, 64)}),
        Question("luck", "How much is luck?", "quick", repeats=4),
    )
}
"""Every question by its id, in the order of the page."""


def question(question_id: str) -> Question:
    """The question of that id.

    Raises:
        NotFoundError: there is none; names those that exist.
    """
    return row_of(QUESTIONS, question_id, "question")
