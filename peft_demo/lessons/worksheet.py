"""A lesson on paper: its steps with room to write, and a page of notes for who gives it."""

from __future__ import annotations

from pathlib import Path

from peft_demo.languages import language
from peft_demo.lessons.loading import lesson
from peft_demo.lessons.plans import plan_of
from peft_demo.lessons.prose import html_of
from peft_demo.templating import environment

_environment = environment(Path(__file__).parent / "templates")


def worksheet(lesson_id: str) -> str:
    """The lesson as one HTML page that needs nothing else and prints on A4 or letter paper.

    Raises:
        NotFoundError: there is no such lesson; names those that exist.
    """
    chosen = lesson(lesson_id)
    plans = {name: plan_of(chosen, name).configs for name in chosen.runs}
    return _environment.get_template("worksheet.html").render(
        lesson=chosen, lesson_id=lesson_id, plans=plans, prose=html_of, language=language()
    )
