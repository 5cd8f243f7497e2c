"""The tour of the page: what it shows where, as data."""

from __future__ import annotations

from functools import cache
from typing import Literal

import pydantic
import yaml

from peft_demo.lessons.loading import TEXTS
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


@cache
def tour() -> tuple[Stop, ...]:
    """The stops in their order."""
    content = yaml.safe_load((TEXTS / "tour.yaml").read_text(encoding="utf-8"))
    return pydantic.TypeAdapter(tuple[Stop, ...]).validate_python(content)
