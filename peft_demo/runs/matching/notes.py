"""Sentences about what a configuration says and what is not done, or done otherwise, here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from peft_demo.fields import cut, shown
from peft_demo.models import BASES, Architecture, Named, Pretrained, base_named

MOST_TOLD = 8
"""Things of one kind that stand in one sentence."""

_OTHER_TASKS = {
    "CAUSAL_LM": "writing texts",
    "SEQ_2_SEQ_LM": "turning texts into texts",
    "TOKEN_CLS": "labelling words",
    "QUESTION_ANS": "finding answers in texts",
    "FEATURE_EXTRACTION": "making vectors of texts",
}

_ONLY_WITH = {
    "qalora_group_size": "use_qalora",
    "megatron_core": "megatron_config",
    "layers_pattern": "layers_to_transform",
}
"""Options of peft that have no effect unless the other one is given."""

_ONLY_WITH_START = {
    "loftq_config": "loftq",
    "eva_config": "eva",
    "corda_config": "corda",
    "lora_ga_config": "lora_ga",
}
"""Options of peft that have no effect but with this ``init_lora_weights``."""

_HEAD_OF_PEFT = "score"
"""Peft's own name for a head, which it adds to every configuration."""


def quoted(value: object) -> str:
    """A value as Python writes it, cut if it is long."""
    return cut(repr(value))


def listing(options: Mapping[str, Any]) -> str:
    """Options with their values: ``use_dora=True, r=8``, not too many."""
    told = [f"{cut(str(name))}={quoted(value)}" for name, value in options.items()]
    more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    return ", ".join([*told[:MOST_TOLD], *more])


def is_nothing(value: object) -> bool:
    """Whether an option with this value is as good as left out."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def has_effect(name: str, given: Mapping[str, Any]) -> bool:
    """Whether peft looks at an option at all beside the others that are given."""
    if name in _ONLY_WITH:
        return not is_nothing(given.get(_ONLY_WITH[name]))
    start = _ONLY_WITH_START.get(name)
    return start is None or given.get("init_lora_weights") == start


def about_unknown(class_name: str, options: Mapping[str, Any]) -> list[str]:
    """What no option of the installed peft is: of other versions, or of other tools."""
    options = {name: value for name, value in options.items() if not is_nothing(value)}
    if not options:
        return []
    those = "it is" if len(options) == 1 else "they are"
    return [
        f"{listing(options)}: no option of peft's {class_name} as it is installed here; {those} "
        "left out."
    ]


def about_task(given: Mapping[str, Any]) -> list[str]:
    """That texts are classified here, whatever the task."""
    came = given.get("task_type")
    task = str(came).rpartition(".")[2].upper()
    if is_nothing(came) or task == "SEQ_CLS":
        return []
    known = _OTHER_TASKS.get(task)
    what = f"{task} ({known})" if known else shown(came if isinstance(came, str) else str(came))
    return [
        f"task_type {what} is not done here; the settings are taken for classifying texts "
        "(SEQ_CLS)."
    ]


def about_type(came: object, peft_type: str, class_name: str) -> list[str]:
    """That a configuration names another type than its class has."""
    if is_nothing(came) or str(came).rpartition(".")[2].strip().upper() == peft_type:
        return []
    return [f"peft_type={quoted(came)} is not that of {class_name}, which counts."]


def about_base(wanted: object, used: str, before: str) -> list[str]:
    """Which base the text wants, which one is used, and which others there are.

    Nothing where it wants the one that was used ``before``.
    """
    if is_nothing(wanted):
        return []
    name = wanted if isinstance(wanted, str) else str(wanted)
    known = base_named(name)
    if known == used == before:
        return []
    others = [base_id for base_id in BASES if base_id not in (used, known)]
    listed = " and ".join(others)
    there = f"; there are also {listed}" if len(others) > 1 else f"; there is also {listed}"
    more = there if others else ""
    how = f" To have {known}, {BASES[known].how_to_get}." if known not in (None, used) else ""
    return [
        f"base_model_name_or_path: {shown(name)} is wanted, and {used} is used{more}.{how}",
    ]


def about_names(name: str, found: Named, base: Pretrained) -> list[str]:
    """What names of other networks became on a base."""
    told = [
        f"{shown(came)} became {' and '.join(modules)}" + _beside(found.also.get(came, ()))
        for came, modules in found.became.items()
    ]
    own = [came for came in found.also if came not in found.became]
    told += [f"{shown(came)} is that alone" + _beside(found.also[came]) for came in own]
    if not told:
        return []
    more = f", and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    blocks = f", in the blocks {', '.join(map(str, found.blocks))}" if found.blocks else ""
    return [f"{name}: {', '.join(told[:MOST_TOLD])}{more} on {base.id}{blocks}."]


def _beside(modules: Iterable[str]) -> str:
    listed = " and ".join(modules)
    return f" (peft would match it with what is {listed} here, too)" if listed else ""


def about_head(given: Mapping[str, Any], architecture: Architecture) -> list[str]:
    """That nothing but the head is trained beside the adapter."""
    names = given.get("modules_to_save") or []
    if not isinstance(names, list):
        names = [names]
    others = sorted(
        {cut(str(name)) for name in names}
        - {*architecture.head, *architecture.saved, _HEAD_OF_PEFT}
    )
    if not others:
        return []
    return [f"modules_to_save: only the head is trained here, not {shown(others)}."]
