"""Stored configurations are history: read leniently, every value kept, and never trained again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, PrivateAttr

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.runs.config import RunConfig
from peft_demo.runs.imported import PEFT_CONFIG, ImportedConfig, without_training
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.mixed import PARENTS, MixedConfig

_UNKNOWN = "unknown"
"""Stands where a run that can be shown must have a text, and none is stored."""

_TEXTS = ("base_model", "dataset", "method")

_COUNTS = ("max_length", "num_test_reviews")


class PastConfig(KnownConfig):
    """What a run was configured with, in words that today's rules refuse: to be shown only.

    ``flat()`` gives back all that was stored.
    """

    max_length: int | None
    num_test_reviews: int | None
    _stored: dict[str, Any] = PrivateAttr()
    _problem: str = PrivateAttr()

    def __init__(self, stored: Mapping[str, Any], problem: str) -> None:
        BaseModel.__init__(self, **_attributes(stored))
        # Browsers cannot read a JSON that has numbers which are none.
        self._stored = {
            name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in stored.items()
        }
        self._problem = problem

    def flat(self) -> dict[str, Any]:
        """All that was stored."""
        always = ("name", *_TEXTS)
        return {**self._stored, **{name: getattr(self, name) for name in always}}

    @property
    def problem(self) -> str:
        """Why it is only shown."""
        return self._problem

    def require_valid(self) -> None:
        """Refuse it."""
        refuse("config", self._problem)

    def for_training(self) -> RunConfig:
        """Refuse it."""
        refuse("config", self._problem)


def read_config(stored: object) -> KnownConfig:
    """A stored configuration: as it is where today's rules allow it, else as history."""
    if not isinstance(stored, Mapping):
        return PastConfig({}, f"config must map fields to values, got {shown(stored)}.")
    try:
        return _kind_of(stored)(stored)
    except InvalidFieldsError as error:
        gone: dict[str, str] = {
            name: f"{name} {shown(stored.get(name))} is no longer offered."
            for name in _TEXTS
            if name in error.problems
        }
        return PastConfig(stored, " ".join((error.problems | gone).values()))


def _kind_of(stored: Mapping[str, Any]) -> type[RunConfig] | type[ImportedConfig]:
    if PEFT_CONFIG not in stored:
        return RunConfig
    return MixedConfig if PARENTS in stored else ImportedConfig


def read_import(stored: object) -> KnownConfig:
    """The stored configuration of an import, by whatever version."""
    if isinstance(stored, Mapping) and PEFT_CONFIG not in stored:
        stored = without_training(stored)
    return read_config(stored)


def _attributes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each of KnownConfig's attributes, where one was stored."""
    texts = {name: str(stored.get(name) or _UNKNOWN) for name in _TEXTS}
    counts = {name: stored.get(name) for name in _COUNTS}
    # A method's options are what no run has beside them.
    of_any = {"name", *RunConfig.model_fields, *MixedConfig.model_fields}
    return {
        **texts,
        **{n: value if isinstance(value, int) else None for n, value in counts.items()},
        "method_values": {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
            if name not in of_any
        },
        "name": str(stored.get("name") or texts["method"]),
    }
