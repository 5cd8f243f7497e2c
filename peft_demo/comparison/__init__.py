"""What the measurements of several runs can tell: facts as plain data, no figures, no torch."""

from peft_demo.comparison.compare import check_run_ids, compare
from peft_demo.comparison.disagreements import disagreements
from peft_demo.comparison.groups import group_facts
from peft_demo.comparison.looking import Looked, Looking, look
from peft_demo.comparison.texts import text_at
from peft_demo.comparison.words import table

__all__ = [
    "Looked",
    "Looking",
    "check_run_ids",
    "compare",
    "disagreements",
    "group_facts",
    "look",
    "table",
    "text_at",
]
