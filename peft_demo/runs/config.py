"""RunConfig: everything that decides a run's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer

from peft_demo import methods
from peft_demo.data import DATASETS, DataSet
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, Value, check_all, shown
from peft_demo.models import BASES, shape_of
from peft_demo.runs.run_fields import (
    LEARNING_RATE,
    METHOD,
    NAME,
    NUM_REVIEWS,
    NUM_TEST_REVIEWS,
    RUN_FIELDS,
    fields_of,
    method_field,
)


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
            raise InvalidFieldsError(
                {"config": f"config must map fields to values, got {shown(values)}."}
            )
        super().__init__(**_checked({**(values or {}), **more}))

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
        methods.METHODS[self.method].check(self.method_values, self.setting)

    @property
    def fields(self) -> tuple[Field, ...]:
        """What it consists of, in the form's order; without the method's own if that is gone."""
        if self.method in methods.METHODS:
            return fields_of(self.method, self.base_model)
        return (METHOD, LEARNING_RATE, *RUN_FIELDS, NAME)

    @property
    def method_label(self) -> str:
        """The method's name, or its id if it is gone; so are the next two."""
        method = methods.METHODS.get(self.method)
        return method.label if method else self.method

    @property
    def base_model_label(self) -> str:
        """The base model's name."""
        row = BASES.get(self.base_model)
        return row.label if row else self.base_model

    @property
    def dataset_label(self) -> str:
        """The data set's name."""
        dataset = DATASETS.get(self.dataset)
        return dataset.label if dataset else self.dataset

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
        return _max_steps(self.num_reviews, self.per_device_train_batch_size, self.num_train_epochs)

    def seed_of(self, part: str) -> int:
        """The seed of one of the ``PART_SEEDS``: its own, or else the run's."""
        own: int | None = getattr(self, part)
        return self.seed if own is None else own

    @property
    def setting(self) -> methods.Setting:
        """What the method's configuration depends on beside its own fields, on this machine."""
        return methods.Setting(
            shape_of(self.base_model),
            self.max_steps,
            self.max_length,
            self.seed_of("adapter_seed"),
            len(self.labels),
        )

    @property
    def summary(self) -> str:
        """The settings that tell runs apart, in a few words: ``LoRA · r 8 · lr 0.001``."""
        return _summary(self.method, self.method_values, self.learning_rate)


def _checked(values: dict[str, object]) -> dict[str, object]:
    """The arguments of RunConfig's fields from a flat mapping, every value checked."""
    method_id = str(method_field().check(values.get("method", METHOD.default)))
    method = methods.METHODS[method_id]
    own_names = {field.name for field in method.fields}
    every = [field for field in fields_of(method_id, values.get("base_model")) if field != NAME]
    own = [field for field in every if field.name in own_names]
    fields = [field for field in every if field.name not in own_names]
    problems: dict[str, str] = {}
    checked: dict[str, Value | None] = {}
    own_values: dict[str, Value | None] = {}
    for check in (
        lambda: checked.update(
            check_all(fields, {**_usual_sizes(values.get("dataset")), **values})
        ),
        lambda: own_values.update(check_all(own, values)),
        lambda: _refuse_unknown(values, method_id),
        lambda: checked.update(name=NAME.check(values.get("name") or "")),
    ):
        try:
            check()
        except InvalidFieldsError as error:
            problems.update(error.problems)
    if problems:
        raise InvalidFieldsError(problems)
    _check_together(method, own_values, checked)
    name = checked["name"] or _summary(method_id, own_values, checked["learning_rate"])
    return {**checked, "name": name, "method_values": own_values}


def _check_together(
    method: methods.Method, own_values: Mapping[str, Value | None], values: Mapping[str, Any]
) -> None:
    """The checks that involve several fields, once each of them is right by itself."""
    dataset = DATASETS[values["dataset"]]
    _check_sizes(dataset, values)
    steps = _max_steps(
        values["num_reviews"], values["per_device_train_batch_size"], values["num_train_epochs"]
    )
    # Not as it lies on this machine: a run that is valid here must be valid elsewhere.
    base = BASES[values["base_model"]].shape
    seed = values["seed"] if values["adapter_seed"] is None else values["adapter_seed"]
    method.check(
        own_values, methods.Setting(base, steps, values["max_length"], seed, len(dataset.labels))
    )


def _usual_sizes(dataset: object) -> dict[str, object]:
    """What a run takes of a data set with fewer texts than the fields' defaults."""
    row = DATASETS.get(dataset) if isinstance(dataset, str) else None
    most = (row.most_texts, row.test_pool) if row else ()
    return {
        field.name: min(int(field.default), limit)  # type: ignore[arg-type]
        for field, limit in zip((NUM_REVIEWS, NUM_TEST_REVIEWS), most, strict=False)
    }


def _check_sizes(dataset: DataSet, values: Mapping[str, Any]) -> None:
    """Whether the data set has as many texts as the run asks for."""
    limits = {"num_reviews": (10, dataset.most_texts), "num_test_reviews": (50, dataset.test_pool)}
    problems = {
        name: f"{name} must be a whole number between {least} and {most:,} for the data set "
        f"{dataset.id}, got {values[name]:,}."
        for name, (least, most) in limits.items()
        if values[name] > most
    }
    if problems:
        raise InvalidFieldsError(problems)


def _max_steps(num_reviews: int, batch: int, epochs: int) -> int:
    train = num_reviews - round(num_reviews / 5)
    return -(-train // batch) * epochs


def _summary(method_id: str, values: Mapping[str, Any], learning_rate: Any) -> str:
    method = methods.METHODS[method_id]
    numbers = [field.brief(values[field.name]) for field in method.fields]
    words = [method.label, *filter(None, numbers), f"lr {learning_rate:g}"]
    while len(" · ".join(words)) > NAME.maximum:
        words.pop(-2)  # it serves as a name, which has a limit
    return " · ".join(words)


def _refuse_unknown(values: Mapping[str, object], method_id: str) -> None:
    known = [field.name for field in fields_of(method_id)]
    problems = {}
    for name in values:
        if name not in known:
            label = methods.METHODS[method_id].label
            problems[name] = (
                f"{shown(name)} is not a field of a {label} run; its fields are {', '.join(known)}."
            )
    if problems:
        raise InvalidFieldsError(problems)
