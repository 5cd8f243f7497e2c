"""JSON files that lie beside an adapter and are taken for its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WANTED = "the adapter's own is adapter_config.json"

_BY_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"log_history"}), "a Trainer's trainer_state.json"),
    (frozenset({"output_dir", "per_device_train_batch_size"}), "a Trainer's training_args.json"),
    (frozenset({"weight_map"}), "the index of a model's weights"),
    (frozenset({"tokenizer_class"}), "a tokenizer's tokenizer_config.json"),
    (frozenset({"added_tokens", "pre_tokenizer"}), "a tokenizer's tokenizer.json"),
    (frozenset({"architectures"}), "a model's config.json"),
    (frozenset({"model_type", "vocab_size"}), "a model's config.json"),
    (frozenset({"transformers_version"}), "a model's generation_config.json or config.json"),
)
"""Keys that a kind of file has and peft's configurations have not."""


def what_else(values: Mapping[str, Any]) -> str:
    """What a JSON object is instead of an adapter's configuration; empty if that is not known."""
    if "peft_type" in values:
        return ""
    inner = values.get("config")
    version = str(values.get("version", ""))
    if version.startswith("adapters.") or (
        isinstance(inner, Mapping) and ("architecture" in inner or "model_class" in values)
    ):
        return (
            "a configuration of AdapterHub's adapters library, whose adapters are not peft's and "
            "cannot be used here"
        )
    for keys, what in _BY_KEYS:
        if keys <= set(values):
            return f"{what}; {_WANTED}"
    return ""
