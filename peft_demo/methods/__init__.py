"""METHODS: one row per PEFT method. Adding a row adds its sliders, checks, API, docs and tests."""

from peft_demo.methods import (
    baselines,
    composed,
    low_rank,
    orthogonal,
    prompts,
    selective,
    shared,
    spectral,
)
from peft_demo.methods.method import ConfigOf, Method, Setting, Values
from peft_demo.methods.unsupported import UNSUPPORTED

METHODS: dict[str, Method] = {
    method.id: method
    for family in (low_rank, composed, orthogonal, shared, spectral, selective, prompts, baselines)
    for method in family.ROWS
}

__all__ = [
    "METHODS",
    "UNSUPPORTED",
    "ConfigOf",
    "Method",
    "Setting",
    "Values",
]
