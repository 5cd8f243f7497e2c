"""The settings that every run has beside its method's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from peft_demo import methods
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.fields import Choice, Field, Integer, Number, Text
from peft_demo.methods import measured_rates
from peft_demo.models import BASES, BUILTIN_BASE, lengths

_Row = TypeVar("_Row")

MOST_SEED = 2**32 - 1

PART_SEEDS = {
    "head_seed": ("Seed of the head", "how the new classification head begins"),
    "adapter_seed": ("Seed of the adapter", "how the adapter's weights begin"),
    "dropout_seed": ("Seed of the dropout", "what is dropped in each training step"),
    "data_seed": ("Seed of the order", "the order in which training goes through them"),
    "sample_seed": ("Seed of the sample", "which texts the run draws"),
}
"""Fields that fix one source of chance while the run's seed moves the others: label, and what."""

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


def _row(table: Mapping[str, _Row], row_id: object) -> _Row | None:
    return table.get(row_id) if isinstance(row_id, str) else None


def method_field() -> Field:
    """The method field with the rows that METHODS has now."""
    return replace(METHOD, choices=tuple(methods.METHODS))


def run_fields(base_model: object = None, dataset: object = None) -> tuple[Field, ...]:
    """What every run has beside its method's own fields, with the rows that the tables have now.

    Args:
        base_model: a row of BASES, which limits a text's length.
        dataset: a row of DATASETS, which limits the numbers of texts. Where either is none, the
            largest of all rows limits them. People's own may be chosen by those who name them.
    """
    base, row = _row(BASES, base_model), _row(DATASETS, dataset)
    row = row if row and row.is_learned else None
    longest = max(one.shape.max_position_embeddings for one in ([base] if base else BASES.values()))
    sets = [row] if row else DATASETS.values()
    most, most_tested = max(one.most_texts for one in sets), max(one.test_pool for one in sets)
    unit = f"{row.nouns} of {row.id}" if row else ""
    return (
        Choice(
            "base_model",
            "Base model",
            "The pretrained network that stays frozen. The built-in one comes with the program; "
            "the others are loaded from the Hugging Face Hub or its local cache.",
            BUILTIN_BASE,
            tuple(BASES),
        ),
        Choice(
            "dataset",
            "Data set",
            "The labelled texts to learn from. Some of them are set aside for testing, at most "
            f"{most_tested:,}, and never trained on.",
            DEFAULT_DATASET,
            tuple(dict.fromkeys([*DATASETS, *([row.id] if row else [])])),
        ),
        Integer(
            "num_train_epochs",
            "Epochs",
            "How many times training goes through its texts. Accuracy is measured after each.",
            2,
            1,
            50,
        ),
        Integer(
            "early_stopping_patience",
            "Early stopping",
            "After how many epochs without a lower validation loss training stops; 0 is never. "
            "With it on, the adapter of the best epoch is kept, chosen on validation texts; "
            "without it that of the last epoch.",
            0,
            0,
            20,
            unit="epochs",
        ),
        Integer(
            "per_device_train_batch_size",
            "Batch size",
            "How many texts each training step looks at before it adjusts the weights.",
            16,
            1,
            128,
            unit="texts",
        ),
        Integer(
            "num_reviews",
            "Texts",
            "How many texts the run draws, as many of each label: four fifths to train on, one "
            "fifth to validate after each epoch: 160 give 128 and 32. At most "
            f"{'; '.join(f'{one.most_texts:,} {one.name}' for one in DATASETS.values())}.",
            min(2_000, most),
            10,
            most,
            unit=unit,
            is_typed=True,
        ),
        Integer(
            "max_length",
            "Text length",
            "Each text is cut after this many tokens (about ¾ as many words). "
            "Longer takes more time.",
            lengths.USUAL,
            lengths.SHORTEST,
            longest,
            unit="tokens",
        ),
        Integer(
            "num_test_reviews",
            "Test texts",
            "How many texts of the fixed test pool measure the finished run; the same for all "
            "runs. More give a narrower interval.",
            min(1_000, most_tested),
            min(50, most_tested),
            most_tested,
            unit=unit,
            is_typed=True,
        ),
        Number(
            "base_dropout",
            "Dropout of the base (base_dropout)",
            "The share of numbers that the frozen network drops at random in each training step, "
            "in place of the checkpoint's own (left empty). With 0 it gives the same for a text "
            "every time, and blocks below the first adapter compute each text once.",
            None,
            0.0,
            0.3,
            is_typed=True,
        ),
        Integer(
            "seed",
            "Seed",
            "The start of all random choices: the same seed and settings give the same numbers.",
            42,
            0,
            MOST_SEED,
            is_typed=True,
        ),
        *(_part_seed(name, *words) for name, words in PART_SEEDS.items()),
    )


def run_field(name: str, dataset: object = None) -> Field:
    """The one of ``run_fields`` that has this name."""
    return next(field for field in run_fields(dataset=dataset) if field.name == name)


def fields_of(
    method_id: object, base_model: object = None, dataset: object = None
) -> tuple[Field, ...]:
    """All fields of a run with this method, its own included, in the form's order.

    Args:
        method_id: a row of METHODS; if it is none, no field is a method's own.
        base_model: a row of BASES, whose modules are the fields'; if it is none, the fields are
            those of ``FAMILY``. See also ``run_fields``.
        dataset: see ``run_fields``.
    """
    # Stored runs by the hundred ask for the same: they are kept while rows and rates are these.
    every_row = chain(methods.METHODS.values(), BASES.values(), DATASETS.values())
    rows = (*every_row, _row(DATASETS, dataset), measured_rates.runs())
    tables = (methods.METHODS, method_id), (BASES, base_model), (DATASETS, dataset)
    asked = tuple(_known(*pair) for pair in tables)
    if asked not in _KEPT or _KEPT[asked][0] != rows:
        _KEPT[asked] = rows, _fields_of(*asked)
    return _KEPT[asked][1]


_KEPT: dict[tuple[str | None, ...], tuple[tuple[object, ...], tuple[Field, ...]]] = {}


def _known(table: Mapping[str, object], row_id: object) -> str | None:
    return row_id if isinstance(row_id, str) and row_id in table else None


def _fields_of(
    method_id: str | None, base_model: str | None, dataset: str | None
) -> tuple[Field, ...]:
    method, base = _row(methods.METHODS, method_id), _row(BASES, base_model)
    own: tuple[Field, ...] = ()
    rate: Field = LEARNING_RATE
    if method:
        own = method.fields_on(base.shape) if base else method.fields
        rate = replace(LEARNING_RATE, default=method.learning_rate)
    return (method_field(), *own, rate, *run_fields(base_model, dataset), NAME)
