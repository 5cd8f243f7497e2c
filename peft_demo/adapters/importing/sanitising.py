"""What peft may see of a stranger's configuration."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from peft_demo.adapters.importing.refusals import refusal
from peft_demo.fields import Integer, shown
from peft_demo.methods import METHODS

_NEUTRALISED = frozenset(
    {
        # AutoPeftModel and LoRA's layers import the modules that these name.
        "auto_mapping",
        "megatron_config",
        "megatron_core",
        # What the training began with; peft would get a tokenizer, or open a file, for it.
        "prompt_tuning_init",
        "prompt_tuning_init_text",
        "prompt_tuning_init_state_dict_path",
        "tokenizer_name_or_path",
        "tokenizer_kwargs",
        "corda_config",
        "eva_config",
        "loftq_config",
        "lora_ga_config",
        # Of the base on the Hub.
        "revision",
        # Refused by peft outside a running program.
        "runtime_config",
    }
)
"""Left out of what peft reads; none of them matters for a trained adapter."""

_PATTERN = re.compile(r"[\w@.*+|()\[\]^$\\-]{0,200}")

_MOST_REPEATS = 3

_MOST_ITEMS = 1_000

_LARGEST_NUMBER = 10_000

_LARGEST_SEED = 2**64

_MOST_CHARACTERS = 100_000
"""Of all of it as JSON: it is stored with its run and goes to every browser."""

_ANY_NUMBER = re.compile("seed|key|step")
"""Names of numbers that do not size anything."""


def sanitised(config: Mapping[str, Any], base_id: str, method_id: str) -> dict[str, Any]:
    """The configuration with nothing in it that peft could be harmed by.

    Raises:
        InvalidFieldsError: a number or pattern would take too much memory or time.
    """
    from peft_demo.libraries import peft

    known = {
        field.name
        for field in fields(peft.mapping.PEFT_TYPE_TO_CONFIG_MAPPING[config["peft_type"]])
    }
    kept = {name: config[name] for name in config if name in known - _NEUTRALISED}
    if isinstance(kept.get("modules_to_save"), str):  # to which peft would add its own names
        kept["modules_to_save"] = [kept["modules_to_save"]]
    largest = {
        field.name: 10 * field.maximum
        for field in METHODS[method_id].fields
        if isinstance(field, Integer)
    }
    for name, value in kept.items():
        if name != "base_model_name_or_path":
            usual = _LARGEST_SEED if _ANY_NUMBER.search(name) else _LARGEST_NUMBER
            _check_value(name, value, largest.get(name, usual))
    if len(json.dumps(kept)) > _MOST_CHARACTERS:
        raise refusal(f"must have settings of at most {_MOST_CHARACTERS:,} characters, got more.")
    return {**kept, "base_model_name_or_path": base_id, "inference_mode": True}


def _check_value(name: str, value: object, largest: int) -> None:
    """Refuse what peft could choke on: huge numbers, long lists, patterns that never end.

    And numbers that are none, which browsers cannot read.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise refusal(f"must have a {name} that is a finite number, got {value}.")
    if isinstance(value, int) and abs(value) > largest:
        raise refusal(f"must have {name} of at most {largest:,}, got {shown(value)}.")
    if isinstance(value, str) and not _is_harmless(value):
        raise refusal(
            f"must have {name} made of names and simple patterns (at most {_MOST_REPEATS} of * "
            f"and +, none after a bracket), got {shown(value)}."
        )
    if isinstance(value, (list, dict)):
        if len(value) > _MOST_ITEMS:
            raise refusal(f"must have {name} with at most {_MOST_ITEMS:,} items, got more.")
        for item in value:
            _check_value(name, item, largest)
    if isinstance(value, dict):
        for item in value.values():
            _check_value(name, item, largest)


def _is_harmless(pattern: str) -> bool:
    """Whether a text may be used as a regular expression without running for ever."""
    return (
        _PATTERN.fullmatch(pattern) is not None
        and sum(map(pattern.count, "*+")) <= _MOST_REPEATS
        and not re.search(r"\)[*+]", pattern)
    )
