"""The assignment's notebook: transformers' Trainer and peft, as their documentation shows them."""

import tempfile
from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

Part = tuple[Sequence[str], Sequence[int]]
"""Texts and labels."""


def trainer(
    base_folder: str,
    output: str,
    train: Part,
    validation: Part,
    *,
    max_length: int,
    epochs: int,
    learning_rate: float,
    lora: LoraConfig | None,
    seed: int = 42,
    **more: object,
) -> Trainer:
    """Ready to train; without a LoraConfig, the head on a frozen body."""
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(base_folder)
    model: nn.Module = AutoModelForSequenceClassification.from_pretrained(base_folder, num_labels=2)
    if lora is not None:
        model = get_peft_model(model, lora)
    else:
        model.distilbert.requires_grad_(False)

    def tokenize(batch: dict[str, list]) -> dict[str, list]:
        return tokenizer(batch["text"], truncation=True, max_length=max_length)

    parts = [
        Dataset.from_dict({"text": list(texts), "labels": list(labels)}).map(
            tokenize, batched=True, remove_columns="text"
        )
        for texts, labels in (train, validation)
    ]
    return Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=output,
            learning_rate=learning_rate,
            num_train_epochs=epochs,
            per_device_train_batch_size=16,
            per_device_eval_batch_size=16,
            **{"eval_strategy": "epoch", **more},
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=seed,
        ),
        train_dataset=parts[0],
        eval_dataset=parts[1],
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=lambda p: {
            "accuracy": float(np.mean(p.predictions.argmax(axis=1) == p.label_ids))
        },
    )


def train(base_folder: str, train: Part, validation: Part, **settings: object) -> dict[str, float]:
    """Train, and return what Trainer measured."""
    with tempfile.TemporaryDirectory() as folder:
        ready = trainer(base_folder, folder, train, validation, **settings)  # type: ignore[arg-type]
        return {**ready.train().metrics, "total_flos": ready.state.total_flos}


def evaluate(base_folder: str, test: Part, max_length: int, lora: LoraConfig) -> float:
    """Reviews per second of Trainer.predict."""
    with tempfile.TemporaryDirectory() as folder:
        ready = trainer(
            base_folder, folder, test, test,
            max_length=max_length, epochs=1, learning_rate=1e-3, lora=lora,
        )  # fmt: skip
        return ready.predict(ready.eval_dataset).metrics["test_samples_per_second"]
