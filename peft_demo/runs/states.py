"""States: of a base's files and a data set's texts, which a checkpoint was trained with.

Whoever goes on from it with others would come to numbers that no training has.
"""

from __future__ import annotations

from pathlib import Path

import pydantic

from peft_demo.models import BASES
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.results import Record

FILE = "inputs.json"
"""In a checkpoint."""


class States(Record):
    """Each empty where it cannot change, or is not known."""

    base_model: str = ""
    """See ``models.Base.revision``."""
    dataset: str = ""
    """See ``data.Pools.revision``."""


def write(states: States, checkpoint: Path) -> None:
    """Put them into a checkpoint."""
    (checkpoint / FILE).write_text(states.model_dump_json(), encoding="utf-8")


def of(checkpoint: Path | None) -> States:
    """Those of a checkpoint, if there is one that says them."""
    try:
        text = (checkpoint / FILE).read_text(encoding="utf-8") if checkpoint else "{}"
        return States.model_validate_json(text)
    except (OSError, ValueError, pydantic.ValidationError):
        return States()


def at_hand(config: KnownConfig) -> States:
    """Those that a training would find on this machine, as far as that is known without the Hub."""
    row = BASES.get(config.base_model)
    return States(base_model=row.revision() if row else "")


def changed(config: KnownConfig, then: States, now: States) -> str:
    """Why a training cannot go on from a checkpoint, as a sentence; empty where it can."""
    parts = (
        (f"its base model {config.base_model}", then.base_model, now.base_model),
        (f"its data set {config.dataset}", then.dataset, now.dataset),
    )
    told = [
        f"{what} is in another state than at its last checkpoint ({short(before)} then, "
        f"{short(after)} now)"
        for what, before, after in parts
        if before and after and before != after
    ]
    if not told:
        return ""
    return (
        f"It cannot go on: {' and '.join(told)}. Start it anew, or bring back what it began with."
    )


def short(revision: str) -> str:
    """As much of a commit or checksum as tells it apart."""
    return revision.removeprefix("sha256:")[:12]
