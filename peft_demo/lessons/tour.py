"""The tour of the page: what it shows where, as data."""

from __future__ import annotations

from functools import cache
from typing import Literal

import pydantic

from peft_demo.languages import language
from peft_demo.lessons.languages import TEXTS, content
from peft_demo.lessons.schema import Line, Markdown, Part, Tab


class Stop(Part):
    """An element of the page with what to say of it."""

    at: str
    """A CSS selector."""
    title: Line
    text: Markdown
    tab: Tab | None = None
    """The tab that has to be open."""
    waits: Literal["click"] | None = None
    """Go on when a person has clicked the element itself."""


def tour() -> tuple[Stop, ...]:
    """The stops in their order, in the current language."""
    return _tour(language())


@cache
def _tour(code: str) -> tuple[Stop, ...]:
    stops = content(TEXTS / "tour.yaml", code)
    return pydantic.TypeAdapter(tuple[Stop, ...]).validate_python(stops)
