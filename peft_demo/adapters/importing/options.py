"""What an adapter's own configuration says of it, for people: peft's options as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.adapters import files
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.adapters.importing.tensors import Tensors
from peft_demo.fields import shown
from peft_demo.methods import Method
from peft_demo.models import Architecture
from peft_demo.runs.matching import class_of, defaults_of

_NOT_TOLD = frozenset(
    {
        "peft_type",
        "task_type",
        "peft_version",
        "inference_mode",
        "base_model_name_or_path",
    }
)
"""What is told by other means, or decides nothing."""

_HEADS_OF_PEFT = frozenset({"classifier", "score"})
"""What peft adds to ``modules_to_save`` of every classifier."""


def options_told(
    config: Mapping[str, Any], method: Method, architecture: Architecture
) -> dict[str, Any]:
    """The options of a sanitised configuration that tell its adapter from others.

    The method's own are among them in any case, as peft takes them where the file is silent; of the
    rest those that are not peft's defaults.

    Args:
        config: from ``sanitised``.
        method: the row that it belongs to.
        architecture: of its base.
    """
    usual = defaults_of(class_of(config["peft_type"])[1])
    fixed = method.peft_config.options if method.peft_config else {}
    own = {
        field.name: config.get(field.name, usual.get(field.name))
        for field in method.fields
        if not field.is_rare
    }
    more = {
        name: value
        for name, value in config.items()
        if name not in own
        and name not in _NOT_TOLD
        and value not in (usual.get(name), fixed.get(name))
        and not (name == "modules_to_save" and _is_head(value, architecture.saved))
        and not _is_mask(value)
    }
    given = {name: value for name, value in (own | more).items() if value is not None}
    return {name: _in_order(value, architecture) for name, value in given.items()}


def check_ranks(config: Mapping[str, Any], tensors: Tensors) -> None:
    """Refuse a LoRA whose weights have a rank that its configuration does not name.

    Raises:
        InvalidFieldsError: peft could not load it; names both, at ``adapter``.
    """
    if config["peft_type"] != "LORA":
        return
    pattern = config.get("rank_pattern")
    named = [config.get("r", 8), *(pattern.values() if isinstance(pattern, Mapping) else ())]
    found = {s[0] for name, s in tensors.items() if name.endswith(".lora_A.weight") and s}
    if others := sorted(rank for rank in found if rank not in named):
        raise refusal(
            f"must have weights of the rank in its {files.CONFIG} ({shown(named)}), got some of "
            f"rank {shown(others)}: the two are of different trainings."
        )


def _in_order(value: Any, architecture: Architecture) -> Any:
    """Names of modules once each, in the network's order: peft writes a set in any."""
    if not isinstance(value, list):
        return value
    if not all(isinstance(item, str) for item in value):
        return tuple(value)
    places = {name: place for place, name in enumerate(architecture.modules)}
    return tuple(sorted({*value}, key=lambda name: (places.get(name, len(places)), name)))


def _is_head(value: object, head: tuple[str, ...]) -> bool:
    return isinstance(value, list) and {*value} - _HEADS_OF_PEFT == {*head} - _HEADS_OF_PEFT


def _is_mask(value: object) -> bool:
    """Whether it says what a training left of each rank (AdaLoRA), which is no setting."""
    return isinstance(value, Mapping) and any(isinstance(item, list) for item in value.values())
