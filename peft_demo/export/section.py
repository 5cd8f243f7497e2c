"""Section: one step of exported code."""

from __future__ import annotations

from dataclasses import dataclass

from peft_demo.runs import RunConfig

WIDTH = 88
"""Of a line: what ruff and black take when nobody tells them otherwise."""


@dataclass(frozen=True)
class Section:
    """One step of a run: a heading and code in the script, two cells in the notebook."""

    title: str
    explanation: str
    code: str
    imports: tuple[str, ...] = ()
    """The import statements that the code needs, one name each."""
    packages: tuple[str, ...] = ()
    """What must be installed beside the packages that are imported."""


def seed(config: RunConfig, part: str) -> str:
    """The name of the constant that holds the seed of this part."""
    return "SEED" if getattr(config, part) is None else part.upper()
