"""find(): a learning-rate range test, and suggest(): what its curve says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from torch.optim.lr_scheduler import LambdaLR

from peft_demo import adapters, statistics
from peft_demo.errors import DivergedError
from peft_demo.formats import typed
from peft_demo.languages import gettext_noop
from peft_demo.libraries import transformers
from peft_demo.methods import METHODS, Method, measured_rates
from peft_demo.models import random_state
from peft_demo.runs import RangeTest, Reporter, RunConfig, checkpoints
from peft_demo.training.callback import Monitor
from peft_demo.training.trainer import load_inputs, make_trainer

LOWEST_RATE = 1e-5
HIGHEST_RATE = 1.0
STEPS = 90
"""Optimiser steps from the lowest to the highest rate: 18 for each power of ten."""

MEASURED_STEPS = 3
"""The loss is measured after every third step."""

MEASURED_TEXTS = 64
"""On this many training texts, always the same: batch losses are noisier than the curve."""

DIVERGED = 2.0
"""The test ends once the plain loss is above its first value and this many times its lowest."""

NEIGHBOURS = 3
"""A smoothed loss is the geometric mean of this many: one that exploded counts for less."""

BACKED_OFF = 2.0
"""The suggestion is the rate of the lowest loss, divided by this: there it is about to rise."""

VALLEY = 0.05
"""A loss above the lowest by up to this share of the fall is as low. Chosen on the recorded curves
of all methods, where the suggestion then is within a factor of 5 of the tuned rate."""

HARDLY = 0.005
"""Below this share of the first loss, a fall tells nothing."""

SWING = 0.5
"""A loss that rises by more than this share of its fall, before it falls, swings by chance."""


def find(config: RunConfig, folder: Path, reporter: Reporter) -> RangeTest:
    """Train a new adapter at growing learning rates for at most 90 steps; nothing of it is kept.

    After every third step the loss of 64 of the run's training texts is measured, without
    dropout and with the model's leaning to one class taken out. The configuration's own
    learning_rate and num_train_epochs play no part.

    Raises:
        PeftDemoError: it cannot be trained; says why.
        RunCancelledError: the reporter said that it should stop.
    """
    monitor = Monitor(config, reporter, "Range test")
    inputs = load_inputs(config, monitor)
    with random_state.own_generators(config.seed):
        model = adapters.build(inputs.base, config)
        trainer = make_trainer(
            model,
            inputs,
            config,
            folder,
            monitor,
            max_steps=STEPS,
            eval_strategy="no",
            save_strategy="no",
        )
        trainer.create_optimizer()
        trainer.lr_scheduler = _growing(trainer.optimizer)
        measuring = _Measuring(trainer)
        trainer.add_callback(measuring)
        # At which rates it had not diverged yet is what the test finds.
        with suppress(DivergedError):
            trainer.train()
    checkpoints.drop_all(folder)  # Trainer makes their folder, whether it writes any or not
    return judge(METHODS[config.method], measuring.rates, measuring.losses)


def judge(method: Method, learning_rates: Sequence[float], losses: Sequence[float]) -> RangeTest:
    """A range test's curve with what it says, and what trainings of the method say to that.

    A growing rate is a long warm-up: some methods learn in it at rates at which a training that
    begins there does not. So a suggestion that did no good when the method was tuned is unsure.
    """
    found = suggest(learning_rates, losses)
    if not found.is_sure or found.suggestion is None:
        return found
    reason = measured_rates.warning(method.id, method.label, found.suggestion)
    return found.model_copy(update={"is_sure": not reason, "reason": reason})


def suggest(learning_rates: Sequence[float], losses: Sequence[float]) -> RangeTest:
    """What a range test's curve says.

    The suggestion is half the rate at which the smoothed loss is lowest, or half the highest rate
    of the flat valley that begins there: Smith (2017, arXiv 1506.01186, section 3.3) takes the
    highest rate at which a network still learns, and fastai's lr_find goes down from the minimum in
    the same way (by 10, with one batch a measurement). It is unsure if the loss hardly fell, swung
    up before it fell, or was still falling at the end.

    Args:
        learning_rates: growing by the same factor, shape (measurements,).
        losses: the loss after a step at each rate, finite, shape (measurements,).
    """

    def told(
        suggestion: float | None, reason: str, smoothed: Sequence[float] = losses
    ) -> RangeTest:
        return RangeTest(
            learning_rates=tuple(learning_rates),
            losses=tuple(losses),
            smoothed=tuple(smoothed),
            suggestion=suggestion,
            is_sure=not reason,
            reason=reason,
        )

    if len(losses) <= NEIGHBOURS:
        return told(
            None, f"The loss diverged already at the lowest rates, from {typed(LOWEST_RATE)} up."
        )
    # A few texts learnt by heart can have a loss of exactly 0.
    logs = np.log(np.maximum(losses, 1e-9))
    logs = ndimage.uniform_filter1d(logs, NEIGHBOURS, mode="nearest")
    smoothed = [float(loss) for loss in np.exp(logs)]
    lowest = int(np.argmin(smoothed))
    fall = smoothed[0] - smoothed[lowest]
    rise = max(smoothed[: lowest + 1]) - smoothed[0]
    if fall < HARDLY * smoothed[0]:
        reason = f"The loss hardly fell at any rate: {STEPS} steps do not show which one is good."
        return told(None, reason, smoothed)
    reason = ""
    if rise > SWING * fall:
        reason = gettext_noop(
            "The loss rose almost as much as it then fell, so its lowest point may be chance."
        )
    elif lowest == len(smoothed) - 1:
        reason = gettext_noop(
            "The loss still fell at the highest rate, so a higher one may be better."
        )
    last = lowest
    while last + 1 < len(smoothed) and smoothed[last + 1] <= smoothed[lowest] + VALLEY * fall:
        last += 1
    return told(float(f"{learning_rates[last] / BACKED_OFF:.2g}"), reason, smoothed)


def rate_at(step: int) -> float:
    """The learning rate of a step, counted from 0."""
    return float(LOWEST_RATE * (HIGHEST_RATE / LOWEST_RATE) ** (step / (STEPS - 1)))


def _growing(optimizer: Any) -> Any:
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    return LambdaLR(optimizer, rate_at)


class _Measuring(transformers.TrainerCallback):
    """Measures the loss of some training texts at growing rates, and ends a test that diverged."""

    def __init__(self, trainer: transformers.Trainer) -> None:
        texts = trainer.train_dataset
        self._trainer = trainer
        self._batch = trainer.data_collator(
            [texts[i] for i in range(min(MEASURED_TEXTS, len(texts)))]
        )
        self._plain_losses: list[float] = []
        self.rates: list[float] = []
        self.losses: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        if state.global_step % MEASURED_STEPS:
            return
        # Trainer itself calls train() before its next step.
        model = more["model"].eval()
        _, logits, labels = self._trainer.prediction_step(
            model, self._batch, prediction_loss_only=False
        )
        plain, balanced = _losses(logits.float().cpu().numpy(), labels.cpu().numpy())
        if not math.isfinite(plain):
            control.should_training_stop = True
            return
        self.rates.append(rate_at(state.global_step - 1))
        self.losses.append(balanced)
        self._plain_losses.append(plain)
        if plain > max(self._plain_losses[0], DIVERGED * min(self._plain_losses)):
            control.should_training_stop = True


def _losses(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> tuple[float, float]:
    """The log loss as it is, and with the mean over the texts taken from each logit.

    At growing rates a model leans to one class and then to the other, as the batches' labels have
    it; that makes the plain loss rise and fall whether or not the texts are told apart.
    """
    plain, balanced = (
        statistics.log_loss(statistics.softmax(some), labels)
        for some in (logits, logits - logits.mean(axis=0))
    )
    return plain, balanced
