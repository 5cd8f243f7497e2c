"""KnownConfig: what is known of how a run came about, be it trained here, imported or history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, model_serializer

from peft_demo import methods
from peft_demo.data import DATASETS
from peft_demo.errors import refuse
from peft_demo.fields import Field
from peft_demo.formats import typed
from peft_demo.models import BASES
from peft_demo.runs.footprint import NOTHING, Measured
from peft_demo.runs.run_fields import NAME, fields_of

if TYPE_CHECKING:
    from peft_demo.runs.config import RunConfig


class KnownConfig(BaseModel):
    """What is known of any run's configuration; its subclasses say what that is.

    A value that is not known has no stand-in: ``flat`` leaves it out, and ``get`` gives None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_model: str
    dataset: str
    method: str
    method_values: dict[str, Any]
    """The method's own options, such as ``r`` and ``target_modules``."""

    if TYPE_CHECKING:  # declared by each subclass, in its own order
        max_length: int | None
        """Tokens that a text is cut to."""
        num_test_reviews: int | None

    def flat(self) -> dict[str, Any]:
        """All that is known as one flat mapping, as it is stored, exported and entered."""
        values = {**self.__dict__, **self.method_values}
        del values["method_values"]
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    @model_serializer
    def _serialized(self) -> dict[str, Any]:
        return self.flat()

    def told(self) -> dict[str, Any]:
        """``flat`` as tables of people's show it, without what only programs read.

        Fields that few need stand in it only if they are not at their default.
        """
        dull = self.method_values.keys() - telling(self.method, self.method_values).keys()
        return {name: value for name, value in self.flat().items() if name not in dull}

    def get(self, name: str) -> Any:
        """The value of ``flat`` by that name; None if it is not known."""
        return self.flat().get(name)

    def number(self, name: str) -> float | None:
        """The number by that name; None if it is not known, or is none."""
        value = self.get(name)
        return value if is_number(value) else None

    @property
    def problem(self) -> str | None:
        """Why it cannot be used any more: None, but for history (see ``runs.history``)."""
        return None

    def require_valid(self) -> None:
        """Whether it can be used here, with this machine's own copy of the base.

        Raises:
            InvalidFieldsError: the method does not fit that copy, or this is history.
        """

    def require_startable(self, known: Measured = NOTHING) -> None:
        """Whether it can begin here now: ``require_valid``, and there is memory for it.

        Args:
            known: what such runs took here of memory.

        Raises:
            InvalidFieldsError: it cannot.
        """
        self.require_valid()

    def for_training(self) -> RunConfig:
        """Itself, if it says all that a training needs.

        Raises:
            InvalidFieldsError: it does not.
        """
        refuse("config", f"config must say how to train, and of {self.name} that is not known.")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what had to be taken for it, or was read from files beside it."""
        return ()

    @property
    def is_length_known(self) -> bool:
        """Whether ``max_length`` is what it was trained at, as far as anybody says."""
        return self.max_length is not None

    @property
    def fields(self) -> tuple[Field, ...]:
        """What it consists of, in the form's order; without the method's own if that is gone."""
        return fields_of(self.method, self.base_model)

    @property
    def method_label(self) -> str:
        """The method's name, or its id if it is gone; so are the next two."""
        return label_in(methods.METHODS, self.method)

    @property
    def base_model_label(self) -> str:
        """The base model's name."""
        return label_in(BASES, self.base_model)

    @property
    def dataset_label(self) -> str:
        """The data set's name."""
        return label_in(DATASETS, self.dataset)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the run's network tells apart; nothing if its data set is gone."""
        dataset = DATASETS.get(self.dataset)
        return dataset.labels if dataset else ()

    @property
    def num_train_reviews(self) -> int | None:
        """Texts that it was trained on."""
        number = self.number("num_reviews")
        return None if number is None else int(number) - validated(number)

    @property
    def num_validation_reviews(self) -> int | None:
        """Texts that measured it after each epoch."""
        number = self.number("num_reviews")
        return None if number is None else validated(number)

    @property
    def summary(self) -> str:
        """The settings that tell runs apart, in a few words: ``LoRA · r 8 · lr 0.001``."""
        return in_short(self.method, self.method_values, self.number("learning_rate"))


def validated(num_reviews: float) -> int:
    """How many of the drawn texts a run is validated on: one fifth."""
    return round(num_reviews / 5)


def label_in(table: Mapping[str, Any], row_id: str) -> str:
    """The label of a table's row, or its id if it is gone."""
    return table[row_id].label if row_id in table else row_id


def telling(method_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A method's values without those of fields that few need, where they are the defaults."""
    row = methods.METHODS.get(method_id)
    usual = row.rare_defaults if row else {}
    return {n: value for n, value in values.items() if n not in usual or value != usual[n]}


def in_short(method_id: str, values: Mapping[str, Any], learning_rate: float | None) -> str:
    """A method with its numbers, what is unusual, and its learning rate where that is known."""
    row = methods.METHODS.get(method_id)
    rare = row.rare_defaults if row else {}
    told = telling(method_id, values)
    words = [
        label_in(methods.METHODS, method_id),
        *(_word(name, value) for name, value in told.items() if name in rare),
        *(_word(n, value) for n, value in told.items() if n not in rare and is_number(value)),
        *([] if learning_rate is None else [f"lr {typed(learning_rate)}"]),
    ]
    while len(" · ".join(words)) > NAME.maximum and len(words) > 1:
        words.pop(-2 if len(words) > 2 else -1)  # it serves as a name, which has a limit
    return " · ".join(words)


def _word(name: str, value: Any) -> str:
    short = name.removeprefix("lora_")
    if is_number(value):
        return f"{short} {typed(value)}"
    if isinstance(value, bool):
        return short if value else f"no {short}"
    several = isinstance(value, (list, tuple))
    return f"{SHORT.get(name, short)} {'+'.join(map(str, value)) if several else value}"


SHORT = {
    "layers_to_transform": "blocks",
    "init_lora_weights": "start",
    "rank_pattern": "ranks",
    "alpha_pattern": "alphas",
}
"""What the names of runs call fields with long names."""


def is_number(value: object) -> bool:
    """Whether a value counts something: true and false do not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
