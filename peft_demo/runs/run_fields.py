"""The settings that every run has beside its method's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from peft_demo import methods
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.fields import Choice, Field, Integer, Number, Text
from peft_demo.models import BASES, BUILTIN_BASE, Pretrained

MOST_SEED = 2**32 - 1

_MOST_TESTED = max(row.test_pool for row in DATASETS.values())


def _part_seed(name: str, label: str, decides: str) -> Field:
    return Integer(
        name,
        label,
        f"Decides {decides}. Left empty, the run's seed does; a number here keeps this part the "
        "same while repeats change the others.",
        None,
        0,
        MOST_SEED,
        is_typed=True,
    )


NUM_REVIEWS = Integer(
    "num_reviews",
    "Reviews",
    "How many reviews the run draws, as many of each label: four fifths to train on, one "
    "fifth to validate after each epoch. 160 gives the assignment's 128 and 32. At most "
    f"{'; '.join(f'{row.most_texts:,} {row.name}' for row in DATASETS.values())}.",
    2_000,
    10,
    max(row.most_texts for row in DATASETS.values()),
    is_typed=True,
)

NUM_TEST_REVIEWS = Integer(
    "num_test_reviews",
    "Test reviews",
    "How many reviews of the fixed test pool measure the finished run; the same for all "
    "runs. More give a narrower interval.",
    1_000,
    50,
    _MOST_TESTED,
    is_typed=True,
)

RUN_FIELDS = (
    Choice(
        "base_model",
        "Base model",
        "The pretrained network that stays frozen. The built-in one comes with the program; "
        "the other is loaded from the Hugging Face Hub or its local cache.",
        BUILTIN_BASE,
        tuple(BASES),
    ),
    Choice(
        "dataset",
        "Data set",
        "The labelled texts to learn from. Some of them are set aside for testing, at most "
        f"{_MOST_TESTED:,}, and never trained on.",
        DEFAULT_DATASET,
        tuple(DATASETS),
    ),
    Integer(
        "num_train_epochs",
        "Epochs",
        "How many times training goes through its reviews. Accuracy is measured after each.",
        2,
        1,
        50,
        1,
    ),
    Integer(
        "per_device_train_batch_size",
        "Batch size",
        "How many reviews each training step looks at before it adjusts the weights.",
        16,
        1,
        128,
        1,
        unit="reviews",
    ),
    NUM_REVIEWS,
    Integer(
        "max_length",
        "Review length",
        "Each review is cut after this many tokens (about ¾ as many words). "
        "Longer takes more time.",
        50,
        8,
        max(row.shape.max_position_embeddings for row in BASES.values()),
        1,
        unit="tokens",
    ),
    NUM_TEST_REVIEWS,
    Integer(
        "seed",
        "Seed",
        "The start of all random choices: the same seed and settings give the same numbers.",
        42,
        0,
        MOST_SEED,
        is_typed=True,
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

NAME = Text(
    "name",
    "Run name",
    "How the run is called in charts and tables. Left empty, it is named after its settings.",
    "",
    0,
    80,
)

METHOD = Choice(
    "method",
    "Method",
    "The way of fine-tuning: which few parameters are trained, and where.",
    "lora",
    tuple(methods.METHODS),
)

LEARNING_RATE = Number(
    "learning_rate",
    "Learning rate",
    "How far each step moves the trained weights. PEFT methods want 1e-4 to 5e-3: rates made "
    "for full fine-tuning (2e-5) starve them.",
    1e-3,
    1e-7,
    1.0,
    is_typed=True,
)


def _with_rows(field: Field, base: Pretrained | None = None) -> Field:
    """The field with the rows that the tables have now: one may be added later."""
    bases = [base] if base else BASES.values()
    sets = DATASETS.values()
    now: dict[str, dict[str, Any]] = {
        "method": {"choices": tuple(methods.METHODS)},
        "base_model": {"choices": tuple(BASES)},
        "dataset": {"choices": tuple(DATASETS)},
        "max_length": {"maximum": max(row.shape.max_position_embeddings for row in bases)},
        "num_reviews": {"maximum": max(row.most_texts for row in sets)},
        "num_test_reviews": {"maximum": max(row.test_pool for row in sets)},
    }
    return replace(field, **now.get(field.name, {}))


def method_field() -> Field:
    """The method field with the rows that METHODS has now."""
    return _with_rows(METHOD)


def dataset_field() -> Field:
    """The field of the data set with the rows that DATASETS has now."""
    return next(_with_rows(field) for field in RUN_FIELDS if field.name == "dataset")


def fields_of(method_id: str, base_model: object = None) -> tuple[Field, ...]:
    """All fields of a run with this method, its own included, in the form's order.

    Args:
        method_id: a row of METHODS.
        base_model: a row of BASES, whose modules and longest text are the fields'; if it is none,
            the fields are those of ``FAMILY``.
    """
    method = methods.METHODS[method_id]
    base = BASES.get(base_model) if isinstance(base_model, str) else None
    own = method.fields_on(base.architecture) if base else method.fields
    rate = replace(LEARNING_RATE, default=method.learning_rate)
    return (method_field(), *own, rate, *(_with_rows(field, base) for field in RUN_FIELDS), NAME)
