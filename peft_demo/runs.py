"""What a run is: its configuration, its life, its measurements and its result, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

import pydantic
from pydantic import BaseModel, ConfigDict

from peft_demo import methods
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, Value, check_all, shown
from peft_demo.shapes import BUILTIN_BASE as BUILTIN_BASE
from peft_demo.shapes import HUB_BASE as HUB_BASE
from peft_demo.shapes import shape_of

BASE_MODELS = {
    BUILTIN_BASE: "all-MiniLM-L6-v2 (built in)",
    HUB_BASE: "distilbert-base-cased (Hugging Face Hub)",
}

IMDB = "imdb"
ROTTEN_TOMATOES = "rotten_tomatoes"
HUB_IMDB = "stanfordnlp/imdb"
DATASETS = {
    IMDB: "IMDB reviews (built in)",
    ROTTEN_TOMATOES: "Rotten Tomatoes sentences (built in)",
    HUB_IMDB: "stanfordnlp/imdb (Hugging Face Hub)",
}
MOST_REVIEWS = {IMDB: 19_000, ROTTEN_TOMATOES: 3_500, HUB_IMDB: 44_000}
"""How many reviews a run may draw from each data set, once the test pool is set aside."""

LABELS = ("negative", "positive")

MOST_SEED = 2**32 - 1


def _part_seed(name: str, label: str, decides: str) -> Field:
    return Field(
        name,
        label,
        f"Decides {decides}. Left empty, the run's seed does; a number here keeps this part the "
        "same while repeats change the others.",
        "integer",
        None,
        0,
        MOST_SEED,
        widget="box",
    )


RUN_FIELDS = (
    Field(
        "base_model",
        "Base model",
        "The pretrained network that stays frozen. The built-in one comes with the program; "
        "the other is loaded from the Hugging Face Hub or its local cache.",
        "choice",
        BUILTIN_BASE,
        choices=tuple(BASE_MODELS),
    ),
    Field(
        "dataset",
        "Data set",
        "The labelled reviews to learn from. 5,000 of them are set aside for testing and never "
        "trained on.",
        "choice",
        IMDB,
        choices=tuple(DATASETS),
    ),
    Field(
        "num_train_epochs",
        "Epochs",
        "How many times training goes through its reviews. Accuracy is measured after each.",
        "integer",
        2,
        1,
        50,
        1,
    ),
    Field(
        "per_device_train_batch_size",
        "Batch size",
        "How many reviews each training step looks at before it adjusts the weights.",
        "integer",
        16,
        1,
        128,
        1,
        unit="reviews",
    ),
    Field(
        "num_reviews",
        "Reviews",
        "How many reviews the run draws, half of them positive: four fifths to train on, one "
        "fifth to validate after each epoch. 160 gives the assignment's 128 and 32; at most "
        "19,000 of IMDB and 3,500 of Rotten Tomatoes.",
        "integer",
        2_000,
        10,
        max(MOST_REVIEWS.values()),
        widget="box",
    ),
    Field(
        "max_length",
        "Review length",
        "Each review is cut after this many tokens (about ¾ as many words). "
        "Longer takes more time.",
        "integer",
        50,
        8,
        512,
        1,
        unit="tokens",
    ),
    Field(
        "num_test_reviews",
        "Test reviews",
        "How many reviews of the fixed test pool measure the finished run; the same for all "
        "runs. More give a narrower interval.",
        "integer",
        1_000,
        50,
        5_000,
        widget="box",
    ),
    Field(
        "seed",
        "Seed",
        "The start of all random choices: the same seed and settings give the same numbers.",
        "integer",
        42,
        0,
        MOST_SEED,
        widget="box",
    ),
    _part_seed("head_seed", "Seed of the head", "how the new classification head begins"),
    _part_seed("adapter_seed", "Seed of the adapter", "how the adapter's weights begin"),
    _part_seed("dropout_seed", "Seed of the dropout", "what is dropped in each training step"),
    _part_seed("data_seed", "Seed of the order", "the order in which training goes through them"),
    _part_seed("sample_seed", "Seed of the sample", "which reviews the run draws"),
)
"""What every run has beside its method's own fields."""

PART_SEEDS = ("head_seed", "adapter_seed", "dropout_seed", "data_seed", "sample_seed")
"""Fields that fix one source of chance while the run's seed moves the others."""

NAME = Field(
    "name",
    "Run name",
    "How the run is called in charts and tables. Left empty, it is named after its settings.",
    "text",
    "",
    0,
    80,
)

METHOD = Field(
    "method",
    "Method",
    "The way of fine-tuning: which few parameters are trained, and where.",
    "choice",
    "lora",
    choices=tuple(methods.METHODS),
)

LEARNING_RATE = Field(
    "learning_rate",
    "Learning rate",
    "How far each step moves the trained weights. PEFT methods want 1e-4 to 5e-3: rates made "
    "for full fine-tuning (2e-5) starve them.",
    "number",
    1e-3,
    1e-7,
    1.0,
    widget="box",
)


def method_field() -> Field:
    """The method field with the rows that METHODS has now, so that a row may be added later."""
    return Field(**{**METHOD.__dict__, "choices": tuple(methods.METHODS)})


def fields_of(method_id: str) -> tuple[Field, ...]:
    """All fields of a run with this method, its own included, in the form's order."""
    method = methods.METHODS[method_id]
    rate = Field(**{**LEARNING_RATE.__dict__, "default": method.learning_rate})
    return (method_field(), *method.fields, rate, *RUN_FIELDS, NAME)


class RunConfig(BaseModel):
    """Everything that decides a run's numbers, and its name. Invalid values cannot be built.

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

    def flat(self) -> dict[str, Any]:
        """The configuration as one flat mapping, as it is stored, exported and entered."""
        values = self.model_dump()
        own = values.pop("method_values")
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in {**values, **own}.items()
        }

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
        """What the method's configuration depends on beside its own fields."""
        return methods.Setting(
            shape_of(self.base_model),
            self.max_steps,
            self.max_length,
            self.seed_of("adapter_seed"),
        )

    @property
    def summary(self) -> str:
        """The settings that tell runs apart, in a few words: ``LoRA · r 8 · lr 0.001``."""
        return _summary(self.method, self.method_values, self.learning_rate)


def _checked(values: dict[str, object]) -> dict[str, object]:
    """The arguments of RunConfig's fields from a flat mapping, every value checked."""
    method_id = str(method_field().check(values.get("method", METHOD.default)))
    method = methods.METHODS[method_id]
    own = {field.name for field in method.fields}
    fields = [field for field in fields_of(method_id) if field.name not in own | {"name"}]
    problems: dict[str, str] = {}
    checked: dict[str, Value | None] = {}
    own_values: dict[str, Value | None] = {}
    for check in (
        lambda: checked.update(check_all(fields, values)),
        lambda: own_values.update(check_all(method.fields, values)),
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
    most = MOST_REVIEWS[values["dataset"]]
    if values["num_reviews"] > most:
        raise InvalidFieldsError(
            {
                "num_reviews": f"num_reviews must be a whole number between 10 and {most:,} for "
                f"the data set {values['dataset']}, got {values['num_reviews']:,}."
            }
        )
    steps = _max_steps(
        values["num_reviews"], values["per_device_train_batch_size"], values["num_train_epochs"]
    )
    base = shape_of(values["base_model"])
    seed = values["seed"] if values["adapter_seed"] is None else values["adapter_seed"]
    method.check(own_values, methods.Setting(base, steps, values["max_length"], seed))


def _max_steps(num_reviews: int, batch: int, epochs: int) -> int:
    train = num_reviews - round(num_reviews / 5)
    return -(-train // batch) * epochs


def _summary(method_id: str, values: Mapping[str, Any], learning_rate: Any) -> str:
    method = methods.METHODS[method_id]
    numbers = [
        f"{field.name.removeprefix('lora_')} {values[field.name]:g}"
        for field in method.fields
        if field.kind in ("integer", "number")
    ]
    words = [method.label, *numbers, f"lr {learning_rate:g}"]
    while len(" · ".join(words)) > NAME.maximum:  # type: ignore[operator]
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


def config_schema(method_id: str) -> dict[str, Any]:
    """JSON schema of the flat configuration of one method's runs."""
    fields: dict[str, Any] = {
        "method": (Literal[method_id], method_id),
    }
    fields |= {
        field.name: (
            field.annotation,
            pydantic.Field(default=field.default, title=field.label, description=field.help),
        )
        for field in fields_of(method_id)
        if field.name != "method"
    }
    model: type[BaseModel] = pydantic.create_model(
        f"{method_id}_run", __config__=ConfigDict(extra="forbid"), **fields
    )
    return model.model_json_schema()


class RunStatus(StrEnum):
    """Where a run is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    """It crashed; the error says why."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""
    INTERRUPTED = "interrupted"
    """The program that trained it ended."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class RunKind(StrEnum):
    """What the engine does for a run."""

    TRAINING = "training"
    RANGE_TEST = "range_test"
    """A short training at growing learning rates, to find a good one; nothing is saved."""
    IMPORTED = "imported"
    """An adapter that was trained elsewhere: tested here, not trained."""


class GroupKind(StrEnum):
    """Why runs belong together."""

    REPEATS = "repeats"
    """One configuration with several seeds."""
    SWEEP = "sweep"
    """Every combination of some fields' values, perhaps each with several seeds."""
    ASSIGNMENT = "assignment"
    """The assignment's four configurations."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunGroup(_Record):
    """Runs that were queued together."""

    group_id: str
    kind: GroupKind
    name: str
    owner: str
    created_at: datetime
    is_race: bool = False
    """Its runs are trained in turns, so that their curves grow together."""
    axes: dict[str, list[Any]] = {}
    """The swept fields with their values, in the order of the sweep."""


class StepMetrics(_Record):
    """What one optimiser step reported."""

    step: int
    loss: float
    learning_rate: float


class EpochMetrics(_Record):
    """What the evaluation after one epoch reported."""

    epoch: int
    step: int
    """Optimiser steps done at the end of the epoch."""
    train_loss: float
    """Mean of the epoch's step losses."""
    eval_loss: float
    eval_accuracy: float
    seconds: float
    """Since training began."""


class Progress(_Record):
    """How far a running training is."""

    phase: str = ""
    step: int = 0
    max_steps: int = 0
    samples_per_second: float | None = None
    seconds_left: float | None = None
    learning_rate: float | None = None


class RunResult(_Record):
    """What a finished run keeps beside its metrics."""

    train_output: dict[str, int | float]
    """Trainer's TrainOutput: global_step, training_loss, train_runtime, train_samples_per_second,
    train_steps_per_second, total_flos."""
    num_adapter_parameters: int
    """Trained parameters outside the head."""
    num_head_parameters: int
    num_base_parameters: int
    """All parameters of the base model without the head."""
    file_bytes: int
    """Size of the saved weights."""
    test_accuracy: float
    test_interval: tuple[float, float]
    """95 % Wilson interval of test_accuracy."""
    test_loss: float
    num_test_reviews: int
    test_set: str
    """Fingerprint of the test reviews: runs with the same one can be compared in pairs."""
    reload_difference: float
    """Largest difference of a logit after loading the saved adapter onto a fresh base."""
    saved_as: str
    """Number type of the saved weights."""
    precision: str
    """Number type that the training computed in."""
    environment: dict[str, str]
    """Versions and hardware."""
    seconds: float
    """From start to saved, testing included, without the turns of others in a race."""
    test_seconds: float | None = None
    """Of predicting the test reviews in batches; None in records from before it was measured."""
    training_table: list[dict[str, float | int | str]]
    """The assignment's table: Epoch, Training Loss, Validation Loss, Accuracy."""


class RangeTest(_Record):
    """What a learning-rate range test found (Smith 2017)."""

    learning_rates: tuple[float, ...]
    """The rate of each measured step, growing by the same factor."""
    losses: tuple[float, ...]
    """The loss of some training reviews after each, without a leaning to one class."""
    smoothed: tuple[float, ...]
    suggestion: float | None
    """A good rate, or None where the curve shows none."""
    is_sure: bool
    reason: str
    """Why it is not sure, in one sentence, or an empty text."""


_BROWSER_ID = re.compile("[0-9a-f]{32}")


class Run(_Record):
    """A snapshot of one run; it never changes."""

    run_id: str
    kind: RunKind = RunKind.TRAINING
    config: RunConfig
    owner: str
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: Progress = Progress()
    epochs: tuple[EpochMetrics, ...] = ()
    error: str | None = None
    result: RunResult | None = None
    range_test: RangeTest | None = None
    group_id: str | None = None
    """The group that it was queued with."""
    tags: tuple[str, ...] = ()
    note: str = ""
    is_starred: bool = False
    is_reference: bool = False
    """It came with the program and cannot be deleted."""
    queue_position: int | None = None
    """1 for the run that is trained next."""
    version: int = 0
    """The store's version at which this run last changed."""

    @property
    def owner_name(self) -> str:
        """Whose run it is, for people: a browser's long id becomes a short name that stays."""
        if self.is_reference:
            return "reference"
        return f"guest {self.owner[:4]}" if _BROWSER_ID.fullmatch(self.owner) else self.owner

    @property
    def forward_pass(self) -> str | None:
        """How its network computed (see ``settings.forward``); None before it has a result."""
        if self.result is None:
            return None
        # Runs of before there was a choice computed as transformers does.
        return self.result.environment.get("forward", "transformers")

    @property
    def can_predict(self) -> bool:
        """Whether it left an adapter."""
        return self.status is RunStatus.COMPLETED and self.kind is not RunKind.RANGE_TEST

    @pydantic.field_serializer("config")
    def _flat_config(self, config: RunConfig) -> dict[str, Any]:
        return config.flat()

    @pydantic.field_validator("config", mode="wrap")
    @classmethod
    def _from_flat(cls, value: Any, _handler: Any) -> RunConfig:
        return value if isinstance(value, RunConfig) else RunConfig(value)


class Reporter(Protocol):
    """Where a training tells what happens, and asks whether it should stop."""

    def progress(self, progress: Progress) -> None:
        """How far it is."""

    def step(self, metrics: StepMetrics) -> None:
        """One optimiser step is done."""

    def epoch(self, metrics: EpochMetrics) -> None:
        """One epoch is done and evaluated."""

    def should_stop(self) -> bool:
        """Whether somebody asked for this run to stop."""
