"""The names and shapes in an adapter's weights' file, under the names that peft saves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeAlias

from peft_demo.adapters.importing.archive import LARGEST_CONFIG, check_size
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.errors import cause
from peft_demo.fields import shown

Tensors: TypeAlias = Mapping[str, tuple[int, ...]]
"""The shape of each tensor in the weights' file."""

_SAVED_MODULE = re.compile(r"\.modules_to_save(?=\.([^.]+)\.)")
"""In the names that a trained layer has within peft's model, which its own files leave out."""

_USUAL_ADAPTER = "default"
"""What peft calls an adapter where nobody does; its name follows in a layer's."""

_MAGNITUDE = re.compile(r"(?<=\.lora_magnitude_vector)\.weight$")
"""What DoRA's vectors have there since they became modules."""

_WRAPPER = re.compile(r"(^|\.)(_orig_mod|_fsdp_wrapped_module)(?=\.)")
"""What torch.compile and FSDP put between."""


def read_tensors(path: Path) -> Tensors:
    """The shapes of all tensors; a file with a model's own names gets those that peft saves.

    Some people save ``model.state_dict()`` themselves, which has names for each adapter, and the
    untrained layers beside the trained ones.

    Raises:
        InvalidFieldsError: the file is damaged, or its header is too long.
    """
    found = _shapes(path)
    adapters = {_USUAL_ADAPTER, *(one[1] for one in map(_SAVED_MODULE.search, found) if one)}
    kept = {name: _saved_name(name, adapters) for name in found}
    if all(name == saved for name, saved in kept.items()):
        return found
    # Peft itself saves biases of these with bias="all".
    kept = {name: saved for name, saved in kept.items() if ".original_module." not in saved}
    if len({*kept.values()}) < len(kept):
        raise refusal("must hold each tensor once, got two under the names of two adapters.")
    _rename(path, kept)
    return _shapes(path)


def _saved_name(name: str, adapters: Collection[str]) -> str:
    name = _SAVED_MODULE.sub("", _WRAPPER.sub("", name).removeprefix("."))
    return _MAGNITUDE.sub("", ".".join(part for part in name.split(".") if part not in adapters))


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """What the header says, which the library checks against the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:
            check_size(int.from_bytes(file.read(8), "little"), LARGEST_CONFIG, "its header")
        with safe_open(path, framework="np") as opened:
            return {
                name: tuple(opened.get_slice(name).get_shape())
                for name in opened.keys()  # noqa: SIM118
            }
    except (OSError, ValueError, SafetensorError) as error:
        raise refusal(
            f"must have an {path.name} that is complete, got one that is damaged ({cause(error)})."
        ) from error


def _rename(path: Path, names: Mapping[str, str]) -> None:
    from safetensors.torch import load, save_file

    try:
        # Read, not mapped: the file is written to.
        found = load(path.read_bytes())
        save_file({names[name]: found[name] for name in names}, path, metadata={"format": "pt"})
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise refusal(
            f"must have tensors in {path.name} that can be read, got {shown(cause(error))}."
        ) from error
