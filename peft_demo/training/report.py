"""The assignment's table, and a run's own pace."""

from __future__ import annotations

import numpy as np

from peft_demo.runs import EpochMetrics, StepMetrics

LOGGING_STEPS = 10
"""The training table shows the loss of every tenth step, and "No log" for an epoch without one."""


def own_pace(metrics: dict[str, float], paused_seconds: float) -> dict[str, float]:
    """Trainer's metrics without the time in which others had their turns."""
    if not paused_seconds:
        return metrics
    runtime = metrics["train_runtime"] - paused_seconds
    faster = metrics["train_runtime"] / runtime
    rates = ("train_samples_per_second", "train_steps_per_second")
    own = {name: round(metrics[name] * faster, 3) for name in rates}
    return {**metrics, **own, "train_runtime": round(runtime, 4)}


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
