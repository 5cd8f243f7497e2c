"""What a training reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peft_demo import data, models
from peft_demo.data.split import LabelledTexts
from peft_demo.models import Base
from peft_demo.runs import RunConfig, RunTexts, draw
from peft_demo.training.callback import Monitor

if TYPE_CHECKING:
    import datasets


def tokenise(texts: LabelledTexts, base: Base, max_length: int) -> datasets.Dataset:
    """Token ids of each text, cut to ``max_length``, with its label.

    All at once: tokenizers work in parallel inside a batch, so larger is faster.
    """
    import datasets

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
    monitor.phase("Loading the base model")
    base = models.load(config.base_model)
    monitor.phase("Reading the texts")
    drawn = draw(data.load(config.dataset), config)
    monitor.phase("Splitting the texts into tokens")
    train, validation = (
        tokenise(part, base, config.max_length) for part in (drawn.train, drawn.validation)
    )
    return Inputs(base, drawn, train, validation)
