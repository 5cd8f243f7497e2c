"""Peft's configuration as a row of METHODS with the values of its fields."""

from peft_demo.runs.matching.configuration import fits, from_peft
from peft_demo.runs.matching.imported import Imported, from_flat
from peft_demo.runs.matching.peft_classes import plain, type_of

__all__ = [
    "Imported",
    "fits",
    "from_flat",
    "from_peft",
    "plain",
    "type_of",
]
