"""RunConfig: everything that decides a run's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer

from peft_demo import methods
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Field, check_all, shown
from peft_demo.models import BASES, BUILTIN_BASE, Shape, shape_of
from peft_demo.runs.run_fields import METHOD, NAME, fields_of


class RunConfig(BaseModel):
    """Everything that decides a run's numbers, and its name. Invalid values cannot be built.

    Whether they are does not depend on the machine; ``require_valid`` asks what does.

    Built from one flat mapping (``{"method": "lora", "r": 8, "learning_rate": 1e-3, …}``); what
    is missing takes its default. ``flat()`` gives the mapping back.

    Raises:
        InvalidFieldsError: one sentence for each field that is unknown or not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_model: str
    dataset: str
    method: str
    method_values: dict[str, Any]
    """The method's own fields, such as ``r`` and ``target_modules``."""
    learning_rate: float
    num_train_epochs: int
    per_device_train_batch_size: int
    num_reviews: int
    max_length: int
    num_test_reviews: int
    seed: int
    head_seed: int | None
    adapter_seed: int | None
    dropout_seed: int | None
    data_seed: int | None
    sample_seed: int | None

    def __init__(self, values: Mapping[str, object] | None = None, /, **more: object) -> None:
        if not isinstance(values or {}, Mapping):
            refuse("config", f"config must map fields to values, got {shown(values)}.")
        super().__init__(**_checked({**(values or {}), **more}))
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

    def flat(self) -> dict[str, Any]:
        """The configuration as one flat mapping, as it is stored, exported and entered."""
        values = {**self.__dict__, **self.method_values}
        del values["method_values"]
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    @model_serializer
    def _serialized(self) -> dict[str, Any]:
        return self.flat()

    @property
    def problem(self) -> str | None:
        """Why it cannot be used any more: None, but for history (see ``runs.history``)."""
        return None

    def require_valid(self) -> None:
        """Whether it can be used here, with this machine's own copy of the base.

        Raises:
            InvalidFieldsError: the method does not fit that copy, or this is history.
        """
        self._check_together(shape_of(self.base_model))

    @property
    def fields(self) -> tuple[Field, ...]:
        """What it consists of, in the form's order; without the method's own if that is gone."""
        return fields_of(self.method, self.base_model)

    @property
    def method_label(self) -> str:
        """The method's name, or its id if it is gone; so are the next two."""
        return _label(methods.METHODS, self.method)

    @property
    def base_model_label(self) -> str:
        """The base model's name."""
        return _label(BASES, self.base_model)

    @property
    def dataset_label(self) -> str:
        """The data set's name."""
        return _label(DATASETS, self.dataset)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the run's network tells apart; nothing if its data set is gone."""
        dataset = DATASETS.get(self.dataset)
        return dataset.labels if dataset else ()

    @property
    def num_train_reviews(self) -> int:
        """Four fifths of the drawn reviews."""
        return self.num_reviews - self.num_validation_reviews

    @property
    def num_validation_reviews(self) -> int:
        """One fifth of the drawn reviews."""
        return round(self.num_reviews / 5)

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

    @property
    def summary(self) -> str:
        """The settings that tell runs apart, in a few words: ``LoRA · r 8 · lr 0.001``."""
        return _summary(self.method, self.method_values, self.learning_rate)

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
        methods.METHODS[self.method].check(self.method_values, self._setting_on(base))


def _label(table: Mapping[str, Any], row_id: str) -> str:
    return table[row_id].label if row_id in table else row_id


def _checked(values: dict[str, object]) -> dict[str, object]:
    """The arguments of RunConfig's fields from a flat mapping, every value checked."""
    values = {**values, "name": values.get("name") or ""}
    method_id = values.get("method", METHOD.default)
    base, dataset = values.get("base_model", BUILTIN_BASE), values.get("dataset", DEFAULT_DATASET)
    fields = fields_of(method_id, base, dataset)
    problems: dict[str, str] = {}
    try:
        checked = check_all(fields, values)
    except InvalidFieldsError as error:
        problems = error.problems
    if "method" not in problems:
        problems |= _unknown(values, methods.METHODS[str(method_id)].label, fields)
    if problems:
        raise InvalidFieldsError(problems)
    own = {field.name: checked.pop(field.name) for field in methods.METHODS[str(method_id)].fields}
    name = checked["name"] or _summary(str(method_id), own, checked["learning_rate"])
    return {**checked, "name": name, "method_values": own}


def _unknown(values: Mapping[str, object], label: str, fields: Iterable[Field]) -> dict[str, str]:
    known = [field.name for field in fields]
    return {
        name: f"{shown(name)} is not a field of a {label} run; its fields are {', '.join(known)}."
        for name in values
        if name not in known
    }


def _summary(method_id: str, values: Mapping[str, Any], learning_rate: Any) -> str:
    words = [
        _label(methods.METHODS, method_id),
        *(
            f"{name.removeprefix('lora_')} {value:g}"
            for name, value in values.items()
            if isinstance(value, (int, float))
        ),
        f"lr {learning_rate:g}",
    ]
    while len(" · ".join(words)) > NAME.maximum:
        words.pop(-2)  # it serves as a name, which has a limit
    return " · ".join(words)
