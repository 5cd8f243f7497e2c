"""JSON as people keep it, and JSON files that lie beside an adapter and are taken for its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.runs.reading.pieces import mended

_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|#[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?')
_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|,(?=\s*[}\]])')

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


class _RepeatedKeyError(ValueError):
    pass


def read_json(text: str) -> tuple[Any, str]:
    """A text's value, or None and why it is no JSON, with the line.

    Raises:
        InvalidFieldsError: a key is there twice, at ``config``.
    """
    reason = ""
    try:
        for attempt in (text, _tidied(text), _tidied(mended(text))):
            try:
                return json.loads(attempt, object_pairs_hook=_without_repeats), ""
            except json.JSONDecodeError as error:
                reason = reason or f"{error.msg} in line {error.lineno}"
    except _RepeatedKeyError as error:
        refuse("config", f"config must be valid JSON, got: {error}.")
    except ValueError as error:  # a number too long for Python
        reason = str(error).partition("; use sys.")[0]
    return None, reason


def _tidied(text: str) -> str:
    """The text without comments, and without commas before a closing bracket."""
    without = _COMMENT.sub(lambda match: match[1] or "\n" * match[0].count("\n"), text)
    return _COMMA.sub(lambda match: match[1] or "", without)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _RepeatedKeyError(f"{shown(name)} is there twice")
        values[name] = value
    return values


def what_else(values: Mapping[str, Any]) -> str:
    """What a JSON object is instead of an adapter's configuration; empty if that is not known."""
    inner = values.get("config")
    if str(values.get("version", "")).startswith("adapters.") or (
        isinstance(inner, Mapping) and ("architecture" in inner or "model_class" in values)
    ):
        return (
            "a configuration of AdapterHub's adapters library, whose adapters are not peft's and "
            "cannot be used here"
        )
    kinds = [kind for keys, kind in _BY_KEYS if keys <= set(values)]
    return f"{kinds[0]}; the adapter's own is adapter_config.json" if kinds else ""
