"""A store full of runs that look as if they had been trained."""

from __future__ import annotations

import numpy as np

from peft_demo.runs import EpochMetrics, RunConfig, RunStatus, StepMetrics
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

EPOCHS, STEPS = 10, 80


def fill(store: Store, count: int) -> list[str]:
    """Put runs into the store, with a reference run's result and made-up predictions; their ids."""
    result = store.get("reference-lora-1").result
    labels = np.arange(1_000, dtype=np.int8) % 2
    generator, ids = np.random.default_rng(1), []
    for number in range(count):
        config = RunConfig({"r": number % 64 + 1, "name": f"run {number}", "seed": number})
        # Past the queue, so that no engine takes them.
        run_id = store.start(config, "benchmark").run_id
        store.report(run_id, steps=[_step(step) for step in range(1, STEPS + 1)])
        for epoch in range(1, EPOCHS + 1):
            store.report(run_id, epoch=_epoch(epoch))
        positive = np.clip(generator.normal(0.3 + 0.4 * labels, 0.3), 0.01, 0.99)
        shares = np.stack([1 - positive, positive], axis=1).astype(np.float32)
        folder = store.folder_of(run_id)
        folder.mkdir(parents=True)
        Predictions(shares, labels).save(folder)
        ids.append(store.finish(run_id, RunStatus.COMPLETED, result=result).run_id)
    return ids


def _step(step: int) -> StepMetrics:
    return StepMetrics(step=step, loss=0.69 * 0.99**step, learning_rate=1e-3)


def _epoch(epoch: int) -> EpochMetrics:
    return EpochMetrics(
        epoch=epoch,
        step=epoch * STEPS // EPOCHS,
        train_loss=0.69 * 0.95**epoch,
        eval_loss=0.69 * 0.97**epoch,
        eval_accuracy=0.6,
        seconds=epoch * 2.0,
    )
