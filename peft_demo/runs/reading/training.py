"""What a script says of the training beside the configuration: base, rate, batch, seed, length."""

from __future__ import annotations

import ast
from typing import Any

from peft_demo.fields import cut
from peft_demo.runs.matching import plain
from peft_demo.runs.reading.parsing import place_of, source_of
from peft_demo.runs.reading.scripts import Script
from peft_demo.runs.reading.values import Made, holds_unknown

BASE = "base_model_name_or_path"
"""What peft's configurations call the base."""

_BATCH = "per_device_train_batch_size"
_FIELDS = ("learning_rate", _BATCH, "num_train_epochs", "seed", "data_seed", "max_length")
_NAMES = {name: name for name in _FIELDS}
_NAMES |= {"per_gpu_train_batch_size": _BATCH, "max_seq_length": "max_length"}
"""Arguments of Trainers, of today and before, by the field that they fill."""

_OF_TRL = {"SFTConfig", "RewardConfig", "DPOConfig", "KTOConfig", "ORPOConfig", "CPOConfig"}
"""TRL's classes, which are TrainingArguments too."""

_EARLY, _PATIENCE = "EarlyStoppingCallback", "early_stopping_patience"
"""The Trainer's callback that ends a training early, and its argument, which is our field."""

_KEEPS_BEST = "load_best_model_at_end"
"""What a training that ends early does here too."""

_QUANTISED = {"BitsAndBytesConfig", "GPTQConfig", "AwqConfig", "QuantoConfig"}

_ELSEWHERE = {
    **dict.fromkeys(("Adam", "AdamW", "Adafactor", "RMSprop", "SGD"), ("lr", "learning_rate")),
    **dict.fromkeys(("set_seed", "manual_seed", "seed_everything"), ("seed", "seed")),
    **dict.fromkeys(("Trainer", "SFTTrainer"), ("max_seq_length", "max_length")),
    **dict.fromkeys(("tokenizer", "encode_plus"), ("max_length", "max_length")),
}
"""Other calls that say it: their argument, and the field that it fills."""


def is_training(made: Made) -> bool:
    """Whether an object holds the arguments of a training."""
    return made.kind.endswith("TrainingArguments") or made.kind in _OF_TRL


class Training:
    """What a script says of the training, and sentences about what it says in vain."""

    def __init__(self, script: Script) -> None:
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []
        self.base: object = None
        """The base that the script names: best that of its model."""
        self.read_elsewhere = ""
        """A configuration that the script reads from a file or the Hub."""
        self._quantised = ""
        self._is_early = any(script.kind_of(call.func) == _EARLY for call, _ in script.calls)
        found = list(script.found.values())
        arguments = [made for made in found if is_training(made)]
        if arguments:
            self._take_arguments(arguments[-1], len(arguments))
        for made in found:
            if made.kind in _QUANTISED:
                self._quantised = f"{made.kind} in {place_of(made.line)}"
        for call, named in script.calls:
            self._look_at(script, call, named)
        if self._quantised:
            self.notes.append(
                f"The quantisation ({self._quantised}) is not honoured: the base keeps its own "
                "precision."
            )

    def _take_arguments(self, made: Made, count: int) -> None:
        place, others = place_of(made.line), []
        for name, value in made.items():
            if name == _KEEPS_BEST and self._is_early and value is True:
                continue
            if name not in _NAMES:
                if value is not None and value is not False:
                    text = "" if holds_unknown(value) else f"={cut(repr(value), 40)}"
                    others.append(f"{cut(name)}{text}")
            elif holds_unknown(value):
                source = made.sources.get(name, name)
                self.notes.append(f"{source} cannot be known without running the code; ours stays.")
            else:
                self.values[_NAMES[name]] = plain(value)
        if others:
            more = f" and {len(others) - 12} more" if len(others) > 12 else ""
            are = "are no fields" if len(others) > 1 else "is no field"
            self.notes.append(
                f"{', '.join(others[:12])}{more} of {cut(made.kind)} in {place} {are} here and not "
                "honoured."
            )
        if count > 1:
            self.notes.append(f"Of {count} sets of training arguments that of {place} is taken.")

    def _look_at(self, script: Script, call: ast.Call, named: dict[str, Any]) -> None:
        kind = script.kind_of(call.func)
        if kind == "from_pretrained" and isinstance(call.func, ast.Attribute):
            owner = source_of(call.func.value, 200).rpartition(".")[2]
            first = script.known(call.args[0]) if call.args else None
            is_of_peft = script.module_of(call.func).startswith("peft")
            if owner == "PeftConfig" or (owner.endswith("Config") and is_of_peft):
                self.read_elsewhere = f"{source_of(call)} in {place_of(call)}"
            is_base = isinstance(first, str) and not owner.startswith(("Peft", "AutoPeft"))
            if is_base and ("Model" in owner or not self.base):
                self.base = first
            self._mention("max_length", named.get("model_max_length"))
        if kind.startswith("prepare_model_for_") or any(
            named.get(option) is True for option in ("load_in_4bit", "load_in_8bit")
        ):
            self._quantised = f"{source_of(call)} in {place_of(call)}"
        if kind == _EARLY:
            self._take_patience(script, call, named)
        if kind == "DataLoader" and named.get("shuffle") is True:
            self._mention(_BATCH, named.get("batch_size"))
        kind = "tokenizer" if "truncation" in named else kind
        if kind in _ELSEWHERE:
            argument, field = _ELSEWHERE[kind]
            given = script.known(call.args[0]) if field == "seed" and call.args else None
            self._mention(field, named.get(argument, given))

    def _take_patience(self, script: Script, call: ast.Call, named: dict[str, Any]) -> None:
        """Read the callback: without an argument it waits for one epoch."""
        given = [script.known(argument) for argument in call.args]
        patience = named.get(_PATIENCE, given[0] if given else 1)
        threshold = named.get("early_stopping_threshold", given[1] if len(given) > 1 else 0)
        if holds_unknown(patience):
            source = source_of(call)
            self.notes.append(f"{source} cannot be known without running the code; ours stays.")
        else:
            self.values.setdefault(_PATIENCE, plain(patience))
        if threshold != 0:
            self.notes.append(
                f"early_stopping_threshold of {_EARLY} in {place_of(call)} is no field here and "
                "not honoured: any lower validation loss counts."
            )

    def _mention(self, field: str, value: object) -> None:
        """Take a value that is known and the first of its field."""
        if isinstance(value, (int, float)):
            self.values.setdefault(field, value)
