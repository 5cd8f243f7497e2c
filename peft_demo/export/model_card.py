"""A run as files for others: its model card."""

from __future__ import annotations

from pathlib import Path

from peft_demo.comparison.describe import epochs_in_words
from peft_demo.data import DATASETS
from peft_demo.export.rendering import render
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import Run


def write_model_card(run: Run, folder: Path) -> None:
    """A short README.md beside the adapter: what it is, how it was made, how good, how to load."""
    (folder / "README.md").write_text(model_card(run), encoding="utf-8")


def model_card(run: Run) -> str:
    """The model card of a completed run, in the Hub's format."""
    config = run.config
    if run.result is None:
        raise ValueError(f"{run.run_id} has no result to write a model card about")
    return render(
        "model_card.md",
        config=config,
        result=run.result,
        epochs=" ".join(epochs_in_words(run)),
        method=METHODS[config.method],
        dataset=DATASETS[config.dataset],
        base=BASES[config.base_model],
    )
