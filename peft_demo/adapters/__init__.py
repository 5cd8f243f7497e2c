"""A method's modules on a base: built, saved, loaded, merged and asked."""

from peft_demo.adapters.building import build, count_trained, untrained
from peft_demo.adapters.evaluating import (
    EVALUATION_BATCH,
    logits,
    logits_in_batches,
    reading_order,
    tested,
)
from peft_demo.adapters.files import CONFIG, WEIGHTS, load, save
from peft_demo.adapters.merging import merge, merged_bytes

__all__ = [
    "CONFIG",
    "EVALUATION_BATCH",
    "WEIGHTS",
    "build",
    "count_trained",
    "load",
    "logits",
    "logits_in_batches",
    "merge",
    "merged_bytes",
    "reading_order",
    "save",
    "tested",
    "untrained",
]
