"""The Trainer of every run, and what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import torch
from torch import nn

from peft_demo import adapters, data, models, statistics
from peft_demo.adapters.evaluating import EVALUATION_BATCH
from peft_demo.languages import gettext_noop
from peft_demo.libraries import transformers
from peft_demo.methods import METHODS
from peft_demo.models import hardware
from peft_demo.runs import RunConfig, RunTexts, draw
from peft_demo.training.callback import Monitor
from peft_demo.training.vmapped import Member


def tokenise(texts: data.LabelledTexts, base: models.Base, max_length: int) -> datasets.Dataset:
    """Token ids of each text, cut to ``max_length``, with its label.

    All at once: tokenizers work in parallel inside a batch, so larger is faster.
    """
    encoded = base.encode(texts.texts, max_length)
    columns = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    return datasets.Dataset.from_dict({**columns, "labels": list(texts.labels)})


@dataclass(frozen=True)
class Inputs:
    """What a training reads: the base, its texts, and the tokens of those before the test."""

    base: models.Base
    drawn: RunTexts
    train: datasets.Dataset
    validation: datasets.Dataset


def load_inputs(config: RunConfig, monitor: Monitor) -> Inputs:
    """Load the base, draw the texts and split those that it begins with into tokens."""
    monitor.phase(gettext_noop("Loading the base model"))
    base = models.load(config.base_model)
    monitor.phase(gettext_noop("Reading the texts"))
    drawn = draw(data.load(config.dataset), config)
    monitor.phase(gettext_noop("Splitting the texts into tokens"))
    train, validation = (
        tokenise(part, base, config.max_length) for part in (drawn.train, drawn.validation)
    )
    return Inputs(base, drawn, train, validation)


def make_trainer(
    model: nn.Module,
    inputs: Inputs,
    config: RunConfig,
    folder: Path,
    monitor: Monitor,
    member: Member | None = None,
    **changes: Any,
) -> transformers.Trainer:
    """The Trainer of every run; ``changes`` go to its TrainingArguments."""

    class StepsTogether(transformers.Trainer):
        """A Trainer that computes its steps with the other runs of a pass, while there are any."""

        def training_step(self, model: nn.Module, inputs: Any, *more: Any) -> torch.Tensor:
            assert member is not None
            model.train()
            stepped = member(model, self._prepare_inputs(inputs))
            monitor.add_pause(stepped.paused_seconds)
            if stepped.loss is None:
                return super().training_step(model, inputs, *more)
            return stepped.loss

    arguments = {
        "output_dir": str(folder),
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "eval_strategy": "epoch",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "learning_rate": config.learning_rate,
        "num_train_epochs": config.num_train_epochs,
        "per_device_train_batch_size": config.per_device_train_batch_size,
        "per_device_eval_batch_size": EVALUATION_BATCH,
        # Trainer seeds the generators with it, and so the dropout.
        "seed": config.seed_of("dropout_seed"),
        "data_seed": config.seed_of("data_seed"),
        "bf16": hardware.training_precision() == "bfloat16",
        "use_cpu": hardware.device() == "cpu",
        "dataloader_pin_memory": False,
        "label_names": ["labels"],
    }
    base, validation = inputs.base, inputs.validation
    trainer = (StepsTogether if member else transformers.Trainer)(
        model=model,
        args=transformers.TrainingArguments(**{**arguments, **changes}),
        train_dataset=inputs.train,
        eval_dataset=validation.select(
            adapters.reading_order(validation["input_ids"], METHODS[config.method])
        ),
        data_collator=transformers.DataCollatorWithPadding(base.tokenizer),
        processing_class=base.tokenizer,
        compute_metrics=lambda predicted: {
            "accuracy": statistics.accuracy(predicted.predictions, predicted.label_ids),
            # Of the predictions alone: a method may add a penalty to the loss that it trains by.
            "log_loss": statistics.log_loss(
                statistics.softmax(predicted.predictions), predicted.label_ids
            ),
        },
        callbacks=[monitor],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer
