"""The assignment's table, and a run's own pace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from peft_demo.runs import EpochMetrics, StepMetrics

LOGGING_STEPS = 10
"""The training table shows the loss of every tenth step, and "No log" for an epoch without one."""


def train_output(
    losses: Sequence[float], total_flos: float, num_reviews: int, seconds: float
) -> dict[str, int | float]:
    """Trainer's TrainOutput of a whole training, though it was done in several parts.

    Args:
        losses: of all steps.
        total_flos: as Trainer counts them.
        num_reviews: read in all of them.
        seconds: that they took, without those in which others had their turns.
    """
    # One after another, as Trainer adds them: sum() is more precise from Python 3.12 on.
    *_, total = accumulate(losses, initial=0.0)
    global_step = len(losses)
    return {
        "global_step": global_step,
        "training_loss": total / global_step,
        "train_runtime": round(seconds, 4),
        "train_samples_per_second": round(num_reviews / seconds, 3),
        "train_steps_per_second": round(global_step / seconds, 3),
        "total_flos": total_flos,
    }


def training_table(
    steps: list[StepMetrics], epochs: list[EpochMetrics]
) -> list[dict[str, float | int | str]]:
    """The assignment's table: one row an epoch, as Trainer prints it in a notebook.

    Training Loss is the mean since the log before, at the epoch's last logging step.
    """
    rows: list[dict[str, float | int | str]] = []
    first = 0
    for epoch in epochs:
        logged = [step for step in range(first + 1, epoch.step + 1) if step % LOGGING_STEPS == 0]
        first = epoch.step
        loss: float | str = "No log"
        if logged:
            losses = [metrics.loss for metrics in steps[logged[-1] - LOGGING_STEPS : logged[-1]]]
            loss = round(float(np.mean(losses)), 6)
        rows.append(
            {
                "Epoch": epoch.epoch,
                "Training Loss": loss,
                "Validation Loss": round(epoch.eval_loss, 6),
                "Accuracy": round(epoch.eval_accuracy, 6),
            }
        )
    return rows
