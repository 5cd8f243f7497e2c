"""What a run changed inside its network, in words."""

from __future__ import annotations

from peft_demo.comparison.words import sentences
from peft_demo.methods import METHODS
from peft_demo.runs import Run
from peft_demo.runs.inside import Inside


def inside_in_words(found: Inside, run: Run) -> list[str]:
    """How many of its directions hold the change, and where it is largest."""
    layers = [change for change in found.modules if change.directions]
    largest = max(found.modules, key=lambda change: change.norm, default=None)
    return sentences(
        "inside",
        rank=found.rank,
        counts=sorted(change.directions for change in layers),
        most=max((len(change.singular_values) for change in layers), default=0),
        largest=largest if largest and largest.norm else None,
        modules=found.modules,
        is_head_only=METHODS[run.config.method].is_head_only,
    )
