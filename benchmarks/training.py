"""Training and evaluation, against the assignment's notebook."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import limits
from benchmarks.rows import Row, ratio_row
from peft_demo import adapters, data
from peft_demo.data import IMDB
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, hardware
from peft_demo.runs import Reporter, RunConfig, draw, presets
from peft_demo.training import loop
from peft_demo.training import trainer as trainers
from peft_demo.training.callback import Monitor

NOTEBOOK = "notebook"
PRESETS = {"lora-1": "LoRA 1 (assignment)", "recommended-lora": "LoRA, recommended"}


def config_of(preset_id: str, **changes: object) -> RunConfig:
    """A preset on the built-in base and reviews, as small as a benchmark can be."""
    small = {"num_reviews": 400, "num_train_epochs": 1, "num_test_reviews": 50}
    return presets.preset(preset_id).config(
        **{"base_model": BUILTIN_BASE, "dataset": IMDB, **small, **changes}
    )


def ours(config: RunConfig) -> dict[str, float]:
    """What Trainer measured of our training, evaluation after each epoch included."""
    with tempfile.TemporaryDirectory() as folder:
        return loop.train(config, Path(folder), Reporter()).train_output


def theirs(base_folder: str, config: RunConfig) -> dict[str, float]:
    """The same of the notebook."""
    from benchmarks.baselines import notebook

    drawn = draw(data.load(config.dataset), config)
    parts = [(part.texts, part.labels) for part in (drawn.train, drawn.validation)]
    return notebook.train(
        base_folder,
        *parts,
        max_length=config.max_length,
        epochs=config.num_train_epochs,
        learning_rate=config.learning_rate,
        lora=peft_config_of(config),
    )


def peft_config_of(config: RunConfig) -> Any:
    """peft's own configuration, or None where only the head is trained."""
    build = METHODS[config.method].peft_config
    return build and build(config.method_values, config.setting)


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """Training of presets, of the head alone, and evaluation."""
    chosen = [("lora-1", 50)] if is_quick else [(p, n) for p in PRESETS for n in (50, 128)]
    precision = hardware.training_precision()
    for preset_id, max_length in chosen:
        yield _speed(base_folder, pairs, preset_id, max_length)
        if precision == "bfloat16" and not is_quick:
            with patch.dict("os.environ", PEFT_DEMO_PRECISION="float32"):
                yield _speed(base_folder, pairs, preset_id, max_length)
    epochs = 3 if is_quick else 10
    head = config_of("recommended-head-only", max_length=50, num_train_epochs=epochs)
    yield ratio_row(
        f"head only, {epochs} epochs, 50 tokens",
        "s",
        NOTEBOOK,
        lambda: ours(head)["train_runtime"],
        lambda: theirs(base_folder, head)["train_runtime"],
        1 if is_quick else pairs,
        goal=0.1 * 10 / epochs,
        kind="at most",
    )
    yield _evaluation(base_folder, 1 if is_quick else pairs, 100 if is_quick else 400)


def _speed(base_folder: str, pairs: int, preset_id: str, max_length: int) -> Row:
    precision = hardware.training_precision()
    config = config_of(preset_id, max_length=max_length)
    speed = "train_samples_per_second"
    row = ratio_row(
        f"training, {PRESETS[preset_id]}, {max_length} tokens, {precision}",
        "reviews/s",
        NOTEBOOK,
        lambda: ours(config)[speed],
        lambda: theirs(base_folder, config)[speed],
        pairs,
        goal=3.5 if precision == "bfloat16" else 1.25,
        kind="at least",
    )
    peak = limits.gemm_flops_per_second(16 * max_length, precision)
    # Of the time that includes evaluation, tokens and Trainer's own work.
    row.share_of_limit = row.ours * limits.training_flops(config) / peak
    return row


def _evaluation(base_folder: str, pairs: int, count: int) -> Row:
    from benchmarks.baselines import notebook

    config = config_of("lora-1", max_length=256)
    method = METHODS[config.method]
    test = data.load(IMDB).test.take(range(count))

    def own() -> float:
        monitor = Monitor(config, Reporter())
        inputs = trainers.load_inputs(config, monitor)
        tokens = trainers.tokenise(test, inputs.base, config.max_length)
        with tempfile.TemporaryDirectory() as folder:
            model = adapters.build(inputs.base, config)
            trainer = trainers.make_trainer(model, inputs, config, Path(folder), monitor)
            order = adapters.reading_order(tokens["input_ids"], method)
            return trainer.predict(tokens.select(order)).metrics["test_samples_per_second"]

    return ratio_row(
        "evaluation, LoRA 1, 256 tokens, real lengths",
        "reviews/s",
        NOTEBOOK,
        own,
        lambda: notebook.evaluate(
            base_folder,
            (test.texts, test.labels),
            config.max_length,
            peft_config_of(config),
        ),
        pairs,
        goal=3.0,
        kind="at least",
    )
