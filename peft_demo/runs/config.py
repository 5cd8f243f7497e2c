"""RunConfig: everything that decides a run's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from peft_demo import methods
from peft_demo.data import DEFAULT_DATASET, require_texts
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Field, check_all, shown
from peft_demo.methods.targets import check_blocks, with_blocks
from peft_demo.models import BASES, BUILTIN_BASE, Shape, shape_of
from peft_demo.runs import footprint
from peft_demo.runs.footprint import NOTHING, Measured
from peft_demo.runs.known import KnownConfig, in_short, validated
from peft_demo.runs.run_fields import METHOD, fields_of


class RunConfig(KnownConfig):
    """Everything that decides a run's numbers, and its name. Invalid values cannot be built.

    Whether they are does not depend on the machine; ``require_valid`` asks what does.

    Built from one flat mapping (``{"method": "lora", "r": 8, "learning_rate": 1e-3, …}``); what
    is missing takes its default. ``flat()`` gives the mapping back.

    Raises:
        InvalidFieldsError: one sentence for each field that is unknown or not allowed.
    """

    learning_rate: float
    num_train_epochs: int
    early_stopping_patience: int
    per_device_train_batch_size: int
    num_reviews: int
    max_length: int
    num_test_reviews: int
    base_dropout: float | None
    seed: int
    head_seed: int | None
    adapter_seed: int | None
    dropout_seed: int | None
    data_seed: int | None
    sample_seed: int | None

    def __init__(self, values: Mapping[str, object] | None = None, /, **more: object) -> None:
        if not isinstance(values or {}, Mapping):
            refuse("config", f"config must map fields to values, got {shown(values)}.")
        BaseModel.__init__(self, **_checked({**(values or {}), **more}))
        # Not as it lies on this machine: a run that is valid here must be valid elsewhere.
        self._check_together(BASES[self.base_model].shape)

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> RunConfig:
        """Build from a flat mapping; see the class."""
        return cls(obj)

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> RunConfig:
        """The configuration with some of its flat values changed, and checked again.

        One that is named after its settings is named after the new ones.
        """
        named = {"name": ""} if self.name == self.summary else {}
        return RunConfig({**self.flat(), **named, **(update or {})})

    def require_valid(self) -> None:
        """See KnownConfig."""
        self._check_together(shape_of(self.base_model))

    def require_startable(self, known: Measured = NOTHING) -> None:
        """See KnownConfig."""
        require_texts(self.dataset)
        self.require_valid()
        footprint.require_memory(self, known)

    def for_training(self) -> RunConfig:
        """See KnownConfig."""
        return self

    @property
    def num_train_reviews(self) -> int:
        """Four fifths of the drawn reviews."""
        return self.num_reviews - self.num_validation_reviews

    @property
    def num_validation_reviews(self) -> int:
        """One fifth of the drawn reviews."""
        return validated(self.num_reviews)

    @property
    def max_steps(self) -> int:
        """Optimiser steps of the whole training."""
        per_epoch = -(-self.num_train_reviews // self.per_device_train_batch_size)
        return per_epoch * self.num_train_epochs

    def seed_of(self, part: str) -> int:
        """The seed of one of the ``PART_SEEDS``: its own, or else the run's."""
        own: int | None = getattr(self, part)
        return self.seed if own is None else own

    @property
    def setting(self) -> methods.Setting:
        """What the method's configuration depends on beside its own fields, on this machine."""
        return self._setting_on(shape_of(self.base_model))

    def _setting_on(self, base: Shape) -> methods.Setting:
        return methods.Setting(
            base,
            self.max_steps,
            self.max_length,
            self.seed_of("adapter_seed"),
            len(self.labels),
        )

    def _check_together(self, base: Shape) -> None:
        """The checks that involve several fields, once each of them is right by itself."""
        check_blocks(self.method_values, base)
        methods.METHODS[self.method].check(self.method_values, self._setting_on(base))


def _checked(values: dict[str, object]) -> dict[str, object]:
    """The arguments of RunConfig's fields from a flat mapping, every value checked."""
    values = {**values, "name": values.get("name") or ""}
    method_id = values.get("method", METHOD.default)
    base, dataset = values.get("base_model", BUILTIN_BASE), values.get("dataset", DEFAULT_DATASET)
    fields = fields_of(method_id, base, dataset)
    problems: dict[str, str] = {}
    try:
        if isinstance(base, str) and base in BASES:
            values = with_blocks(fields, values, BASES[base].shape)
        checked = check_all(fields, values)
    except InvalidFieldsError as error:
        problems = error.problems
    if "method" not in problems:
        problems |= _unknown(values, methods.METHODS[str(method_id)].label, fields)
    if problems:
        raise InvalidFieldsError(problems)
    own = {field.name: checked.pop(field.name) for field in methods.METHODS[str(method_id)].fields}
    rate: Any = checked["learning_rate"]
    name = checked["name"] or in_short(str(method_id), own, rate)
    return {**checked, "name": name, "method_values": own}


def _unknown(values: Mapping[str, object], label: str, fields: Iterable[Field]) -> dict[str, str]:
    known = [field.name for field in fields]
    return {
        name: f"{shown(name)} is not a field of a {label} run; its fields are {', '.join(known)}."
        for name in values
        if name not in known
    }
