"""Which epoch a training keeps: its last whole one, or with early stopping the best of them."""

from __future__ import annotations

from pathlib import Path

from peft_demo.errors import AssetError
from peft_demo.libraries import transformers
from peft_demo.runs import RunConfig, StoppedEarly, best_epoch, checkpoints
from peft_demo.training.callback import Monitor
from peft_demo.training.trainer import Resumable


def go_back(trainer: Resumable, monitor: Monitor, config: RunConfig, folder: Path) -> int:
    """Leave the kept epoch's weights in the model of a training that has ended; returns the epoch.

    What came after the last whole epoch is taken back. A best epoch whose checkpoint turns out to
    be damaged gives way to the last one.

    Raises:
        AssetError: no checkpoint can be read, and what is in the model is no whole epoch.
    """
    in_model = trainer.state.global_step
    if monitor.epochs[-1].step < in_model:
        found = checkpoints.latest(folder)
        if found is None:
            raise AssetError("No checkpoint of this training can be read: no epoch can be kept.")
        state = found / "trainer_state.json"
        trainer.state = transformers.TrainerState.load_from_json(str(state))
        monitor.go_back(trainer.state)
    last = monitor.epochs[-1]
    for epoch in [best_epoch(monitor.epochs), last] if config.early_stopping_patience else [last]:
        if epoch.step == in_model:
            break
        if path := checkpoints.at(folder, epoch.step):
            trainer._load_from_checkpoint(str(path))
            break
    return epoch.epoch


def stopped_early(monitor: Monitor, config: RunConfig) -> StoppedEarly | None:
    """How a training that has ended was cut short; None if all its epochs were done."""
    done, planned = len(monitor.epochs), config.num_train_epochs
    if done == planned:
        return None
    why = "patience" if monitor.is_patience_over else "asked"
    return StoppedEarly(epoch=done, num_train_epochs=planned, why=why)
