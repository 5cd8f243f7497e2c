"""Adapters as their model cards say: each a model with a base of its own, in a pipeline."""

from collections.abc import Sequence
from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline


def load_adapter(base_folder: str, adapter: Path) -> PeftModel:
    """A base and an adapter on it."""
    base = AutoModelForSequenceClassification.from_pretrained(base_folder)
    return PeftModel.from_pretrained(base, str(adapter)).eval()


class Pipelines:
    """Several adapters, one after another."""

    def __init__(self, base_folder: str, adapters: Sequence[Path], max_length: int) -> None:
        tokenizer = AutoTokenizer.from_pretrained(base_folder)
        self._cut = {"truncation": True, "max_length": max_length}
        self.pipelines = [
            pipeline("text-classification", load_adapter(base_folder, path), tokenizer=tokenizer)
            for path in adapters
        ]

    def predict(self, texts: Sequence[str], batch_size: int = 1) -> list[list[dict]]:
        """What each adapter makes of each text."""
        return [
            each(list(texts), batch_size=batch_size, top_k=None, **self._cut)
            for each in self.pipelines
        ]
