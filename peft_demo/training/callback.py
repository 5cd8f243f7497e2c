"""What Trainer tells its callbacks, turned into reports; and the wish to stop, heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peft_demo.adapters.evaluating import EVALUATION_BATCH
from peft_demo.errors import RunCancelledError
from peft_demo.libraries import transformers
from peft_demo.methods import METHODS
from peft_demo.models import random_state
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    Reporter,
    RunConfig,
    StepMetrics,
    best_epoch,
    checkpoints,
)
from peft_demo.runs.results import Shares
from peft_demo.training.divergence import Divergence

TURN = 64
"""Texts after which a run that races lets the next one go on."""


class Monitor(transformers.TrainerCallback, transformers.trainer_callback.ExportableState):
    """Turns what Trainer tells into reports, and stops the run when asked.

    A checkpoint has its epochs, for Trainer's own log says nothing of their time.

    Args:
        config: what is trained.
        reporter: who is told.
        phase: what the training's steps are reported as.
    """

    def __init__(self, config: RunConfig, reporter: Reporter, phase: str = "Training") -> None:
        self._reporter = reporter
        self._batch = config.per_device_train_batch_size
        self._patience = config.early_stopping_patience
        self._each_step = METHODS[config.method].each_step
        self._divergence = Divergence(config)
        self._epoch_losses: list[float] = []
        self._max_steps = 0
        self._started = 0.0
        self._phase = phase
        self._spent = 0
        self.paused_seconds = 0.0
        """How long it waited while others computed."""
        self.earlier_seconds = 0.0
        """How long the training took up to the checkpoint that it goes on from."""
        self.before_seconds = 0.0
        """How long the evaluation before the first step took, which is no part of the training."""
        self.ask_probes: Callable[[], Shares] = tuple
        """What the model says of the run's probes by now."""
        self.steps: list[StepMetrics] = []
        self.epochs: list[EpochMetrics] = []

    def phase(self, text: str) -> None:
        """Say what happens now, and stop here if asked to."""
        self._check_stop()
        self._reporter.report(Progress(phase=text, step=len(self.steps), max_steps=self._max_steps))

    def on_train_begin(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Trainer knows by now how many steps there will be."""
        self._max_steps = state.max_steps
        self._started = time.perf_counter()
        self.phase(self._phase)
        if state.global_step:
            self.go_back(state)
            self._divergence.go_on_after(self.steps, self.epochs)
            self.earlier_seconds = self.epochs[-1].seconds
            self._started -= self.earlier_seconds

    def on_save(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        """A checkpoint is written."""
        best = best_epoch(self.epochs).step if self._patience else 0
        checkpoints.keep(Path(args.output_dir).parent.parent, state.global_step, best)

    def state(self) -> dict[str, Any]:
        """What a checkpoint has of it."""
        epochs = [epoch.model_dump() for epoch in self.epochs]
        return {"args": {}, "attributes": {"epochs": epochs}}

    def go_back(self, state: Any) -> None:
        """Have the steps and epochs of a checkpoint, whose Trainer's state this is."""
        logged = (log for log in state.log_history if "loss" in log)
        self.steps = [
            StepMetrics(step=log["step"], loss=log["loss"], learning_rate=log["learning_rate"])
            for log in logged
        ]
        stored = state.stateful_callbacks[type(self).__name__]["attributes"]["epochs"]
        self.epochs = [EpochMetrics.model_validate(epoch) for epoch in stored]

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Do what the method does in each step."""
        if self._each_step is not None:
            self._each_step(more["model"], state.global_step + 1)

    def on_step_end(self, args: Any, state: Any, control: Any, **__: Any) -> None:
        """Between two steps of the training; whether an epoch is the last, ``on_evaluate`` says."""
        self._let_others_go_on(self._batch)
        if state.epoch % 1 and self._is_enough():
            control.should_training_stop = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, **__: Any) -> None:
        """An epoch that was left in its middle is not measured, and no checkpoint."""
        if state.epoch % 1:
            control.should_evaluate = control.should_save = False

    def on_prediction_step(self, *_: Any, **__: Any) -> None:
        """Between two steps of a test."""
        self._let_others_go_on(EVALUATION_BATCH)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any, **__: Any) -> None:
        """Report the step."""
        if "loss" in logs:
            self._step(state.global_step, logs["loss"], logs["learning_rate"])

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any, **__: Any) -> None:
        """Report the epoch, or what there is before the first."""
        if not state.global_step:
            self._before_training(metrics)
            return
        self._epoch(state.global_step, metrics)
        if self._is_enough():
            control.should_training_stop = True

    @property
    def is_patience_over(self) -> bool:
        """Whether early stopping is on, and so many epochs brought no lower validation loss.

        As transformers' EarlyStoppingCallback counts, which forgets its count where a training goes
        on from a checkpoint. Of runs that are trained together each stops by itself.
        """
        waited = len(self.epochs) - best_epoch(self.epochs).epoch
        return 0 < self._patience <= waited

    def _is_enough(self) -> bool:
        """Whether the training ends with what is there, of which an epoch must be whole."""
        return bool(self.epochs) and (self.is_patience_over or self._reporter.should_keep())

    def _let_others_go_on(self, num_reviews: int) -> None:
        """Lend the generators; in a race, give the turn away once one's share is used up."""
        self._check_stop()
        waited = random_state.lend_generators()
        self._spent += num_reviews
        while self._spent >= TURN:
            self._spent -= TURN
            waited += random_state.lend_generators(to_owners=True)
        self.add_pause(waited)
        # Somebody may have asked while others had their turns.
        self._check_stop()

    def add_pause(self, seconds: float) -> None:
        """Take the time that others had out of this run's own."""
        self.paused_seconds += seconds
        self._started += seconds

    def _check_stop(self) -> None:
        if self._reporter.should_stop():
            raise RunCancelledError

    def _step(self, step: int, loss: float, learning_rate: float) -> None:
        self._divergence.check_step(loss, step)
        metrics = StepMetrics(step=step, loss=loss, learning_rate=learning_rate)
        self.steps.append(metrics)
        self._epoch_losses.append(loss)
        elapsed = time.perf_counter() - self._started
        self._reporter.report(metrics)
        self._reporter.report(
            Progress(
                phase=self._phase,
                step=step,
                max_steps=self._max_steps,
                samples_per_second=step * self._batch / elapsed,
                seconds_left=(self._max_steps - step) * elapsed / step,
                learning_rate=learning_rate,
            )
        )

    def _before_training(self, metrics: dict[str, float]) -> None:
        self._divergence.check_validation(metrics["eval_log_loss"], 0)
        self._reporter.report(
            BeforeTraining(
                eval_loss=metrics["eval_log_loss"],
                eval_accuracy=metrics["eval_accuracy"],
                probes=self.ask_probes(),
            )
        )
        now = time.perf_counter()
        self.before_seconds = now - self._started
        self._started = now

    def _epoch(self, step: int, metrics: dict[str, float]) -> None:
        self._divergence.check_validation(metrics["eval_log_loss"], step)
        epoch = EpochMetrics(
            epoch=len(self.epochs) + 1,
            step=step,
            train_loss=float(np.mean(self._epoch_losses)),
            eval_loss=metrics["eval_log_loss"],
            eval_accuracy=metrics["eval_accuracy"],
            seconds=time.perf_counter() - self._started,
            probes=self.ask_probes(),
        )
        self._epoch_losses.clear()
        self.epochs.append(epoch)
        self._reporter.report(epoch)
        # Once it is told, so that the curve shows why.
        self._divergence.check_epoch(epoch, self._max_steps)
