"""Peft's configuration as a row of METHODS with the values of its fields."""

from peft_demo.runs.matching.configuration import from_peft
from peft_demo.runs.matching.imported import Imported, from_flat
from peft_demo.runs.matching.peft_classes import class_of, defaults_of, plain, rows_of, type_of

__all__ = [
    "Imported",
    "class_of",
    "defaults_of",
    "from_flat",
    "from_peft",
    "plain",
    "rows_of",
    "type_of",
]
