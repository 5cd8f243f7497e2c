"""What a script says of the training beside the configuration: base, rate, batch, seed, length."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from peft_demo.runs.reading.evaluating import Evaluator
from peft_demo.runs.reading.places import Place
from peft_demo.runs.reading.values import CannotKnowError, is_plain

BASE = "base_model_name_or_path"
"""What peft's configurations call the base."""

_OPTIMISERS = {"Adam", "AdamW", "Adafactor", "Adagrad", "RMSprop", "SGD", "AdamW8bit"}
_SEEDERS = {"set_seed", "manual_seed", "seed_everything", "enable_full_determinism"}
_NOT_BASES = ("Peft", "Tokenizer", "Processor", "Trainer", "Metric", "Pipeline")


@dataclass(frozen=True)
class Mention:
    """A value for one of our fields, or the name of a base."""

    field: str
    value: Any
    place: Place
    source: str
    rank: int = 0
    """Where several are mentioned, the lowest counts, then the first."""


class Mentions:
    """Collects them from the calls of a script."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self.found: list[Mention] = []
        self.quantised: list[str] = []
        """Where and how the base is made smaller."""
        self.read_elsewhere: list[str] = []
        """Configurations that the script reads from a file or the Hub."""

    def look_at(self, call: ast.Call) -> None:
        """Note what one call says."""
        kind = self._evaluator.kind_of(call.func)
        named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if kind == "from_pretrained":
            self._pretrained(call, named)
        if kind in _OPTIMISERS and "lr" in named:
            self._mention("learning_rate", named["lr"], call, 1)
        elif kind == "DataLoader" and self._is_true(named.get("shuffle")):
            self._mention("per_device_train_batch_size", named.get("batch_size"), call, 1)
        elif kind in _SEEDERS and call.args:
            self._mention("seed", call.args[0], call, 1)
        elif kind.endswith("Trainer"):
            self._mention("max_length", named.get("max_seq_length"), call, 0)
        elif self._is_tokenizer(call.func, named):
            self._mention("max_length", named.get("max_length"), call, 1)
        elif kind.startswith("prepare_model_for_"):
            self._note_quantised(call)

    def _pretrained(self, call: ast.Call, named: dict[str, ast.expr]) -> None:
        source = self._evaluator.unit.source(call.func).removesuffix(".from_pretrained")
        owner = source.rpartition(".")[2]
        if owner.startswith("Peft") or owner.endswith("Config"):
            if not owner.startswith("PeftModel") and not owner.startswith("AutoPeft"):
                self._read_elsewhere(call, owner)
            elif owner.startswith("AutoPeft"):
                return
        if "Tokenizer" in owner:
            self._mention("max_length", named.get("model_max_length"), call, 2)
        for option in ("load_in_4bit", "load_in_8bit"):
            if self._is_true(named.get(option)):
                self._note_quantised(call)
        if not owner.startswith(("Peft", "AutoPeft")):
            rank = 0 if "Model" in owner else 1
            first = call.args[0] if call.args else named.get("pretrained_model_name_or_path")
            self._mention(BASE, first, call, rank)

    def _read_elsewhere(self, call: ast.Call, owner: str) -> None:
        if owner == "PeftConfig" or self._evaluator.module_of(call.func).startswith("peft"):
            unit = self._evaluator.unit
            self.read_elsewhere.append(f"{unit.source(call)} in {unit.place(call)}")

    def _note_quantised(self, call: ast.Call) -> None:
        unit = self._evaluator.unit
        self.quantised.append(f"{unit.source(call)} in {unit.place(call)}")

    def _is_true(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Constant) and node.value is True

    def _is_tokenizer(self, func: ast.expr, named: dict[str, ast.expr]) -> bool:
        if "max_length" not in named:
            return False
        name = self._evaluator.unit.source(func).lower()
        return "tokeniz" in name or "encode" in name or "truncation" in named

    def _mention(self, field: str, node: ast.expr | None, call: ast.Call, rank: int) -> None:
        """Take a value that is known; what is not known counts as not said."""
        if node is None:
            return
        try:
            value = self._evaluator.value(node)
        except CannotKnowError:
            return
        unit = self._evaluator.unit
        if isinstance(value, (int, float, str)) and is_plain([value]) and value != "max_length":
            place = unit.place(call)
            self.found.append(Mention(field, value, place, unit.source(call.func), rank))
