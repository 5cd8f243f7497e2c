"""What a training learns, and how soon, against the notebook: faster must not mean worse."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.baselines import notebook
from benchmarks.rows import Row
from benchmarks.silent import Silent
from benchmarks.training import config_of
from peft_demo import adapters, evaluation, reviews, seeds, statistics, training
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig

SEEDS = (1, 2, 3)
LEVELS = (0.80, 0.85)
GOALS = {0.80: 90, 0.85: 300}
"""Seconds on two cores with AVX512-BF16."""


class Learned(NamedTuple):
    """What a trained model makes of the test reviews."""

    correct: np.ndarray
    loss: float


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """Accuracy and loss over seeds, and the time to accuracies."""
    del pairs
    some = SEEDS[:1] if is_quick else SEEDS
    count = 100 if is_quick else 2_000
    yield from _outcomes(base_folder, some, count)
    if not is_quick:
        yield from _times(base_folder)


def _outcomes(base_folder: str, several: tuple[int, ...], count: int) -> Iterator[Row]:
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
    p = statistics.mcnemar(ours, theirs)
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
        training.train(config, Path(folder), Silent())
        predictions = evaluation.Predictions.load(Path(folder))
    return Learned(
        predictions.correct, evaluation.log_loss(predictions.probabilities, predictions.labels)
    )


def _theirs(base_folder: str, config: RunConfig) -> Learned:
    drawn = reviews.draw(reviews.load(config.dataset), config)
    with tempfile.TemporaryDirectory() as folder:
        trainer = _notebook(
            base_folder, folder, config, (drawn.test.texts, drawn.test.labels),
            eval_strategy="no",
        )  # fmt: skip
        trainer.train()
        predicted = trainer.predict(trainer.eval_dataset)
    labels = np.asarray(predicted.label_ids)
    return Learned(
        predicted.predictions.argmax(axis=1) == labels,
        evaluation.log_loss(evaluation.softmax(predicted.predictions), labels),
    )


def _notebook(
    base_folder: str, folder: str, config: RunConfig, validation: notebook.Part, **more: Any
) -> Any:
    train = reviews.draw(reviews.load(config.dataset), config).train
    lora: Any = METHODS[config.method].peft_config(config.method_values, config.setting)
    return notebook.trainer(
        base_folder, folder, (train.texts, train.labels), validation,
        max_length=config.max_length, epochs=config.num_train_epochs,
        learning_rate=config.learning_rate, lora=lora, seed=config.seed, **more,
    )  # fmt: skip


def _times(base_folder: str) -> Iterator[Row]:
    """Both see 5,000 reviews of 128 tokens once, tested after each 640."""
    config = config_of(
        "recommended-lora", max_length=128, num_reviews=6_250, num_test_reviews=1_000
    )
    steps = {"eval_strategy": "steps", "eval_steps": 40}
    with tempfile.TemporaryDirectory() as folder:
        watch = training.Watch(config, Silent())
        inputs = training.load_inputs(config, watch)
        test = reviews.tokenise(inputs.drawn.test, inputs.base, config.max_length)
        with seeds.own_generators(config.seed):
            model = adapters.build(inputs.base, config)
            trainer = training.make_trainer(
                model,
                dataclasses.replace(inputs, validation=test),
                config,
                Path(folder),
                watch,
                **steps,
            )
            ours = _reached(trainer)
    part = (inputs.drawn.test.texts, inputs.drawn.test.labels)
    with tempfile.TemporaryDirectory() as folder:
        constant = {"lr_scheduler_type": "constant", **steps}
        theirs = _reached(_notebook(base_folder, folder, config, part, **constant))
    for level in LEVELS:
        if level not in ours:
            continue
        yield Row(
            what=f"seconds of training to {level:.0%} on 1,000 test reviews",
            unit="s",
            baseline_is="notebook, constant learning rate",
            ours=ours[level],
            baseline=theirs.get(level),
            value=ours[level] / theirs[level] if level in theirs else ours[level],
            goal=0.4 if level in theirs else GOALS[level],
            kind="at most",
            note=f"the other goal is {GOALS[level]} s; highest accuracy on the way: ours "
            f"{ours['best']:.1%}, notebook {theirs['best']:.1%}",
        )


def _reached(trainer: Any) -> dict[Any, float]:
    """Seconds of training, without those of testing, until each level; and the best accuracy."""
    from transformers import TrainerCallback

    found: dict[Any, float] = {"best": 0.0}

    class Clock(TrainerCallback):
        seconds = began = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.seconds += time.perf_counter() - self.began

        def on_evaluate(self, _: Any, __: Any, control: Any, metrics: Any, **___: Any) -> None:
            accuracy = metrics["eval_accuracy"]
            found["best"] = max(found["best"], accuracy)
            for level in LEVELS:
                if accuracy >= level:
                    found.setdefault(level, self.seconds)
            control.should_training_stop = all(level in found for level in LEVELS)

    trainer.add_callback(Clock())
    trainer.train()
    return found
