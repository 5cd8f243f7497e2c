"""Templates: the modules of a loaded adapter, from which others of its configuration are made.

peft builds and initialises an adapter's modules anew for every file, although those of one
configuration differ in nothing but the saved tensors.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


class Template:
    """A model without its saved tensors; it shares all others with those made of it."""

    def __init__(self, model: nn.Module, saved: Mapping[str, torch.Tensor]) -> None:
        """Take a model apart.

        Args:
            model: as it is to be copied.
            saved: those of its tensors that its file holds, under the file's names.

        Raises:
            ValueError: a saved tensor is not itself one of the model's.
        """
        stream = io.BytesIO()
        pickler = _Pickler(stream)
        pickler.dump(model)
        self._modules = stream.getvalue()
        self._parts = pickler.parts
        self._places = _places(self._parts, saved)
        for place in self._places.values():
            part = self._parts[place]
            self._parts[place] = _as(part, part.to("meta"))

    def filled(self, tensors: Mapping[str, torch.Tensor]) -> Any:
        """A model that takes over these tensors, or None if they do not fit."""
        parts = dict(self._parts)
        for name, place in self._places.items():
            expected, tensor = self._parts[place], tensors.get(name)
            if tensor is None or tensor.shape != expected.shape:
                return None
            parts[place] = _as(expected, tensor.to(expected.dtype))
        unpickler = pickle.Unpickler(io.BytesIO(self._modules))
        unpickler.persistent_load = parts.__getitem__  # type: ignore[method-assign]
        return unpickler.load()


class _Pickler(pickle.Pickler):
    """Leaves out what copies share: tensors, and the code of classes and functions.

    Copies as copy.deepcopy does, what the modules share among themselves included, and takes a
    tenth of its time to load.
    """

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.parts: dict[int, Any] = {}

    def persistent_id(self, value: Any) -> int | None:
        import torch

        if not isinstance(value, (torch.Tensor, type, FunctionType)):
            return None
        self.parts[id(value)] = value
        return id(value)


def _as(part: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    from torch import nn

    return nn.Parameter(tensor, requires_grad=False) if isinstance(part, nn.Parameter) else tensor


def _places(parts: Mapping[int, Any], saved: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """Which of the parts each saved tensor is; nothing else may look at its memory."""
    import torch

    found: dict[int, list[int]] = {}
    for number, part in parts.items():
        if isinstance(part, torch.Tensor):
            found.setdefault(part.untyped_storage().data_ptr(), []).append(number)
    places = {}
    for name, tensor in saved.items():
        numbers = found.get(tensor.untyped_storage().data_ptr(), [])
        if len(numbers) != 1 or parts[numbers[0]].shape != tensor.shape:
            raise ValueError(f"{name} is not one of the model's own tensors")
        places[name] = numbers[0]
    return places
