"""MixedConfig: an adapter that peft put together of several runs' adapters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs.imported import ImportedConfig, attributes

PARENTS = "parents"
"""The key that tells a mix's stored configuration from an import's."""

FIRST_PARENT = "the first of the runs that were mixed"
"""Where a mix's ``max_length`` is from."""


class MixedConfig(ImportedConfig):
    """What an adapter was mixed of, and how it is tested here.

    Built from the flat mapping that ``flat()`` gives.

    Raises:
        InvalidFieldsError: one sentence for each field that is missing or not allowed.
    """

    parents: tuple[str, ...]
    """The runs whose adapters it holds; they may be gone by now."""
    parent_names: tuple[str, ...]
    """What they were called when they were mixed."""
    weights: tuple[float, ...]
    combination: str
    density: float | None

    def __init__(self, values: Mapping[str, object]) -> None:
        own = [name for name in MixedConfig.model_fields if name not in ImportedConfig.model_fields]
        problems = {
            name: f"{name} must be a list with an entry for each parent, got {shown(given)}."
            for name in (PARENTS, "parent_names", "weights")
            if not isinstance(given := values.get(name), (list, tuple)) or not given
        }
        if problems:
            raise InvalidFieldsError(problems)
        mixed: dict[str, Any] = {
            "density": None,
            **{name: values[name] for name in own if name in values},
        }
        told = {name: value for name, value in values.items() if name not in own}
        BaseModel.__init__(self, **attributes(told), **mixed)

    def flat(self) -> dict[str, Any]:
        """See KnownConfig."""
        values = super().flat()
        if self.density is None:
            del values["density"]
        return values

    @property
    def notes(self) -> tuple[str, ...]:
        """See KnownConfig."""
        named = ", ".join(
            f"{run_id} ({name}) × {weight:g}"
            for run_id, name, weight in zip(
                self.parents, self.parent_names, self.weights, strict=True
            )
        )
        return (
            f"It is mixed of {named}.",
            "Its head is the mean of theirs by the same weights.",
            f"max_length {self.max_length:,} is taken from {self.max_length_from}.",
        )

    @property
    def summary(self) -> str:
        """Its method, how it was mixed, and of how many."""
        return f"{self.method_label} · {self.combination} of {len(self.parents)}"
