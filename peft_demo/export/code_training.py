"""Training, test and results, as code."""

from __future__ import annotations

import math

from peft_demo.data import DataSet
from peft_demo.export.section import Section, seed
from peft_demo.methods import Method
from peft_demo.models import hardware
from peft_demo.runs import RunConfig


def training(config: RunConfig, method: Method) -> Section:
    """The Trainer and its run."""
    precision = hardware.training_precision()
    guessing = f"ln {len(config.labels)} = {math.log(len(config.labels)):.3f}"
    callbacks = "" if method.each_step is None else "    callbacks=[EachStep()],\n"
    return Section(
        "Training",
        f"It computes in {precision} on a {_DEVICES[hardware.device()]}, where it was exported; "
        "`bf16` and `use_cpu` say so. Each epoch ends with an evaluation on the validation "
        "texts. Their loss is computed from the predictions alone, because Trainer's own would "
        "include the penalty that some methods train with.",
        f'''\
def compute_metrics(predicted: EvalPrediction) -> dict[str, float]:
    """Accuracy, and cross entropy in nats; guessing gives {guessing}."""
    logits, labels = predicted.predictions, predicted.label_ids
    probabilities = softmax(logits.astype(np.float64), axis=1)
    of_the_truth = probabilities[np.arange(len(labels)), labels]
    return {{
        "accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        "cross_entropy": float(-np.log(of_the_truth.clip(1e-12, 1.0)).mean()),
    }}


arguments = TrainingArguments(
    output_dir=str(FOLDER),
    learning_rate={config.learning_rate!r},
    num_train_epochs={config.num_train_epochs},
    per_device_train_batch_size={config.per_device_train_batch_size},
    per_device_eval_batch_size=16,
    seed={seed(config, "dropout_seed")},
    data_seed={seed(config, "data_seed")},
    bf16={precision == "bfloat16"},
    use_cpu={hardware.device() == "cpu"},
    eval_strategy="epoch",
    logging_steps=10,
    logging_nan_inf_filter=False,  # a loss that is no number shall be seen
    save_strategy="no",
    report_to="none",
    dataloader_pin_memory=False,
    label_names=["labels"],
)
trainer = Trainer(
    model=model,
    args=arguments,
    train_dataset=train_dataset,
    eval_dataset=eval_dataset,
    data_collator=DataCollatorWithPadding(tokenizer),
    processing_class=tokenizer,
    compute_metrics=compute_metrics,
{callbacks})
print(trainer.train())''',
        (
            "import numpy as np",
            "from scipy.special import softmax",
            "from transformers import DataCollatorWithPadding",
            "from transformers import EvalPrediction",
            "from transformers import Trainer",
            "from transformers import TrainingArguments",
        ),
        ("accelerate",),
    )


_DEVICES = {"cpu": "CPU", "cuda": "GPU"}

RESULTS = Section(
    "Results",
    'Training Loss is the mean of the ten steps before it was logged; "No log" stands where an '
    "epoch had no tenth step.",
    """\
rows = []
loss = "No log"
for entry in trainer.state.log_history:
    loss = entry.get("loss", loss)
    if "eval_cross_entropy" in entry:
        rows.append(
            {
                "Epoch": len(rows) + 1,
                "Training Loss": loss,
                "Validation Loss": entry["eval_cross_entropy"],
                "Accuracy": entry["eval_accuracy"],
            }
        )
        loss = "No log"
print(pd.DataFrame(rows).to_string(index=False, float_format="{:.6f}".format))""",
    ("import pandas as pd",),
)


def test(row: DataSet) -> Section:
    """How good the result is."""
    return Section(
        "Test",
        f"How many of the test {row.nouns} are classified right, and the 95 % interval of that "
        f"share (Wilson 1927): the fewer the test {row.nouns}, the wider it is.",
        f"""\
predicted = trainer.predict(test_dataset)
correct = int(np.sum(predicted.predictions.argmax(axis=1) == predicted.label_ids))
test_accuracy = correct / len(test)
interval = binomtest(correct, len(test)).proportion_ci(0.95, method="wilson")
print(
    f"Test accuracy {{test_accuracy:.1%}} on {{len(test):,}} {row.nouns} "
    f"(95 % Wilson interval {{interval.low:.1%}} to {{interval.high:.1%}})"
)""",
        ("import numpy as np", "from scipy.stats import binomtest"),
    )


NUMBERS = Section(
    "The numbers for other programs",
    "One line of JSON, in full precision.",
    """\
numbers = {
    "epochs": rows,
    "test_accuracy": test_accuracy,
    "test_interval": [interval.low, interval.high],
}
print(json.dumps(numbers))""",
    ("import json",),
)
