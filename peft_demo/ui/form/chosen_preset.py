"""What the preset that is chosen says, for the method and the base that are."""

from __future__ import annotations

from typing import Any

from peft_demo.errors import NotFoundError
from peft_demo.methods.method import LAYERS
from peft_demo.models import BASES
from peft_demo.runs.presets import Preset, preset, recommended_id

RECOMMENDED = "recommended"
"""The preset that gives the chosen method what suits it."""


def chosen_preset(preset_id: str, method_id: str) -> Preset:
    """The preset of that id, which may be the method's recommended one."""
    return preset(recommended_id(method_id) if preset_id == RECOMMENDED else preset_id)


def values_of(chosen: Preset, base_id: str) -> dict[str, Any]:
    """What a preset says; base, data set and seed stay the user's."""
    kept = {"name", "base_model", "dataset", "seed"} - (set(chosen.values) - {"name"})
    values = chosen.config().flat()
    if LAYERS.name in chosen.values and base_id in BASES:
        values[LAYERS.name] = chosen.config(base_model=base_id).flat()[LAYERS.name]
    return {name: value for name, value in values.items() if name not in kept}


def blocks_for(preset_id: str, method_id: str, base_id: str, given: object) -> str | None:
    """The preset's blocks of a base that is chosen now, as the form writes them.

    None where what stands there is the user's own: no blocks that the preset has on any base, or
    none at all, for all of them.
    """
    try:
        chosen = chosen_preset(preset_id, method_id)
    except NotFoundError:
        return None
    if LAYERS.name not in chosen.values or base_id not in BASES:
        return None
    known = {LAYERS.written(values_of(chosen, each)[LAYERS.name]) for each in BASES}
    is_own = not given or given not in known
    return None if is_own else LAYERS.written(values_of(chosen, base_id)[LAYERS.name])
