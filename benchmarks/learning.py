"""What a training learns, against the notebook: faster must not mean worse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.baselines import notebook
from benchmarks.rows import Row
from benchmarks.training import config_of, peft_config_of
from peft_demo import data, statistics
from peft_demo.runs import Reporter, RunConfig, draw
from peft_demo.training import loop

SEEDS = (1, 2, 3)


class Learned(NamedTuple):
    """What a trained model makes of the test reviews."""

    correct: np.ndarray
    loss: float


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """Accuracy and loss on the test reviews, over seeds."""
    del pairs
    several = SEEDS[:1] if is_quick else SEEDS
    count = 100 if is_quick else 2_000
    found = []
    for seed in several:
        config = config_of(
            "recommended-lora",
            max_length=50,
            num_reviews=count,
            num_test_reviews=count // 2,
            seed=seed,
        )
        found.append((_ours(config), _theirs(base_folder, config)))
    ours, theirs = (np.concatenate([each[side].correct for each in found]) for side in (0, 1))
    p = statistics.mcnemar(*statistics.discordant(ours, theirs))
    what = f"{len(several)} seeds, {count:,} reviews of 50 tokens"
    differences = [(a.correct.mean() - b.correct.mean()) * 100 for a, b in found]
    shared = {"baseline_is": "notebook", "kind": "at least"}
    yield Row(
        what=f"test accuracy, {what}",
        unit="%",
        ours=100 * ours.mean(),
        baseline=100 * theirs.mean(),
        value=ours.mean() / theirs.mean(),
        pairs=[(100 * a.correct.mean(), 100 * b.correct.mean()) for a, b in found],
        goal=1 - 0.005 / theirs.mean(),
        note=f"exact McNemar test over all test reviews: p = {p:.2f}; ours less the notebook's, "
        f"seed by seed: {', '.join(f'{d:+.1f}' for d in differences)} points",
        **shared,
    )
    losses = [np.mean([each[side].loss for each in found]) for side in (0, 1)]
    yield Row(
        what=f"test loss, {what}",
        unit="nats",
        ours=losses[0],
        baseline=losses[1],
        value=losses[0] / losses[1],
        pairs=[(a.loss, b.loss) for a, b in found],
        goal=1.02,
        **{**shared, "kind": "at most"},
    )


def _ours(config: RunConfig) -> Learned:
    with tempfile.TemporaryDirectory() as folder:
        loop.train(config, Path(folder), Reporter())
        predictions = statistics.Predictions.load(Path(folder))
    return Learned(
        predictions.correct, statistics.log_loss(predictions.probabilities, predictions.labels)
    )


def _theirs(base_folder: str, config: RunConfig) -> Learned:
    drawn = draw(data.load(config.dataset), config)
    with tempfile.TemporaryDirectory() as folder:
        trainer = notebook_of(
            base_folder, folder, config, (drawn.test.texts, drawn.test.labels),
            eval_strategy="no",
        )  # fmt: skip
        trainer.train()
        predicted = trainer.predict(trainer.eval_dataset)
    labels = np.asarray(predicted.label_ids)
    return Learned(
        predicted.predictions.argmax(axis=1) == labels,
        statistics.log_loss(statistics.softmax(predicted.predictions), labels),
    )


def notebook_of(
    base_folder: str, folder: str, config: RunConfig, validation: notebook.Part, **more: Any
) -> Any:
    """The notebook with a configuration of ours, ready to train."""
    train = draw(data.load(config.dataset), config).train
    return notebook.trainer(
        base_folder, folder, (train.texts, train.labels), validation,
        max_length=config.max_length, epochs=config.num_train_epochs,
        learning_rate=config.learning_rate, lora=peft_config_of(config), seed=config.seed, **more,
    )  # fmt: skip
