"""find(): a learning-rate range test, and suggest(): what its curve says."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import adapters, evaluation, seeds, training
from peft_demo.errors import DivergedError
from peft_demo.runs import RangeTest, Reporter, RunConfig

if TYPE_CHECKING:
    from transformers import Trainer

LOWEST_RATE = 1e-5
HIGHEST_RATE = 1.0
STEPS = 90
"""Optimiser steps from the lowest to the highest rate: 18 for each power of ten."""

MEASURED_STEPS = 3
"""The loss is measured after every second step."""

MEASURED_REVIEWS = 64
"""On this many training reviews, always the same: batch losses are noisier than the curve."""

DIVERGED = 2.0
"""The test ends once the loss is this many times its lowest value."""


def find(config: RunConfig, folder: Path, reporter: Reporter) -> RangeTest:
    """Train a new adapter for 100 steps at growing learning rates; nothing is kept of it.

    After every second step the loss of 64 of the run's training reviews is measured without
    dropout. The configuration's own learning_rate and num_train_epochs play no part.

    Raises:
        PeftDemoError: it cannot be trained; says why.
        RunCancelledError: the reporter said that it should stop.
    """
    rates, losses = measure(config, folder, reporter)
    suggestion, is_sure, reason, smoothed = suggest(rates, losses)
    return RangeTest(
        learning_rates=tuple(rates),
        losses=tuple(losses),
        smoothed=tuple(smoothed),
        suggestion=suggestion,
        is_sure=is_sure,
        reason=reason,
    )


def measure(
    config: RunConfig, folder: Path, reporter: Reporter
) -> tuple[list[float], list[float]]:
    """The range test's curve: learning rates, and the loss after the step at each."""
    watch = training.Watch(config, reporter)
    inputs = training.load_inputs(config, watch)
    rates: list[float] = []
    losses: list[float] = []
    with seeds.own_generators(config.seed):
        model = adapters.build(inputs.base, config)
        trainer = training.make_trainer(
            model, inputs, config, folder, watch, max_steps=STEPS, eval_strategy="no"
        )
        trainer.create_optimizer()
        trainer.lr_scheduler = _growing(trainer.optimizer)
        reviews = inputs.tokenised["train"]
        reviews = reviews.select(range(min(MEASURED_REVIEWS, len(reviews))))
        trainer.add_callback(_measuring(trainer, reviews, rates, losses))
        watch.begin(trainer, "Range test")
        # The rates before the one that made it diverge are what the test is about.
        with suppress(DivergedError):
            trainer.train()
    return rates, losses


def rate_at(step: int) -> float:
    """The learning rate of a step, counted from 0."""
    return float(LOWEST_RATE * (HIGHEST_RATE / LOWEST_RATE) ** (step / (STEPS - 1)))


def _growing(optimizer: Any) -> Any:
    from torch.optim.lr_scheduler import LambdaLR

    for group in optimizer.param_groups:
        group["lr"] = 1.0
    return LambdaLR(optimizer, rate_at)


def _measuring(trainer: Trainer, reviews: Any, rates: list[float], losses: list[float]) -> Any:
    from transformers import TrainerCallback

    batch = trainer.data_collator([reviews[row] for row in range(len(reviews))])

    class Callback(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step % MEASURED_STEPS:
                return
            # Trainer itself calls train() before its next step.
            model = more["model"].eval()
            _, logits, labels = trainer.prediction_step(model, batch, prediction_loss_only=False)
            probabilities = evaluation.softmax(logits.float().cpu().numpy())
            loss = evaluation.log_loss(probabilities, labels.cpu().numpy())
            if math.isfinite(loss):
                rates.append(rate_at(state.global_step - 1))
                losses.append(loss)
            if not loss <= DIVERGED * min(losses):
                control.should_training_stop = True

    return Callback()
