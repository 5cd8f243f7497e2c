"""Values of a script's training that have fields here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from peft_demo.fields import cut
from peft_demo.runs.matching import plain
from peft_demo.runs.reading.mentions import BASE, Mention
from peft_demo.runs.reading.values import Made

_NAMES = {
    "learning_rate": "learning_rate",
    "per_device_train_batch_size": "per_device_train_batch_size",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "num_train_epochs": "num_train_epochs",
    "seed": "seed",
    "data_seed": "data_seed",
    "max_length": "max_length",
    "max_seq_length": "max_length",
}
"""Arguments of Trainers, of today and before, by the field that they fill."""

_OF_TRL = {"SFTConfig", "RewardConfig", "DPOConfig", "KTOConfig", "ORPOConfig", "CPOConfig"}
"""TRL's classes, which are TrainingArguments too."""


def is_training(made: Made) -> bool:
    """Whether an object holds the arguments of a training."""
    return made.kind.endswith("TrainingArguments") or made.kind in _OF_TRL


class Training:
    """What a text says of the training, and sentences about what it says in vain."""

    def __init__(self, found: Iterable[Made], mentions: Iterable[Mention]) -> None:
        """Collect it.

        Args:
            found: the objects of the script; of several that hold the arguments of a training the
                last counts.
            mentions: what other calls say.
        """
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []
        self.base: object = None
        """The base that the script names."""
        arguments = [made for made in found if is_training(made)]
        if arguments:
            self._take_arguments(arguments[-1])
        if len(arguments) > 1:
            last = arguments[-1]
            self.notes.append(
                f"Of {len(arguments)} sets of training arguments that of {last.place} is taken."
            )
        for mention in sorted(mentions, key=lambda mention: (mention.rank, mention.place)):
            if mention.field == BASE:
                self.base = self.base or mention.value
            elif mention.field not in self.values:
                self.values[mention.field] = mention.value

    def _take_arguments(self, made: Made) -> None:
        others = []
        for name, value in made.options.items():
            if name in _NAMES:
                self.values[_NAMES[name]] = plain(value)
            elif value is not None and value is not False:
                others.append(f"{cut(name)}={_cut(value)}")
        for name, source in made.unknown.items():
            if name in _NAMES:
                self.notes.append(f"{source} cannot be known without running the code; ours stays.")
            else:
                others.append(cut(name))
        if others:
            more = f" and {len(others) - 12} more" if len(others) > 12 else ""
            are = "are no fields" if len(others) > 1 else "is no field"
            self.notes.append(
                f"{', '.join(others[:12])}{more} of {cut(made.kind)} in {made.place} {are} here "
                "and not honoured."
            )


def _cut(value: object) -> str:
    text = repr(value) if not isinstance(value, Made) else f"{value.kind[:50]}(…)"
    return cut(text, 40)
