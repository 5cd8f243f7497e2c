"""The assignment's table, and a run's own pace."""

from __future__ import annotations

from typing import Any

import numpy as np

from peft_demo.runs import EpochMetrics, StepMetrics

LOGGING_STEPS = 10
"""The training table shows the loss of every tenth step, and "No log" for an epoch without one."""


def train_output(output: Any, paused_seconds: float) -> dict[str, int | float]:
    """Trainer's TrainOutput, without the time in which others had their turns."""
    metrics = output.metrics
    runtime = metrics["train_runtime"] - paused_seconds
    faster = metrics["train_runtime"] / runtime
    return {
        "global_step": output.global_step,
        "training_loss": output.training_loss,
        "train_runtime": round(runtime, 4),
        "train_samples_per_second": round(metrics["train_samples_per_second"] * faster, 3),
        "train_steps_per_second": round(metrics["train_steps_per_second"] * faster, 3),
        "total_flos": metrics["total_flos"],
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
