"""The Trainer of every run, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import datasets
import torch
from torch import nn

from peft_demo import adapters, data, models, statistics
from peft_demo.adapters.evaluating import EVALUATION_BATCH
from peft_demo.adapters.folding import folded
from peft_demo.languages import gettext_noop
from peft_demo.libraries import transformers
from peft_demo.methods import METHODS
from peft_demo.models import fast_forward, frozen_blocks, hardware, random_state
from peft_demo.runs import RunConfig, RunTexts, checkpoints, draw, states
from peft_demo.runs.states import States
from peft_demo.training.callback import Monitor
from peft_demo.training.vmapped import Member


def tokenise(texts: data.LabelledTexts, base: models.Base, max_length: int) -> datasets.Dataset:
    """Token ids of each text, cut to ``max_length``, with its label.

    All at once: tokenizers work in parallel inside a batch, so larger is faster.
    """
    encoded = base.encode(texts.texts, max_length)
    columns = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    return datasets.Dataset.from_dict({**columns, "labels": list(texts.labels)})


@lru_cache(maxsize=4)
def tokenise_test(texts: data.LabelledTexts, base: models.Base, max_length: int) -> Any:
    """The same of texts that run after run is tested on: those of the last few runs are kept."""
    return tokenise(texts, base, max_length)


def expect(model: nn.Module, texts: datasets.Dataset) -> None:
    """Let a model's frozen blocks, if it has any, compute these texts once; they come trained."""
    is_autocast = hardware.training_precision() == "bfloat16"
    frozen_blocks.expect(model, texts["input_ids"], is_autocast=is_autocast)


@dataclass(frozen=True)
class Inputs:
    """What a training reads: the base, its texts, and the tokens of those before the test."""

    base: models.Base
    drawn: RunTexts
    states: States
    train: datasets.Dataset
    validation: datasets.Dataset


def load_inputs(config: RunConfig, monitor: Monitor) -> Inputs:
    """Load the base, draw the texts and split those that it begins with into tokens."""
    monitor.phase(gettext_noop("Loading the base model"))
    base = models.load(config.base_model)
    monitor.phase(gettext_noop("Reading the texts"))
    pools = data.load(config.dataset)
    drawn = draw(pools, config)
    monitor.phase(gettext_noop("Splitting the texts into tokens"))
    train, validation = (
        tokenise(part, base, config.max_length) for part in (drawn.train, drawn.validation)
    )
    found = States(base_model=base.revision, dataset=pools.revision)
    return Inputs(base, drawn, found, train, validation)


class Resumable(transformers.Trainer):
    """A Trainer that goes on from a checkpoint to the numbers that it would have come to.

    Optimiser, schedule, random states, position and metrics are as Trainer keeps them. Of the model
    it would keep what is to be shared; here it is all that training has changed, as it is, for some
    methods compute what they share, and some remember more than that.

    Args:
        remembered: attributes, by their objects and names, that it keeps beside the parameters.
        found: the states of what it reads, which its checkpoints name.
        more: Trainer's own.
    """

    def __init__(
        self, remembered: Sequence[tuple[object, str]], found: States, **more: Any
    ) -> None:
        super().__init__(**more)
        self._remembered = remembered
        self._found = found

    def evaluate(self, *which: Any, **more: Any) -> dict[str, float]:
        """As Trainer's; before the first step, the training draws afterwards what it would draw."""
        with nullcontext() if self.state.global_step else random_state.kept():
            return super().evaluate(*which, **more)

    def evaluation_loop(self, *which: Any, **more: Any) -> Any:
        """As Trainer's; in bfloat16 with the adapter folded into the weights, where it can be."""
        is_half = hardware.device() == "cpu" and hardware.training_precision() == "bfloat16"
        with folded(self.model) if is_half else nullcontext():
            return super().evaluation_loop(*which, **more)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """As Trainer's, which counts the parameters anew in each step."""
        return 6 * inputs["input_ids"].numel() * self._num_parameters

    @cached_property
    def _num_parameters(self) -> int:
        return self.model.num_parameters(exclude_embeddings=True)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        assert output_dir is not None
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        found = {
            "trained": dict(_trained(self.model)),
            "remembered": [getattr(*kept) for kept in self._remembered],
        }
        torch.save(found, Path(output_dir) / _MODEL)
        states.write(self._found, Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        path = Path(resume_from_checkpoint) / _MODEL
        # weights_only: no pickled code runs.
        found = torch.load(path, map_location=self.args.device, weights_only=True)
        with torch.no_grad():
            for name, parameter in _trained(self.model):
                parameter.copy_(found["trained"][name])
        for (owner, name), value in zip(self._remembered, found["remembered"], strict=True):
            setattr(owner, name, value)


_MODEL = "model.pt"


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def make_trainer(
    model: nn.Module,
    inputs: Inputs,
    config: RunConfig,
    folder: Path,
    monitor: Monitor,
    member: Member | None = None,
    **changes: Any,
) -> Resumable:
    """The Trainer of every run; ``changes`` go to its TrainingArguments."""

    class StepsTogether(Resumable):
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
        # Where it writes its checkpoints, which Monitor then puts into their place.
        "output_dir": str(checkpoints.part_of(folder)),
        "save_strategy": "epoch",
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
        "dataloader_pin_memory": hardware.device() != "cpu",
        "label_names": ["labels"],
    }
    base, validation = inputs.base, inputs.validation
    for part in (inputs.train, validation):
        expect(model, part)
    trainer = (StepsTogether if member else Resumable)(
        [*METHODS[config.method].remembers(model), *fast_forward.remembered(model)],
        inputs.states,
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
