"""The assignment's notebook: transformers' Trainer and peft, with their defaults."""

import tempfile

import numpy as np
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)


def train_lora_1(base_folder: str, train: dict[str, list], validation: dict[str, list]) -> float:
    """Train the assignment's LoRA 1 and return Trainer's reviews per second."""
    tokenizer = AutoTokenizer.from_pretrained(base_folder)
    model = AutoModelForSequenceClassification.from_pretrained(base_folder, num_labels=2)
    config = LoraConfig(
        task_type="SEQ_CLS",
        r=64,
        lora_alpha=16,
        lora_dropout=0.1,
        bias="none",
        target_modules=["q_lin", "k_lin", "v_lin", "out_lin"],
    )
    model = get_peft_model(model, config)

    def tokenize(batch: dict[str, list]) -> dict[str, list]:
        return tokenizer(batch["text"], truncation=True, max_length=50)

    parts = [
        Dataset.from_dict(part).map(tokenize, batched=True, batch_size=16, remove_columns="text")
        for part in (train, validation)
    ]
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                learning_rate=2e-5,
                num_train_epochs=2,
                per_device_train_batch_size=16,
                per_device_eval_batch_size=16,
                eval_strategy="epoch",
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=parts[0],
            eval_dataset=parts[1],
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda p: {
                "accuracy": float(np.mean(p.predictions.argmax(axis=1) == p.label_ids))
            },
        )
        return trainer.train().metrics["train_samples_per_second"]
