"""A run as files for others: its model card."""

from __future__ import annotations

from pathlib import Path

from peft_demo.data import DATASETS
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import Run


def write_model_card(run: Run, folder: Path) -> None:
    """A short README.md beside the adapter: what it is, how it was made, how good, how to load."""
    (folder / "README.md").write_text(model_card(run), encoding="utf-8")


def model_card(run: Run) -> str:
    """The model card of a completed run, in the Hub's format."""
    config, result = run.config, run.result
    if result is None:
        raise ValueError(f"{run.run_id} has no result to write a model card about")
    method, row = METHODS[config.method], DATASETS[config.dataset]
    low, high = result.test_interval
    settings = "\n".join(
        f"| {name} | {_cell(value)} |" for name, value in config.flat().items() if name != "name"
    )
    is_adapter = method.peft_config is not None
    pretrained = BASES[config.base_model]
    base = "BASE" if pretrained.note else pretrained.id
    export = f"{pretrained.note}\n\n" if pretrained.note and is_adapter else ""
    load = (
        f'base = AutoModelForSequenceClassification.from_pretrained("{base}")\n'
        'model = PeftModel.from_pretrained(base, "THIS_FOLDER")'
        if is_adapter
        else 'model = AutoModelForSequenceClassification.from_pretrained("THIS_FOLDER")'
    )
    imports = "from peft import PeftModel\n" if is_adapter else ""
    return f"""---
library_name: {"peft" if is_adapter else "transformers"}
base_model: {pretrained.source}
pipeline_tag: text-classification
tags: [{method.id}, {row.task}]
---

# {method.label} on {row.label}

{method.summary} ({method.paper}, {method.year}, {method.paper_url})

Test accuracy {result.test_accuracy:.1%} on {result.num_test_reviews:,} {row.nouns} that were never
trained on (95 % Wilson interval {low:.1%} to {high:.1%}). Trained parameters:
{result.num_adapter_parameters:,} in the adapter, {result.num_head_parameters:,} in the head.

{export}```python
{imports}from transformers import AutoModelForSequenceClassification

{load}
```

| setting | value |
|---|---|
{settings}

Labels: {row.numbered_labels}. Trained with peft {result.environment["peft"]}, transformers
{result.environment["transformers"]}, torch {result.environment["torch"]} in {result.precision}.
"""


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
