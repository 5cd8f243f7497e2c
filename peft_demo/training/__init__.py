"""Training: one loop for every method, on the Hugging Face Trainer."""

from peft_demo.training.callback import Monitor
from peft_demo.training.loop import RELOAD_TOLERANCE, train
from peft_demo.training.report import training_table
from peft_demo.training.trainer import load_inputs, make_trainer, tokenise

__all__ = [
    "RELOAD_TOLERANCE",
    "Monitor",
    "load_inputs",
    "make_trainer",
    "tokenise",
    "train",
    "training_table",
]
